/**
 * What becomes of a packet under rules of all kinds: the real daemon's `ofproto/trace` and ours, letter for letter.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ofPort } from '../../src/base/units.ts';
import { getSlot } from '../../src/flow/key.ts';
import { readPacket } from '../../src/flow/match-text.ts';
import { formatTraceReport, traceOf } from '../../src/ofproto/views/trace.ts';
import { portText } from '../../src/openflow/ports.ts';
import { VirtualSwitch } from '../sim/virtual-switch.ts';
import { SwitchHost, whyNoReference } from './support/daemon-pair.ts';
import { whyNoNamespaces } from './support/namespace.ts';
import { splitWords } from './support/words.ts';

const reason = whyNoNamespaces() ?? whyNoReference();
if (reason !== undefined) process.stderr.write(`trace.test.ts: not run: ${reason}\n`);

const cases = readFileSync(new URL('trace-rules.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => {
    const [rules = '', packet = ''] = line.split(' => ');
    return { name: line, rules: rules.split(';'), packet };
  });

describe.runIf(reason === undefined)('beside the reference', () => {
  let reference: SwitchHost;

  beforeAll(async () => {
    reference = new SwitchHost('reference', { args: ['--enable-dummy'] });
    await reference.start();
    const port = (bridge: string, name: string, number: number, ...more: string[]): string[] => [
      ...splitWords(`-- add-port ${bridge} ${name} -- set interface ${name} ofport_request=${number}`),
      ...more,
    ];
    const bridge = (name: string): string[] =>
      splitWords(
        `-- add-br ${name} -- set bridge ${name} datapath_type=dummy protocols=OpenFlow10,OpenFlow11,OpenFlow15`,
      );
    reference.configure(
      ...bridge('br0'),
      ...bridge('br1'),
      ...port('br0', 'p1', 1, 'type=dummy'),
      ...port('br0', 'p2', 2, 'type=dummy'),
      ...port('br0', 'p3', 3, 'type=dummy'),
      ...['--', 'set', 'port', 'p3', 'tag=7'],
      ...port('br0', 'near', 4, 'type=patch', 'options:peer=far'),
      ...port('br1', 'p5', 5, 'type=dummy'),
      ...port('br1', 'far', 1, 'type=patch', 'options:peer=near'),
    );
    addFlows(reference, 'br1', ['actions=5']);
  });

  afterAll(() => reference[Symbol.asyncDispose]());

  test.each(cases)('$name', async ({ rules, packet }) => {
    reference.run('ovs-ofctl', 'del-flows', 'br0');
    addFlows(reference, 'br0', rules);
    const { stdout, stderr } = reference.appctl('ofproto/trace', 'br0', packet);
    expect(comparable(await traceHere(rules, packet))).toBe(comparable(stdout + stderr));
  });
});

function addFlows(host: SwitchHost, bridge: string, rules: readonly string[]): void {
  const text = rules.join();
  const isOld = /mod_vlan|strip_vlan|enqueue/.test(text);
  const isNew = /set_field|goto_table|write_metadata|nsh/.test(text);
  const versions = isOld ? ['10'] : isNew ? ['15'] : ['11', '10'];
  for (const rule of rules) {
    const errors = versions.map((version) => {
      const { status, stderr } = host.run('ovs-ofctl', '-O', `OpenFlow${version}`, 'add-flow', bridge, rule);
      return status === 0 ? '' : stderr;
    });
    if (!errors.includes('')) throw new Error(errors.join());
  }
}

/**
 * Ports are flooded in the order of hashes. The reference numbers what a controller may continue. Old versions say TTL
 * and ECN in another way.
 */
function comparable(text: string): string {
  return text
    .trimEnd()
    .replace(
      /^(Datapath actions: )([\d,]+)$/m,
      (_, head: string, list: string) => head + list.split(',').sort(),
    )
    .replaceAll('load:0x40->NXM_NX_IP_TTL[]', 'mod_nw_ttl:64')
    .replaceAll('load:0x1->NXM_NX_IP_ECN[]', 'mod_nw_ecn:1')
    .replaceAll(/recirc_id=[1-9]\d*/g, 'recirc_id=0');
}

async function traceHere(rules: readonly string[], packet: string): Promise<string> {
  const sw = new VirtualSwitch();
  const [br0, br1] = [
    sw.addBridge('br0', { failMode: 'secure' }),
    sw.addBridge('br1', { failMode: 'secure' }),
  ];
  for (const bridge of [br0, br1]) await sw.addPort(bridge, bridge.name);
  for (const name of ['p1', 'p2']) await sw.addPort(br0, name);
  await sw.addPort(br0, 'p3', { vlanMode: 'access', tag: 7 });
  await sw.addPatch(br0, 'near', 'far');
  await sw.addPatch(br1, 'far', 'near');
  await sw.addPort(br1, 'p5', {}, ofPort(5));
  sw.addFlow(br1, 'actions=output:5');
  for (const rule of rules) sw.addFlow(br0, rule);
  const { key } = readPacket(packet, portText);
  const inPort = ofPort(getSlot(key, 'in_port'));
  const request = { backer: sw.backer, ofproto: br0, inPort, key, hasPacket: false, isNamed: false };
  return formatTraceReport(traceOf(request)).trimEnd();
}
