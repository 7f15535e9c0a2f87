import { describe, expect, it } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { Timers } from '../base/timers.ts';
import { ms } from '../base/units.ts';
import { matchOn } from '../flow/match.ts';
import { OpenFlowError } from '../openflow/errors.ts';
import { allBuckets } from '../openflow/messages/buckets.ts';
import { type FlowMod, plainFlowMod } from '../openflow/messages/flow-mod.ts';
import type { GroupMod } from '../openflow/messages/group-mod.ts';
import { ChangeTurns } from './change-turns.ts';
import { GroupTable } from './groups/group-table.ts';
import { SwitchTransaction } from './switch-transaction.ts';
import type { FlowEvent } from './tables/flow-events.ts';
import { FlowTables } from './tables/flow-tables.ts';

function someSwitch() {
  const clock = new FakeClock(0);
  const told: FlowEvent[] = [];
  const tables = new FlowTables({
    clock,
    turns: new ChangeTurns(new Timers(clock)),
    onChange: (events) => told.push(...events),
    onReordered: () => {},
    onEnd: () => {},
  });
  const groups = new GroupTable();
  const changed: number[] = [];
  const begin = () =>
    new SwitchTransaction({
      tables,
      groups,
      meters: new Map(),
      groupsChanged: (numbers) => changed.push(...numbers),
      now: () => ms(0),
    });
  return { tables, groups, told, changed, begin };
}

function all(steps: Iterable<void>): void {
  for (const _ of steps);
}

const toGroup = (group: number, table = 0): FlowMod => ({
  ...plainFlowMod,
  command: 'add',
  table,
  match: matchOn({}),
  newCookie: 0n,
  actions: [{ do: 'group', group }],
});

const groupMod = (command: GroupMod['command'], group: number): GroupMod => ({
  command,
  group,
  type: 'all',
  selection: undefined,
  buckets: [],
  commandBucket: allBuckets,
});

const flowsIn = (tables: FlowTables) =>
  [...tables].filter(({ table }) => table < 254).map(({ table }) => table);

describe('a transaction of a switch', () => {
  it('lets a flow use a group that the same transaction adds', () => {
    const { tables, groups, changed, begin } = someSwitch();
    const transaction = begin();
    transaction.modifyGroup(groupMod('add', 1));
    all(transaction.modifyFlows(toGroup(1)));
    expect([groups.get(1), flowsIn(tables)]).toEqual([undefined, []]);
    all(transaction.commitSteps());
    expect([groups.get(1)?.group, flowsIn(tables), changed]).toEqual([1, [0], [1]]);
    expect(tables.groupUsers.countOf(1)).toBe(1);
  });

  it('refuses a flow to a group that is not there, and leaves all as it was when it is reverted', () => {
    const { tables, groups, begin } = someSwitch();
    const transaction = begin();
    transaction.modifyGroup(groupMod('add', 1));
    all(transaction.modifyFlows(toGroup(1)));
    expect(() => all(transaction.modifyFlows(toGroup(2)))).toThrow(OpenFlowError);
    all(transaction.revertSteps());
    expect([groups.get(1), flowsIn(tables), tables.groupUsers.countOf(1)]).toEqual([undefined, [], 0]);
  });

  it('takes flows away with their group, those that it added itself too', () => {
    const { tables, told, begin } = someSwitch();
    const before = begin();
    before.modifyGroup(groupMod('add', 1));
    all(before.modifyFlows(toGroup(1)));
    all(before.commitSteps());
    told.length = 0;
    const transaction = begin();
    all(transaction.modifyFlows(toGroup(1, 3)));
    transaction.modifyGroup(groupMod('delete', 1));
    all(transaction.commitSteps());
    expect(flowsIn(tables)).toEqual([]);
    expect(told.filter(({ kind }) => kind === 'removed')).toMatchObject([
      { reason: 'group_delete' },
      { reason: 'group_delete' },
    ]);
    expect(tables.groupUsers.countOf(1)).toBe(0);
  });

  it('shows what it would be, and is not that afterwards', () => {
    const { tables, groups, begin } = someSwitch();
    const transaction = begin();
    transaction.modifyGroup(groupMod('add', 1));
    all(transaction.modifyFlows(toGroup(1)));
    expect(transaction.preview(() => [groups.get(1)?.group, flowsIn(tables)])).toEqual([1, [0]]);
    expect([groups.get(1), flowsIn(tables)]).toEqual([undefined, []]);
  });
});
