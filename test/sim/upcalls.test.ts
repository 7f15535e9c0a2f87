import { describe, expect, test } from 'vitest';
import { readDpActions } from '../../src/datapath/text/actions.ts';
import { readKey } from '../../src/datapath/text/key.ts';
import { ufidOf } from '../../src/datapath/ufid.ts';
import { internMask } from '../../src/flow/mask.ts';
import { packKey } from '../../src/flow/match.ts';
import { broadcast, frameWith } from './frames.ts';
import { VirtualSwitch } from './virtual-switch.ts';

const flood = frameWith({ dst: broadcast });

/** A switch of three ports, whose datapath does `actions` with all that comes in by the first. */
async function switchThatDoes(actions: string): Promise<VirtualSwitch> {
  const sw = new VirtualSwitch();
  const bridge = sw.addBridge('br0');
  for (const name of ['p1', 'p2', 'p3']) await sw.addPort(bridge, name);
  const { key, mask } = readKey('in_port(1),recirc_id(0)');
  const packet = packKey(key);
  sw.datapath.putFlow({
    id: 9999,
    ufid: ufidOf(packet),
    key: packet,
    mask: internMask(mask),
    actions: readDpActions(actions),
  });
  return sw;
}

test('packets that are sent to make masks make a limited number, and all of them go where they should', async () => {
  const sw = new VirtualSwitch();
  const bridge = sw.addBridge('br0', { failMode: 'secure' });
  for (const name of ['p1', 'p2']) await sw.addPort(bridge, name);
  for (const field of ['nw_src', 'nw_dst']) sw.addFlow(bridge, `priority=2,ip,${field}=0.0.0.1,actions=drop`);
  sw.addFlow(bridge, 'priority=1,actions=output:2');
  // How many bits tell an address from 0.0.0.1 depends on its first bit that is set.
  const address = (bit: number): string => ((0x80000000 >>> bit) >>> 0).toString(16).padStart(8, '0');
  const bits = Array.from({ length: 30 }, (_, bit) => bit);
  const frames = bits.flatMap((src) =>
    bits.map((dst) => frameWith({ payload: `08004500001400000000ff110000${address(src)}${address(dst)}` })),
  );
  for (let round = 0; round < 2; round++) {
    for (const frame of frames) sw.inject('p1', frame);
    expect(sw.takeSent()).toEqual({ p2: frames.map((frame) => Buffer.from(frame).toString('hex')) });
    expect(sw.backer.flows.maskCount).toBe(513);
    expect(sw.backer.flows.count).toBe(frames.length);
  }
});

describe('a packet that comes up', () => {
  test('for want of a flow makes one', async () => {
    const sw = await switchThatDoes('1');
    sw.datapath.deleteFlow(9999);
    sw.inject('p1', flood);
    expect(Object.keys(sw.takeSent())).toEqual(['p2', 'p3']);
    expect(sw.backer.flows.count).toBe(1);
  });

  test('by the slow path is sent on its way each time, and makes none', async () => {
    const sw = await switchThatDoes('userspace(pid=0,slow_path(action))');
    sw.inject('p1', flood, flood);
    const { p2, p3 } = sw.takeSent();
    expect([p2?.length, p3?.length]).toEqual([2, 2]);
    expect(sw.backer.flows.count).toBe(0);
  });

  test.each([
    [
      'controller(reason=1,dont_send=0,continuation=0,recirc_id=0,rule_cookie=0,controller_id=0,max_len=0)',
      'noController',
    ],
    ['sFlow(vid=0,pcp=0,output=1)', 'noCollector'],
    [
      'flow_sample(probability=1,collector_set_id=1,obs_domain_id=1,obs_point_id=1,output_port=1)',
      'noCollector',
    ],
    ['ipfix(output_port=1)', 'noCollector'],
    ['userdata(0102030405060708)', 'unknownUserData'],
  ] as const)(
    'by %s is never taken for a miss: without an owner it is a named drop',
    async (cookie, drop) => {
      const sw = await switchThatDoes(`userspace(pid=0,${cookie}),2`);
      sw.inject('p1', flood);
      expect(sw.takeSent()).toEqual({ p2: [Buffer.from(flood).toString('hex')] });
      expect([...sw.backer.drops.totals]).toEqual([[drop, 1]]);
      expect(sw.backer.flows.count).toBe(0);
    },
  );

  test('under a recirculation id that nobody gave is a named drop', async () => {
    const sw = await switchThatDoes('recirc(0x5)');
    sw.inject('p1', flood);
    expect(sw.takeSent()).toEqual({});
    expect([...sw.backer.drops.totals]).toEqual([['noRecirculationContext', 1]]);
  });
});
