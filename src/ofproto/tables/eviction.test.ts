import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { seededRandom } from '../../base/random.ts';
import { Timers } from '../../base/timers.ts';
import { ms } from '../../base/units.ts';
import { matchOn } from '../../flow/match.ts';
import { OpenFlowError } from '../../openflow/errors.ts';
import { type FlowMod, plainFlowMod } from '../../openflow/messages/flow-mod.ts';
import { ChangeTurns } from '../change-turns.ts';
import { defaultPrefixes, type FlowTableConfig } from '../config.ts';
import { EvictionIndex } from './eviction.ts';
import type { FlowEvent } from './flow-events.ts';
import { FlowTables } from './flow-tables.ts';
import { FlowTransaction } from './flow-transaction.ts';
import { plainRule, Rule } from './rule.ts';

const anything = matchOn({});
const inPort = (port: number) => matchOn({ in_port: port });
const flow = (settings: Partial<Rule>, priority = 1): Rule =>
  new Rule(0, priority, { ...plainRule, actions: [], idleTimeout: 10, ...settings }, ms(0));

describe('flows that make room', () => {
  it('are the least important, and of those the one that ends soonest', () => {
    const index = new EvictionIndex([]);
    const [a, b, c, d] = [
      flow({ importance: 2, idleTimeout: 5 }),
      flow({ importance: 1, idleTimeout: 20 }),
      flow({ importance: 1, idleTimeout: 0, hardTimeout: 15 }),
      flow({ idleTimeout: 0 }),
    ];
    for (const rule of [a, b, c, d]) index.add(rule, anything);
    expect([index.take(), index.take(), index.take(), index.take()]).toEqual([c, b, a, undefined]);
  });

  it('are looked at again, as packets put their end off', () => {
    const index = new EvictionIndex([]);
    const [a, b] = [flow({ idleTimeout: 5 }), flow({ idleTimeout: 6 })];
    for (const rule of [a, b]) index.add(rule, anything);
    a.credit(1, 60, 3000);
    expect([index.take(), index.take()]).toEqual([b, a]);
  });

  it('are of the largest group', () => {
    const index = new EvictionIndex([{ field: 'in_port', low: 0, width: 16 }]);
    const rules = [1, 2, 2, 2, 3, 3].map((port, n) => {
      const rule = flow({ idleTimeout: 10 + n });
      index.add(rule, inPort(port));
      return rule;
    });
    expect([index.take(), index.take()].map((rule) => rule && rules.indexOf(rule))).toEqual([1, 4]);
    for (const rule of rules) index.remove(rule);
    expect(index.take()).toBeUndefined();
  });

  it('come in order, whichever come, go and are used meanwhile', () => {
    const random = seededRandom(7);
    const below = (n: number) => random.u32() % n;
    const index = new EvictionIndex([]);
    const there = new Set<Rule>();
    const due = (rule: Rule) => rule.usedAt + rule.idleTimeout * 1000;
    for (let n = 0; n < 5000; n++) {
      const rules = [...there];
      const some = rules[below(rules.length + 1)];
      const what = below(6);
      if (what < 3) {
        const rule = flow({ idleTimeout: 1 + below(1000), importance: below(3) });
        there.add(rule);
        index.add(rule, anything);
      } else if (what === 3 && some !== undefined) some.credit(1, 1, n * 100);
      else if (what === 4 && some !== undefined) {
        there.delete(some);
        index.remove(some);
      } else {
        const best = rules.sort((a, b) => a.importance - b.importance || due(a) - due(b))[0];
        const taken = index.take();
        expect(taken && [taken.importance, due(taken)]).toEqual(best && [best.importance, due(best)]);
        if (taken !== undefined) there.delete(taken);
      }
    }
  });
});

describe('a table with a limit', () => {
  function someTable(config: Partial<FlowTableConfig>) {
    const told: FlowEvent[] = [];
    const clock = new FakeClock(0);
    const tables = new FlowTables({
      clock,
      onChange: (events) => told.push(...events),
      onReordered: () => {},
      onEnd: () => {},
      turns: new ChangeTurns(new Timers(clock)),
    });
    const unlimited = {
      number: 0,
      name: '',
      flowLimit: 2,
      evicts: true,
      groupFields: [],
      prefixes: defaultPrefixes,
    };
    tables.table(0).configure({ ...unlimited, ...config });
    const add = (transaction: FlowTransaction, ...priorities: number[]) => {
      const mod: FlowMod = {
        ...plainFlowMod,
        command: 'add',
        table: 0,
        match: anything,
        newCookie: 0n,
        idleTimeout: 9,
      };
      for (const priority of priorities) transaction.apply({ ...mod, priority });
      return transaction;
    };
    const seen = () =>
      [...tables]
        .filter(({ table }) => table === 0)
        .map(({ priority }) => priority)
        .sort();
    return { tables, told, add, seen, begin: () => new FlowTransaction(tables) };
  }

  it('refuses what is too much, but not what takes the place of a flow', () => {
    const { add, seen, begin } = someTable({ evicts: false });
    add(begin(), 1, 2, 2).commit();
    const transaction = begin();
    expect(() => add(transaction, 1, 3)).toThrow(OpenFlowError);
    transaction.revert();
    expect(seen()).toEqual([1, 2]);
  });

  it('lets a flow go for each that comes, told as an eviction', () => {
    const { add, seen, begin, told } = someTable({});
    add(begin(), 1, 2).commit();
    told.length = 0;
    add(begin(), 3).commit();
    expect(seen()).toHaveLength(2);
    expect(seen()).toContain(3);
    expect(told.flatMap((event) => (event.kind === 'removed' ? event.reason : []))).toEqual(['eviction']);
  });

  it('has all flows again after a change that was not made, and lets them go later', () => {
    const { tables, add, seen, begin } = someTable({});
    add(begin(), 1, 2).commit();
    add(begin(), 3, 4, 5).revert();
    expect([seen(), tables.table(0).flowCount]).toEqual([[1, 2], 2]);
    add(begin(), 6, 7).commit();
    expect([seen(), tables.table(0).flowCount]).toEqual([[6, 7], 2]);
  });

  it('shrinks when the limit does', () => {
    const { tables, add, seen, begin } = someTable({ flowLimit: 5 });
    add(begin(), 1, 2, 3, 4, 5).commit();
    const table = tables.table(0);
    table.configure({
      number: 0,
      name: '',
      flowLimit: 2,
      evicts: true,
      groupFields: [],
      prefixes: defaultPrefixes,
    });
    const transaction = begin();
    transaction.shrink(table);
    transaction.commit();
    expect(seen()).toHaveLength(2);
  });

  it('tells once that it gets full, and once that it does not', () => {
    const { tables, add, begin } = someTable({ flowLimit: 10, evicts: false });
    const table = tables.table(0);
    const mod = { table: 0, miss: undefined, eviction: false, evictionFlags: undefined, vacancyEvents: true };
    table.modify({ ...mod, vacancy: { down: 20, up: 80, now: 0 } });
    expect(table.describe().vacancy).toEqual({ down: 20, up: 80, now: 100 });
    const events = [8, 9, 10].map((count) => {
      add(begin(), count, ...Array.from({ length: count }, (_, n) => n + 1)).commit();
      return table.takeVacancyEvent()?.reason;
    });
    expect(events).toEqual([undefined, 'vacancy_down', undefined]);
    const transaction = begin();
    transaction.removeAll(table.rules, 'delete');
    transaction.commit();
    expect([table.takeVacancyEvent()?.reason, table.takeVacancyEvent()]).toEqual(['vacancy_up', undefined]);
  });
});
