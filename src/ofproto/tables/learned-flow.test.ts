import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { Timers } from '../../base/timers.ts';
import { ms } from '../../base/units.ts';
import { matchOn } from '../../flow/match.ts';
import { readActionText } from '../../openflow/action-codec.ts';
import { type FlowMod, plainFlowMod } from '../../openflow/messages/flow-mod.ts';
import { portText } from '../../openflow/ports.ts';
import { ChangeTurns } from '../change-turns.ts';
import { FlowTables } from './flow-tables.ts';
import { addRule, removeRules } from './flow-transaction.ts';
import { LearnedCookies } from './learned-cookies.ts';
import { LearnedFlow } from './learned-flow.ts';

function world() {
  const clock = new FakeClock(1000);
  const tables = new FlowTables({
    clock,
    turns: new ChangeTurns(new Timers(clock)),
    onChange: (events) => cookies.follow(events),
    onReordered: () => {},
    onEnd: () => cookies.removeUnlearned(),
  });
  const cookies = new LearnedCookies(tables);
  const learner = (priority: number, text: string) =>
    addRule(tables, {
      table: 0,
      priority,
      match: matchOn({}),
      actions: readActionText(text, { ports: portText }),
    });
  return { clock, tables, learner };
}

const mod = (port: number): FlowMod => ({
  ...plainFlowMod,
  command: 'modify_strict',
  table: 1,
  match: matchOn({ in_port: port }),
  newCookie: 5n,
  hardTimeout: 9,
  actions: [{ do: 'output', port, maxLength: 0 }],
});

const learnedOf = (tables: FlowTables) => [...tables].filter(({ table }) => table === 1);

describe('a learned flow', () => {
  it('is made by the first packet and kept young by those that follow', () => {
    const { clock, tables } = world();
    const flow = new LearnedFlow(tables, mod(1), 0);
    expect(flow.apply()).toBe(true);
    const [rule] = learnedOf(tables);
    clock.advance(ms(500));
    expect(flow.apply()).toBe(true);
    expect(new LearnedFlow(tables, mod(1), 1).apply()).toBe(true);
    expect(learnedOf(tables)).toEqual([rule]);
    expect(rule?.modifiedAt).toBe(1500);
  });

  it('comes back when it has gone', () => {
    const { tables } = world();
    const flow = new LearnedFlow(tables, mod(1), 0);
    flow.apply();
    removeRules(tables, learnedOf(tables));
    expect(flow.apply()).toBe(true);
    expect(learnedOf(tables).length).toBe(1);
  });

  it('finds no room beyond the limit of its table and cookie', () => {
    const { tables } = world();
    expect(new LearnedFlow(tables, mod(1), 2).apply()).toBe(true);
    expect(new LearnedFlow(tables, mod(2), 2).apply()).toBe(true);
    expect(new LearnedFlow(tables, mod(3), 2).isMade).toBe(false);
    expect(new LearnedFlow(tables, mod(2), 2).isMade).toBe(true);
    expect(new LearnedFlow(tables, mod(3), 2).apply()).toBe(false);
    expect(new LearnedFlow(tables, { ...mod(3), newCookie: 6n }, 2).apply()).toBe(true);
    expect(new LearnedFlow(tables, mod(2), 2).apply()).toBe(true);
  });

  it('goes with the last of the flows that learn it, if they say so', () => {
    const { tables, learner } = world();
    const first = learner(1, 'learn(table=1,cookie=5,delete_learned,in_port=1)');
    const second = learner(2, 'learn(table=1,cookie=5,delete_learned,in_port=2)');
    learner(4, 'clone(learn(table=1,cookie=5,delete_learned,in_port=4))'); // does not count
    const other = learner(3, 'learn(table=1,cookie=5,in_port=3)');
    new LearnedFlow(tables, mod(1), 0).apply();
    removeRules(tables, [first, other]);
    expect(learnedOf(tables).length).toBe(1);
    removeRules(tables, [second]);
    expect(learnedOf(tables)).toEqual([]);
  });
});
