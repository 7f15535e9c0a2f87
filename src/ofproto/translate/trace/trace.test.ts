import { describe, expect, test } from 'vitest';
import { VirtualSwitch } from '../../../../test/sim/virtual-switch.ts';
import { readKey } from '../../../datapath/text/key.ts';
import { Scratch } from '../request.ts';
import { translate } from '../translate.ts';
import { Trace } from './trace.ts';
import { formatTrace } from './trace-text.ts';

/** What happens to a packet of p1, in a switch with an access port in VLAN 10 and a patch port to another bridge. */
async function trace(packet: string, hasPacket = false): Promise<Trace> {
  const sw = new VirtualSwitch();
  const [br0, br1] = [sw.addBridge('br0'), sw.addBridge('br1', { failMode: 'secure' })];
  await sw.addPort(br0, 'p1');
  await sw.addPort(br0, 'p2', { vlanMode: 'access', tag: 10 });
  await sw.addPatch(br0, 'to-br1', 'to-br0');
  await sw.addPatch(br1, 'to-br0', 'to-br1');
  const { key } = readKey(`recirc_id(0),${packet}`);
  const input = [...sw.datapath.ports()]
    .map(([number]) => sw.backer.ports.ofDpPort(number))
    .find((found) => found?.port.dpPort === key[0]);
  if (input === undefined) throw new Error('no such port');
  const made = new Trace();
  const { ofproto, port } = input;
  const context = { ...sw.backer.translation, scratch: new Scratch() };
  const request = { context, key, hasPacket, trace: made };
  translate({ ...request, ofproto, inPort: port.ofPort });
  return made;
}

async function traceText(packet: string, hasPacket = false): Promise<string[]> {
  return formatTrace((await trace(packet, hasPacket)).roots).split('\n');
}

const addresses = 'eth(src=50:54:00:00:00:01,dst=50:54:00:00:00:02)';

describe('a trace', () => {
  test('tells what each bridge did, inside the output that led there', async () => {
    expect(await traceText(`in_port(1),${addresses},eth_type(0x1234)`, true)).toEqual([
      '',
      'bridge("br0")',
      '-------------',
      ' 0. priority 0',
      '    NORMAL',
      '     -> learned that 50:54:00:00:00:01 is on port p1 in VLAN 0',
      '     -> no learned MAC for destination, flooding',
      '',
      'bridge("br1")',
      '-------------',
      ' 0. reg0=0x2, priority 0',
      '    drop',
      '',
    ]);
  });

  test('is a tree of plain values', async () => {
    const { roots } = await trace(`in_port(1),${addresses},eth_type(0x1234)`);
    expect(JSON.parse(JSON.stringify(roots))).toEqual(roots);
    const [bridge] = roots;
    const [rule] = bridge?.children ?? [];
    expect(bridge?.event).toEqual({ event: 'bridge', name: 'br0' });
    expect(rule?.event).toEqual({ event: 'rule', table: 0, match: '', priority: 0 });
    expect(rule?.children.map(({ event }) => event)).toEqual([{ event: 'action', text: 'NORMAL' }]);
    expect(rule?.children[0]?.children.map(({ event }) => event.event)).toEqual(['flooding', 'bridge']);
  });

  test('names the reason of a drop and what it is about', async () => {
    const tagged = `in_port(2),${addresses},eth_type(0x8100),vlan(vid=10,pcp=0),encap(eth_type(0x1234))`;
    expect((await traceText(tagged, true)).slice(5, -1)).toEqual([
      '     >>>> dropping VLAN 10 tagged packet received on port p2 configured as VLAN 10 access port <<<<',
      '     >> disallowed VLAN VID for this input port, dropping',
    ]);
  });

  test('says that a reserved address is not forwarded', async () => {
    const bpdu = 'in_port(1),eth(src=50:54:00:00:00:01,dst=01:80:c2:00:00:00),eth_type(0x1234)';
    expect((await traceText(bpdu)).at(-2)).toBe('     -> packet has reserved destination MAC, dropping');
  });
});
