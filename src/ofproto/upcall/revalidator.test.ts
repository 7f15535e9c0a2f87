import { describe, expect, test } from 'vitest';
import { broadcast, frameWith, gratuitousArp, hostA, hostB } from '../../../test/sim/frames.ts';
import { VirtualSwitch } from '../../../test/sim/virtual-switch.ts';
import { seededRandom } from '../../base/random.ts';
import { getSlot } from '../../flow/key.ts';
import { matchOn, unpackKey } from '../../flow/match.ts';
import { readActionText } from '../../openflow/action-codec.ts';
import { portText } from '../../openflow/ports.ts';
import type { Ofproto } from '../ofproto.ts';
import { addRule, removeRules } from '../tables/flow-transaction.ts';
import type { Rule } from '../tables/rule.ts';
import { Scratch } from '../translate/request.ts';
import { translate } from '../translate/translate.ts';
import type { InstalledFlow } from './installed-flows.ts';

async function twoPorts(): Promise<{ sw: VirtualSwitch; bridge: Ofproto }> {
  const sw = new VirtualSwitch();
  const bridge = sw.addBridge('br0');
  for (const name of ['p1', 'p2', 'p3']) await sw.addPort(bridge, name);
  return { sw, bridge };
}

/** The only rule of a standalone bridge. */
function normalRule(bridge: Ofproto): { packetCount: number; byteCount: number } {
  const [rule] = bridge.tables;
  return { packetCount: rule?.packetCount ?? 0, byteCount: rule?.byteCount ?? 0 };
}

