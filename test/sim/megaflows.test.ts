/**
 * A datapath flow answers for every packet that it matches: whatever bits its mask leaves out, translating such a
 * packet afresh gives the same actions.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDpActions } from '../../src/datapath/text/actions.ts';
import { extractKey } from '../../src/flow/extract.ts';
import { isMatchedBy, valuesUnder } from '../../src/flow/match.ts';
import { datapathWordCount } from '../../src/flow/slots.ts';
import type { BundleConfig } from '../../src/ofproto/config.ts';
import { Scratch } from '../../src/ofproto/translate/request.ts';
import { translate } from '../../src/ofproto/translate/translate.ts';
import { frameOf } from '../conformance/memory-port.ts';
import { frameWith, hostA, hostB, type Tag } from './frames.ts';
import { VirtualSwitch } from './virtual-switch.ts';

const vlan = fc.constantFrom(0, 7, 10, 20);
const vlans = fc.subarray([0, 7, 10, 20]);

const bundle: fc.Arbitrary<Partial<BundleConfig>> = fc.record({
  vlanMode: fc.constantFrom('access', 'trunk', 'native-tagged', 'native-untagged', 'dot1q-tunnel'),
  tag: vlan,
  trunks: vlans,
  cvlans: vlans,
  qinqEthertype: fc.constantFrom(0x8100, 0x88a8),
  priorityTags: fc.constantFrom('never', 'if-nonzero', 'always'),
  isProtected: fc.boolean(),
});

const tag: fc.Arbitrary<Tag> = fc.record({
  tpid: fc.constantFrom(0x8100, 0x88a8),
  vid: vlan,
  pcp: fc.constantFrom(0, 3),
});

const payload = fc.constantFrom(
  '1234',
  '080600010800060400015054000000010a0000010000000000000a000002', // ARP request
  '080600010800060400015054000000010a0000010000000000000a000001', // for its own address
  '080600010800060400025054000000010a0000010000000000000a000001', // ARP reply
  '0800450000241234000040110000c0a80001c0a80002000a001400100000', // UDP
  '0800450000241234000040110000c0a80001c0a80003000b001400100000',
  '0800450000241234200040110000c0a80001c0a80003000b001400100000', // first fragment
  '080045000024', // cut short
  '8100', // a tag cut short
);

const frame = fc.record({
  port: fc.constantFrom('p0', 'p1', 'p2', 'p3'),
  bytes: fc
    .record({
      dst: fc.constantFrom(hostA, hostB, '505400000003', 'ffffffffffff', '0180c2000002', '01005e000001'),
      src: fc.constantFrom(hostA, hostB, '505400000003', '01005e000001'),
      tags: fc.array(tag, { maxLength: 3 }),
      payload,
    })
    .map(frameWith),
});

const scenario = fc.record({
  bundles: fc.array(bundle, { minLength: 6, maxLength: 6 }),
  frames: fc.array(frame, { minLength: 5, maxLength: 60 }),
  vlanLimit: fc.constantFrom(1, 2),
  floodVlans: vlans,
});

describe('a datapath flow', () => {
  test('does to every packet it matches what a fresh translation would', async () => {
    let comparedCount = 0;
    await fc.assert(
      fc.asyncProperty(scenario, async ({ bundles, frames, vlanLimit, floodVlans }) => {
        const sw = await makeSwitch(bundles, vlanLimit, floodVlans);
        for (const { port, bytes } of frames) sw.inject(port, bytes);
        sw.advance(200); // what changed meanwhile is translated again
        for (const { port, bytes } of frames) comparedCount += compare(sw, port, bytes, vlanLimit);
      }),
      { numRuns: 60 },
    );
    expect(comparedCount).toBeGreaterThan(500);
  });
});

/** Rules of three tables that look at headers, change them and look again. */
const rules = [
  'table=0,priority=1,actions=NORMAL',
  'table=0,priority=9,tcp,actions=resubmit(,1),output:2',
  'table=0,priority=8,ip,nw_dst=192.168.0.0/24,actions=mod_nw_dst:10.0.0.1,resubmit(,1)',
  'table=0,priority=7,udp,tp_dst=20,actions=mod_vlan_vid:7,output:2,strip_vlan,output:3',
  'table=0,priority=6,dl_vlan=10,actions=strip_vlan,resubmit(,1),output:2',
  'table=0,priority=5,arp,actions=move:NXM_OF_ETH_SRC[]->NXM_OF_ETH_DST[],in_port',
  'table=0,priority=4,actions=set_field:5->reg0,resubmit(,1),resubmit(,2)',
  'table=1,priority=5,ip,nw_dst=10.0.0.0/8,actions=dec_ttl,output:3',
  'table=1,priority=4,reg0=5,dl_dst=50:54:00:00:00:02,actions=output:2',
  'table=1,priority=3,ip,actions=push_mpls:0x8847,output:3',
  'table=1,priority=2,actions=mod_dl_src:02:00:00:00:00:09,resubmit(2,2)',
  'table=2,priority=3,in_port=2,actions=output:1,LOCAL',
  'table=2,priority=2,dl_src=02:00:00:00:00:00/ff:00:00:00:00:00,actions=set_queue:3,output:1,pop_queue,output:4',
  'table=2,priority=1,actions=clone(mod_nw_tos:8,output:2),output:3',
];

