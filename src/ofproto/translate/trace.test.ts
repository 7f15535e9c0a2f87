import { describe, expect, test } from 'vitest';
import { VirtualSwitch } from '../../../test/sim/virtual-switch.ts';
import { readKey } from '../../datapath/text/key.ts';
import { formatTraceEvent, type TraceEvent, type TraceSink } from './trace.ts';
import { translate } from './translate.ts';
import { Scratch } from './translation.ts';

/** The events as lines, two spaces deeper inside each other. */
class Lines implements TraceSink {
  readonly lines: string[] = [];
  #depth = 0;

  enter(event: TraceEvent): void {
    this.note(event);
    this.#depth++;
  }

  leave(): void {
    this.#depth--;
  }

  note(event: TraceEvent): void {
    for (const line of formatTraceEvent(event)) this.lines.push('  '.repeat(this.#depth) + line);
  }
}

/** What happens to a packet of p1, in a switch with an access port in VLAN 10 and a patch port to another bridge. */
async function trace(packet: string, learns = false): Promise<string[]> {
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
  const sink = new Lines();
  translate({ ports: sw.backer.ports, scratch: new Scratch(), key, input, learns, trace: sink });
  return sink.lines;
}

const addresses = 'eth(src=50:54:00:00:00:01,dst=50:54:00:00:00:02)';

describe('a trace', () => {
  test('tells what each bridge did, inside the output that led there', async () => {
    expect(await trace(`in_port(1),${addresses},eth_type(0x1234)`, true)).toEqual([
      'bridge("br0")',
      '   0. priority 0',
      '    NORMAL',
      '      learned that 50:54:00:00:00:01 is on port p1 in VLAN 0',
      '      no learned MAC for destination, flooding',
      '      bridge("br1")',
      '         0. No match.',
      '          no rule matches and no controller is there to ask',
    ]);
  });

  test('names the reason of a drop and what it is about', async () => {
    const tagged = `in_port(2),${addresses},eth_type(0x8100),vlan(vid=10,pcp=0),encap(eth_type(0x1234))`;
    expect((await trace(tagged)).slice(3)).toEqual([
      '      dropping VLAN 10 tagged packet received on port p2 configured as VLAN 10 access port',
      '      disallowed VLAN VID for this input port, dropping',
    ]);
  });

  test('says that a reserved address is not forwarded', async () => {
    const bpdu = 'in_port(1),eth(src=50:54:00:00:00:01,dst=01:80:c2:00:00:00),eth_type(0x1234)';
    expect((await trace(bpdu)).at(-1)).toBe('      packet has reserved destination MAC, dropping');
  });
});
