import { describe, expect, test } from 'vitest';
import { frameWith } from '../../../test/sim/frames.ts';
import { VirtualSwitch } from '../../../test/sim/virtual-switch.ts';
import { readIpv4, readMac } from '../../base/addresses.ts';
import { seededRandom } from '../../base/random.ts';
import { ofPort } from '../../base/units.ts';
import type { HostNetwork } from '../../netdev/host-network.ts';
import type { NetdevDeps } from '../../netdev/provider.ts';
import { tunnelProviders } from '../../netdev/tunnel/provider.ts';
import { type HostAddress, hostAddress, mappedBits } from './host-address.ts';

const at = (text: string): HostAddress => hostAddress(readIpv4(text));
const network: HostNetwork = {
  device: (name) =>
    name !== 'br0'
      ? undefined
      : {
          mac: '00:00:00:00:00:00',
          isLoopback: false,
          hasCarrier: true,
          addresses: [{ address: readIpv4('192.0.2.1'), prefix: 24 }],
        },
  routes: () => [],
  watch: () => {},
};
const toOne = at('192.0.2.11');
const toTwo = at('192.0.2.12');
const macOf = (n: number): Uint8Array => readMac(`02:00:00:00:00:0${n}`);
const frame = frameWith({ dst: '020000000099' });

/** br1 has tunnels to two hosts, each for what comes by a port of its own; a third port has none. br0 has the address. */
async function twoTunnels() {
  const sw = new VirtualSwitch(undefined, undefined, network);
  const under = sw.addBridge('br0');
  const over = sw.addBridge('br1', { failMode: 'secure' });
  await sw.addPort(under, 'br0');
  await sw.addPort(under, 'wire');
  for (const name of ['q1', 'q2', 'q3']) await sw.addPort(over, name);
  for (const [n, host] of ['192.0.2.11', '192.0.2.12'].entries()) {
    const provider = tunnelProviders().find(({ type }) => type === 'vxlan') ?? expect.unreachable();
    const options = new Map([['remote_ip', host]]);
    const deps = { random: seededRandom(1) } as NetdevDeps; // it needs no others
    const netdev = await provider.open(`t${n}`, { options, mac: undefined, mtuRequest: undefined }, deps);
    await over.switchPorts.add(netdev, { wanted: ofPort(11 + n) });
    sw.addFlow(over, `in_port=${1 + n},actions=output:${11 + n}`);
  }
  sw.addFlow(over, 'in_port=3,actions=output:1');
  const { host } = sw.backer.tunnels;
  host.routes.add({
    destination: at('192.0.2.0'),
    prefix: 24 + mappedBits,
    mark: 0,
    device: 'br0',
    gateway: undefined,
  });
  host.neighbours.set('br0', toOne, macOf(1));
  host.neighbours.set('br0', toTwo, macOf(2));
  const send = (): void => {
    for (const name of ['q1', 'q2', 'q3']) sw.inject(name, frame);
  };
  send();
  sw.advance(1000);
  sw.takeSent();
  /** By the port that their packets come by. */
  const translatedAgain = (change: () => void): string[] => {
    const before = new Map([...sw.backer.flows].map((flow) => [flow.id, flow.effects]));
    change();
    sw.advance(20);
    return [...sw.backer.flows]
      .filter((flow) => flow.effects !== before.get(flow.id))
      .map(({ input }) => input.port.name)
      .sort();
  };
  /** Who packets that leave by the wire are for. */
  const receivers = (): string[] => {
    sw.takeSent();
    send();
    return (sw.takeSent().wire ?? []).map((bytes) => bytes.slice(0, 12));
  };
  return { sw, host, translatedAgain, receivers };
}

describe('flows of tunnels', () => {
  test('follow a neighbour that they send to, and no other', async () => {
    const { host, translatedAgain, receivers } = await twoTunnels();
    expect(receivers()).toEqual(['020000000001', '020000000002']);
    expect(translatedAgain(() => host.neighbours.set('br0', toTwo, macOf(5)))).toEqual(['q2']);
    expect(receivers()).toEqual(['020000000001', '020000000005']);
    expect(translatedAgain(() => host.neighbours.set('br0', at('192.0.2.77'), macOf(6)))).toEqual([]);
  });

  test('follow routes', async () => {
    const { host, translatedAgain, receivers } = await twoTunnels();
    const gateway = at('192.0.2.254');
    host.neighbours.set('br0', gateway, macOf(7));
    const route = { destination: toTwo, prefix: 32 + mappedBits, mark: 0, device: 'br0', gateway };
    expect(translatedAgain(() => host.routes.add(route))).toEqual(['q1', 'q2']);
    expect(receivers()).toEqual(['020000000001', '020000000007']);
    expect(translatedAgain(() => host.routes.remove(route))).toEqual(['q1', 'q2']);
    expect(receivers()).toEqual(['020000000001', '020000000002']);
  });

  test('keep the neighbours that they send to', async () => {
    const { sw, host } = await twoTunnels();
    for (let n = 0; n < 20; n++) {
      sw.advance(60_000);
      sw.inject('q1', frame);
    }
    expect(host.neighbours.find('br0', toOne)).toEqual(macOf(1));
    expect(host.neighbours.find('br0', toTwo)).toBeUndefined();
  });

  test('ask for a neighbour that is not known, and send nothing meanwhile', async () => {
    const { sw, host, receivers } = await twoTunnels();
    host.neighbours.flush();
    sw.advance(20);
    expect(receivers()).toEqual([]);
    sw.backer.revalidator.purge();
    sw.inject('q1', frame);
    sw.advance(1);
    const [asked = ''] = sw.takeSent().wire ?? [];
    expect(asked).toBe(
      'ffffffffffff00000000000008060001080006040001000000000000c0000201000000000000c000020b',
    );
  });

  test('count what they carry: of the bridge with the route, with the headers', async () => {
    const { sw } = await twoTunnels();
    const [rule] = sw.backer.bridges.get('br0')?.tables ?? [];
    const before = rule?.byteCount ?? 0;
    sw.inject('q1', frame);
    sw.backer.revalidator.purge();
    expect((rule?.byteCount ?? 0) - before).toBe(frame.length + 50);
  });
});
