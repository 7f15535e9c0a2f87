/** Flows that dummy devices keep, where hw-offload is asked for: what the real daemon and ours do and tell of them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until, whyNoReference } from './support/daemon-pair.ts';
import { DummyHost } from './support/dummy-host.ts';
import { splitWords } from './support/words.ts';

const reason = whyNoReference();
if (reason !== undefined) process.stderr.write(`device-offload.test.ts: not run: ${reason}\n`);

const ours = new DummyHost('ours');
const reference = new DummyHost('reference');
const both = [ours, reference];

/** The reference gives flows to devices in a thread of their own, whose name stands behind the module. */
function deviceLog(log: string): string[] {
  const wanted = /(Flow API|flow put|flow del|: packet: |succeed to \w+ netdev flow)/;
  const lines = log.split('\n').filter((line) => wanted.test(line) && !line.includes('is not suitable'));
  const known = lines.filter((line) => !line.startsWith('netdev_offload|INFO|ovs-dummy:')); // a port of its own
  return known.map((line) =>
    line.replace(/\(hw_offload\d+\)/, '').replace(/netdev flow [0-9a-f-]{36}/, 'netdev flow UFID'),
  );
}

const countOf = (host: DummyHost, text: string): number =>
  deviceLog(host.log).filter((line) => line.includes(text)).length;

async function untilLogged(text: string, count: number): Promise<void> {
  for (const host of both)
    await until(() => countOf(host, text) >= count, `${host.which} to log "${text}" ${count} times`);
}

/** Says it to both, which must answer alike. */
function say(program: string, ...args: string[]): void {
  const [ofOurs, ofReference] = both.map((host) => host.said(host.run(program, ...args)));
  expect([args, ofOurs]).toEqual([args, ofReference]);
}

const ethernet = 'eth(src=00:06:07:08:09:0a,dst=00:01:02:03:04:05)';
const plain = `in_port(1),${ethernet},eth_type(0x0800),ipv4(src=127.0.0.1,dst=127.0.0.1,proto=0,tos=0,ttl=64,frag=no)`;
const tagged = `in_port(2),${ethernet},eth_type(0x8100),vlan(vid=99,pcp=7),encap(eth_type(0x0800),ipv4(src=127.0.0.1,dst=127.0.0.1,proto=17,ttl=64,frag=no),udp(src=81,dst=82))`;

describe.runIf(reason === undefined)('devices that keep flows', () => {
  beforeAll(async () => {
    for (const host of both) await host.prepare();
  });

  afterAll(async () => {
    for (const host of both) await host[Symbol.asyncDispose]();
  });

  test('give frames the mark of their flow, which goes with the flow', async () => {
    say('ovs-vsctl', ...splitWords('add-br br0 -- set bridge br0 datapath_type=dummy fail_mode=secure'));
    for (const n of ['1', '2'])
      say(
        'ovs-vsctl',
        ...splitWords(`add-port br0 p${n} -- set interface p${n} type=dummy ofport_request=${n}`),
      );
    say('ovs-appctl', 'vlog/set', 'dpif_netdev:file:dbg', 'netdev_dummy:file:dbg');
    say('ovs-appctl', 'dpctl/offload-stats-show');
    say('ovs-vsctl', 'set', 'Open_vSwitch', '.', 'other_config:hw-offload=true');
    await untilLogged('Flow API Enabled', 1);
    say('ovs-ofctl', 'add-flow', 'br0', 'in_port=1,actions=2');
    say(
      'ovs-ofctl',
      ...splitWords('add-flow br0 in_port=2,udp,actions=mod_nw_src:192.168.0.7,mod_tp_dst:3773,output:1'),
    );
    const receive = (name: string, packet: string): void =>
      say('ovs-appctl', 'netdev-dummy/receive', name, packet, '--len', '64');
    receive('p1', plain);
    await untilLogged('succeed to add', 1);
    receive('p2', tagged);
    await untilLogged('succeed to add', 2);
    for (const [name, packet] of [
      ['p1', plain],
      ['p1', plain],
      ['p2', tagged],
    ] as const)
      receive(name, packet);
    await untilLogged(': packet: ', 3);
    say('ovs-appctl', 'dpif-netdev/pmd-stats-show');
    for (const type of ['offloaded', 'partially-offloaded', 'non-offloaded', 'ovs'])
      say('ovs-appctl', 'dpctl/dump-flows', 'filter=in_port=9', `type=${type}`);
    say('ovs-appctl', 'revalidator/purge');
    await untilLogged('succeed to delete', 2);
    say('ovs-vsctl', ...splitWords('add-port br0 p3 -- set interface p3 type=dummy ofport_request=3'));
    const [told, wanted] = both.map((host) => deviceLog(host.settledLog()).sort());
    expect(told).toEqual(wanted);
  });
});
