import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { Timers } from '../../base/timers.ts';
import { ms } from '../../base/units.ts';
import { newKey, setSlot } from '../../flow/key.ts';
import { matchOn } from '../../flow/match.ts';
import { type FlowMod, plainFlowMod } from '../../openflow/messages/flow-mod.ts';
import { ChangeTurns } from '../change-turns.ts';
import type { FlowEvent } from './flow-events.ts';
import { FlowTables } from './flow-tables.ts';
import { FlowTransaction } from './flow-transaction.ts';

const output = (port: number) => [{ do: 'output', port, maxLength: 0 }] as const;

function someTables() {
  const clock = new FakeClock(1000);
  const told: FlowEvent[][] = [];
  const tables = new FlowTables({
    clock,
    turns: new ChangeTurns(new Timers(clock)),
    onReordered: () => {},
    onEnd: () => {},
    onChange: (events) => told.push([...events]),
  });
  return { clock, told, tables };
}

function mod(change: Partial<FlowMod>): FlowMod {
  return { ...plainFlowMod, command: 'add', table: 0, match: matchOn({}), newCookie: 0n, ...change };
}

function apply(tables: FlowTables, ...mods: readonly Partial<FlowMod>[]): FlowTransaction {
  const transaction = new FlowTransaction(tables);
  for (const change of mods) transaction.apply(mod(change));
  return transaction;
}

/** "priority>port" of the rules that packets see. */
function seen(tables: FlowTables): string[] {
  return [...tables]
    .filter(({ table }) => table === 0)
    .map(
      ({ priority, actions }) =>
        `${priority}>${actions.map((a) => (a.do === 'output' ? a.port : a.do)).join()}`,
    )
    .sort();
}

function portFor(tables: FlowTables, ethType: number): string | undefined {
  const key = newKey();
  setSlot(key, 'eth_type', ethType);
  const action = tables.lookup(0, key, newKey())?.actions[0];
  return action?.do === 'output' ? String(action.port) : action?.do;
}