describe('revalidation', () => {
  test('takes a limit that is too low for any flow back, though there is no flow to look at', async () => {
    const { sw } = await twoPorts();
    sw.backer.revalidator.setFlowLimit(0);
    sw.inject('p1', frameWith({ dst: broadcast }));
    sw.advance(400);
    expect([sw.backer.flows.count, sw.backer.revalidator.flowLimit]).toEqual([0, 0]);
    sw.advance(200);
    sw.inject('p1', frameWith({ dst: broadcast }));
    expect([sw.backer.flows.count, sw.backer.revalidator.flowLimit]).toEqual([1, 1000]);
  });

  test('deletes a flow that was idle for max-idle, and no earlier', async () => {
    const { sw } = await twoPorts();
    sw.inject('p1', frameWith({ dst: broadcast }));
    sw.advance(8_000);
    sw.inject('p1', frameWith({ dst: broadcast }));
    sw.advance(9_500);
    expect(sw.backer.flows.count).toBe(1);
    sw.advance(1_500);
    expect([sw.backer.flows.count, sw.datapath.stats().flowCount]).toEqual([0, 0]);
  });

  test('counts for the rule what the datapath forwarded, each packet once', async () => {
    const { sw, bridge } = await twoPorts();
    for (let n = 0; n < 10; n++) sw.inject('p1', frameWith({ dst: broadcast }));
    expect(normalRule(bridge)).toEqual({ packetCount: 1, byteCount: 60 });
    sw.advance(1_000);
    expect(normalRule(bridge)).toEqual({ packetCount: 10, byteCount: 600 });
    sw.inject('p1', frameWith({ dst: broadcast }));
    sw.backer.revalidator.purge();
    expect(normalRule(bridge)).toEqual({ packetCount: 11, byteCount: 660 });
    sw.advance(20_000);
    expect(normalRule(bridge)).toEqual({ packetCount: 11, byteCount: 660 });
  });

  test('changes the actions of a flow in place and keeps its counters', async () => {
    const { sw, bridge } = await twoPorts();
    sw.inject('p1', frameWith({ src: hostA, dst: hostB }));
    sw.inject('p1', frameWith({ src: hostA, dst: hostB }));
    const before = [...sw.backer.flows].at(0)?.id;
    sw.inject('p2', gratuitousArp(hostB));
    sw.advance(50);
    const after = [...sw.backer.flows].find(({ id }) => id === before);
    expect(after?.actions).toEqual([
      { do: 'output', port: [...bridge.ports.values()].find((port) => port.name === 'p2')?.dpPort },
    ]);
    expect(after?.creditedPackets).toBe(1);
  });

  test('looks again at the flows that may match a rule that came or went, and at no others', async () => {
    const { sw, bridge } = await twoPorts();
    const arp = gratuitousArp(hostA);
    const others = Array.from({ length: 20 }, (_, n) =>
      frameWith({ src: `02000000${n + 10}00`, dst: broadcast }),
    );
    sw.inject('p1', arp, ...others);
    sw.advance(600);
    expect(sw.backer.flows.count).toBe(21);
    const isArp = ({ key }: InstalledFlow): boolean => getSlot(unpackKey(key), 'eth_type') === 0x806;
    const effects = new Map([...sw.backer.flows].map((flow) => [flow.id, flow.effects]));
    const translatedAgain = (): InstalledFlow[] =>
      [...sw.backer.flows].filter((flow) => flow.effects !== effects.get(flow.id));
    const rule = addRule(bridge.tables, {
      table: 0,
      priority: 9,
      match: matchOn({ eth_type: 0x806 }),
      actions: [],
    });
    addRule(bridge.tables, { table: 7, priority: 9, match: matchOn({}), actions: [] });
    sw.advance(20);
    expect(translatedAgain().map(isArp)).toEqual([true]);
    expect(translatedAgain()[0]?.actions).toEqual([]);
    removeRules(bridge.tables, [rule]);
    sw.advance(20);
    expect(translatedAgain()[0]?.actions.length).toBe(2);
  });

  test('leaves no flow that differs from a new translation, whichever rules come and go', async () => {
    const { sw, bridge } = await twoPorts();
    const other = sw.addBridge('br1');
    await sw.addPort(other, 'q1');
    await sw.addPatch(bridge, 'to1', 'to0');
    await sw.addPatch(other, 'to0', 'to1');
    const random = seededRandom(5);
    const pick = (count: number): number => random.u32() % count;
    const rules: { on: Ofproto; rule: Rule }[] = [];
    const matches = [
      matchOn({}),
      matchOn({ in_port: 1 }),
      matchOn({ in_port: 4 }),
      matchOn({ eth_type: 0x806 }),
      matchOn({ vlan_tci: 0x1005 }),
      matchOn({ vlan_tci: 0 }),
    ];
    for (let round = 0; round < 150; round++) {
      const source = `0200000000${(16 + pick(6)).toString(16)}`;
      const tags = pick(2) === 0 ? [] : [{ tpid: 0x8100, vid: 5, pcp: 0 }];
      const frame = pick(3) === 0 ? gratuitousArp(source) : frameWith({ src: source, dst: hostB, tags });
      sw.inject(['p1', 'p2', 'q1'][pick(3)] ?? 'p1', frame);
      const on = pick(2) === 0 ? bridge : other;
      if (pick(3) > 0) {
        const text = ['drop', 'NORMAL', `output:${1 + pick(4)}`][pick(3)] ?? 'drop';
        const made = {
          table: 0,
          priority: pick(5),
          match: matches[pick(matches.length)] ?? matchOn({}),
          actions: readActionText(text, { ports: portText }),
        };
        rules.push({ on, rule: addRule(on.tables, made) });
      } else if (rules.length > 0) {
        for (const { on: from, rule } of rules.splice(pick(rules.length), 1))
          removeRules(from.tables, [rule]);
      }
      sw.advance(30);
      for (const { key, input, actions } of sw.backer.flows) {
        const request = {
          context: { ...sw.backer.translation, scratch: new Scratch() },
          key: unpackKey(key),
          ofproto: input.ofproto,
          inPort: input.port.ofPort,
          hasPacket: false,
        };
        expect(translate(request).actions).toEqual(actions);
      }
    }
    expect(sw.backer.flows.count).toBeGreaterThan(5);
  });

  test('leaves flows alone that a learned address cannot concern', async () => {
    const { sw } = await twoPorts();
    for (let n = 0; n < 64; n++) {
      sw.inject('p1', frameWith({ src: hostA, dst: `0200000000${n.toString(16).padStart(2, '0')}` }));
    }
    sw.advance(600);
    const effects = new Map([...sw.backer.flows].map((flow) => [flow.id, flow.effects]));
    sw.inject('p2', gratuitousArp(hostB));
    sw.advance(20);
    const translatedAgain = [...sw.backer.flows].filter((flow) => flow.effects !== effects.get(flow.id));
    expect(translatedAgain.length).toBeLessThan(10);
  });

  test('translates everything again when the configuration changed', async () => {
    const { sw, bridge } = await twoPorts();
    sw.inject('p1', frameWith({ dst: broadcast }));
    sw.takeSent();
    await sw.addPort(bridge, 'late');
    sw.advance(20);
    sw.inject('p1', frameWith({ dst: broadcast }));
    expect(Object.keys(sw.takeSent())).toEqual(['p2', 'p3', 'late']);
    expect(sw.datapath.stats().missCount).toBe(1);
  });

  test('resolves a wait after a round that began later', async () => {
    const { sw } = await twoPorts();
    sw.inject('p1', frameWith({ dst: broadcast }));
    sw.advance(100);
    let isDone = false;
    const done = sw.backer.revalidator.wait().then(() => {
      isDone = true;
    });
    await Promise.resolve();
    expect(isDone).toBe(false);
    sw.advance(10);
    await done;
    expect(isDone).toBe(true);
  });

  test('does nothing while paused and catches up afterwards', async () => {
    const { sw } = await twoPorts();
    sw.inject('p1', frameWith({ dst: broadcast }));
    sw.backer.revalidator.pause();
    sw.advance(30_000);
    expect(sw.backer.flows.count).toBe(1);
    sw.backer.revalidator.resume();
    sw.advance(10);
    expect(sw.backer.flows.count).toBe(0);
  });

  test('sets no timer when there is nothing to look after', async () => {
    const { sw } = await twoPorts();
    sw.inject('p1', frameWith({ src: '0180c2000000', dst: broadcast }));
    sw.advance(60_000);
    expect(sw.timers.nextDue).toBe(Number.POSITIVE_INFINITY);
  });

  test('lowers the idle time while there are more flows than the limit', async () => {
    const { sw } = await twoPorts();
    sw.inject(
      'p1',
      ...Array.from({ length: 30 }, (_, n) => frameWith({ src: `0200000000${n + 10}`, dst: hostB })),
    );
    expect(sw.backer.flows.count).toBe(30);
    sw.backer.setLimits({ ...sw.backer.limits, flowLimit: 20 });
    sw.advance(1_100);
    expect(sw.backer.flows.count).toBeLessThanOrEqual(20);
  });

  test('is done for whoever waits for it while the clock stands still', async () => {
    const { sw } = await twoPorts();
    sw.inject('p1', frameWith({ dst: broadcast }));
    for (let n = 0; n < 3; n++) {
      const done = sw.backer.revalidator.wait();
      for (let turns = 0; turns < 3; turns++) sw.timers.run();
      await done;
    }
    expect(sw.backer.flows.count).toBe(1);
  });

  test('averages and limits as upcall/show tells them', async () => {
    const { sw } = await twoPorts();
    sw.inject('p1', frameWith({ dst: broadcast }));
    sw.advance(10);
    expect(sw.backer.revalidator.stats).toMatchObject({ mostFlows: 1, flowLimit: 10_000, duration: 1 });
  });
});