describe('a datapath flow of rules', () => {
  test('does to every packet it matches what a fresh translation would', async () => {
    let comparedCount = 0;
    const chosen = fc.record({
      rules: fc.subarray(rules),
      frames: fc.array(frame, { minLength: 5, maxLength: 40 }),
    });
    await fc.assert(
      fc.asyncProperty(chosen, async ({ rules: present, frames }) => {
        const sw = await makeSwitch([], 2, []);
        const left = sw.backer.bridges.get('left');
        if (left === undefined) throw new Error('no bridge');
        for (const rule of present) sw.addFlow(left, rule);
        for (const { port, bytes } of frames) sw.inject(port, bytes);
        sw.advance(200); // what changed meanwhile is translated again
        for (const { port, bytes } of frames) comparedCount += compare(sw, port, bytes, 2);
      }),
      { numRuns: 60 },
    );
    expect(comparedCount).toBeGreaterThan(300);
  });
});

/** Two bridges joined by patch ports: p0..p2 in one, p3 in the other. */
async function makeSwitch(
  bundles: readonly Partial<BundleConfig>[],
  vlanLimit: number,
  floodVlans: readonly number[],
): Promise<VirtualSwitch> {
  const sw = new VirtualSwitch();
  sw.backer.setLimits({ ...sw.backer.limits, vlanLimit });
  const left = sw.addBridge('left', { floodVlans });
  const right = sw.addBridge('right');
  for (const [n, bridge] of [left, left, left, right].entries())
    await sw.addPort(bridge, `p${n}`, bundles[n]);
  for (const [bridge, name, peer, n] of [
    [left, 'l', 'r', 4],
    [right, 'r', 'l', 5],
  ] as const) {
    const number = await sw.addPatch(bridge, name, peer);
    const config = bridge.bundles.get(name)?.config;
    if (config !== undefined)
      bridge.switchPorts.setBundle(name, { ...config, ...bundles[n], members: [number] });
  }
  return sw;
}

/** Returns how many flows match the frame: none when a change made the one it had too wide. */
function compare(sw: VirtualSwitch, port: string, bytes: Uint8Array, vlanLimit: number): number {
  const { backer } = sw;
  const found = [...sw.datapath.ports()].find(([, { name }]) => name === port);
  const input = found && backer.ports.ofDpPort(found[0]);
  if (found === undefined || input === undefined) throw new Error(`no port ${port}`);
  const key = new Uint32Array(datapathWordCount);
  const made = frameOf(bytes);
  made.inPort = found[0];
  extractKey(made, key, vlanLimit);
  const matching = [...backer.flows].filter(({ mask, key: packetKey }) =>
    isMatchedBy({ mask, values: valuesUnder(packetKey, mask) }, key),
  );
  const { ofproto, port: inPort } = input;
  const context = { ...backer.translation, scratch: new Scratch() };
  const request = { context, ofproto, inPort: inPort.ofPort, key, hasPacket: false };
  const fresh = formatDpActions(translate(request).actions);
  for (const { actions } of matching) expect(formatDpActions(actions)).toBe(fresh);
  return matching.length;
}