describe('changes of flows', () => {
  it('may take all flows of a table away, and leave nothing of them', () => {
    const { tables, told } = someTables();
    const arp = { match: matchOn({ eth_type: 0x806 }) };
    const changes = [{ ...arp, priority: 40000, actions: output(2) }, { actions: output(1) }] as const;
    for (let round = 0; round < 3; round++) {
      apply(tables, ...changes).commit();
      expect([portFor(tables, 0x806), portFor(tables, 0x800)]).toEqual(['2', '1']);
      const [rule] = tables.table(0).rules;
      apply(tables, { command: 'delete' }).commit();
      expect(told.pop()?.map(({ kind, match }) => `${kind} ${match.values}`)).toEqual([
        'removed 2054',
        'removed ',
      ]);
      expect([portFor(tables, 0x806), seen(tables), rule?.mask]).toEqual([undefined, [], undefined]);
      expect([tables.table(0).flowCount, tables.table(0).endingCount]).toEqual([0, 0]);
    }
  });

  it('may delete all flows and add some in their place', () => {
    const { tables } = someTables();
    apply(tables, { priority: 3, actions: output(1) }, { priority: 4, actions: output(2) }).commit();
    apply(tables, { command: 'delete' }, { priority: 5, actions: output(3) }).commit();
    expect([seen(tables), tables.table(0).flowCount]).toEqual([['5>3'], 1]);
  });

  it('are seen by packets when they are committed, all at once', () => {
    const { tables } = someTables();
    apply(tables, { actions: output(1) }).commit();
    const transaction = apply(
      tables,
      { command: 'modify', actions: output(2) },
      { priority: 0xffff, match: matchOn({ eth_type: 0x806 }), actions: output(3) },
    );
    expect([portFor(tables, 0x800), portFor(tables, 0x806)]).toEqual(['1', '1']);
    transaction.commit();
    expect([portFor(tables, 0x800), portFor(tables, 0x806)]).toEqual(['2', '3']);
  });

  it('see those before them in the same transaction', () => {
    const { tables } = someTables();
    apply(
      tables,
      { priority: 1, actions: output(1) },
      { priority: 2, match: matchOn({ eth_type: 0x800 }), actions: output(2) },
      { command: 'delete', match: matchOn({ eth_type: 0x800 }) },
      { command: 'modify', actions: output(3) },
    ).commit();
    expect(seen(tables)).toEqual(['1>3']);
    expect(tables.table(0).rules.ruleCount).toBe(1);
  });

  it('leave nothing behind when they are taken back', () => {
    const { tables, told } = someTables();
    apply(tables, { priority: 1, actions: output(1), newCookie: 5n }).commit();
    apply(
      tables,
      { priority: 1, actions: output(2) },
      { command: 'modify', actions: output(3) },
      { command: 'delete' },
      { priority: 7, newCookie: 6n },
    ).revert();
    expect(seen(tables)).toEqual(['1>1']);
    expect(tables.table(0).rules.ruleCount).toBe(1);
    expect([5n, 6n].map((cookie) => [...(tables.cookies.find(cookie) ?? [])].length)).toEqual([1, 0]);
    expect(told.length).toBe(1);
  });

  it('are told with what became of each flow', () => {
    const { tables, told } = someTables();
    apply(tables, { priority: 1 }).commit();
    apply(tables, { priority: 1, actions: output(2) }, { command: 'delete_strict', priority: 1 }).commit();
    expect(told.map((events) => events.map(({ kind }) => kind))).toEqual([
      ['added'],
      ['modified', 'removed'],
    ]);
    apply(tables, { command: 'delete' }).commit();
    expect(told.length).toBe(2);
  });

  it('keep what a flow had before, but for its actions, when they modify', () => {
    const { clock, tables } = someTables();
    apply(tables, { idleTimeout: 3, importance: 4, flags: 1, newCookie: 8n }).commit();
    const [before] = [...tables].filter(({ table }) => table === 0);
    before?.credit(5, 500, 1200);
    clock.advance(ms(1000));
    apply(tables, { command: 'modify', newCookie: undefined, actions: output(1) }).commit();
    const [after] = [...tables].filter(({ table }) => table === 0);
    expect(after).toMatchObject({
      cookie: 8n,
      idleTimeout: 3,
      importance: 4,
      flags: 1,
      packetCount: 5,
      createdAt: 1000,
      modifiedAt: 2000,
    });
  });

  it('count packets that took a flow before it was changed for what it is now', () => {
    const { tables } = someTables();
    const only = (all: FlowTables) => [...all].filter(({ table }) => table === 0);
    apply(tables, { actions: output(1) }).commit();
    const [before] = only(tables);
    apply(tables, { command: 'modify', actions: output(2) }).commit();
    before?.credit(2, 200, 1200);
    expect(only(tables).map(({ packetCount, byteCount }) => [packetCount, byteCount])).toEqual([[2, 200]]);
    const [now] = only(tables);
    apply(tables, { command: 'modify', actions: output(3) }).revert();
    now?.credit(1, 100, 1300);
    expect(only(tables).map(({ packetCount }) => packetCount)).toEqual([3]);
  });

  it('keep when a flow was last used, and what it counted where nobody resets that', () => {
    const { clock, tables } = someTables();
    apply(tables, {}).commit();
    const only = () => [...tables].filter(({ table }) => table === 0)[0];
    only()?.credit(5, 500, 1200);
    clock.advance(ms(1000));
    apply(tables, { actions: output(1) }).commit();
    expect(only()).toMatchObject({ packetCount: 5, usedAt: 1200, createdAt: 2000 });
    apply(tables, { flags: 4 }).commit();
    expect(only()).toMatchObject({ packetCount: 0, byteCount: 0, usedAt: 1200 });
  });
});
