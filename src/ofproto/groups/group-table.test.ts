import { describe, expect, it } from 'vitest';
import { ms } from '../../base/units.ts';
import { OpenFlowError } from '../../openflow/errors.ts';
import { allBuckets, type Bucket, firstBucket, lastBucket } from '../../openflow/messages/buckets.ts';
import { anyGroup } from '../../openflow/messages/flow-mod.ts';
import type { GroupMod } from '../../openflow/messages/group-mod.ts';
import { allGroups } from '../../openflow/messages/group-values.ts';
import { GroupChanges, GroupTable } from './group-table.ts';

const bucket = (id: number): Bucket => ({
  id,
  weight: 1,
  watchPort: undefined,
  watchGroup: anyGroup,
  actions: [],
});

function mod(change: Partial<GroupMod>): GroupMod {
  const plain = {
    group: 1,
    type: 'select',
    selection: undefined,
    buckets: [],
    commandBucket: allBuckets,
  } as const;
  return { command: 'add', ...plain, ...change };
}

function apply(table: GroupTable, ...mods: readonly Partial<GroupMod>[]): GroupChanges {
  const changes = new GroupChanges(table);
  for (const [n, change] of mods.entries()) changes.apply(mod(change), ms(n));
  return changes;
}

function errorOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (why) {
    if (why instanceof OpenFlowError) return why.errorName;
    throw why;
  }
  return undefined;
}

const idsOf = (table: GroupTable, group = 1) => table.get(group)?.buckets.map(({ id }) => id);
const withBuckets = (...ids: number[]) => {
  const table = new GroupTable();
  apply(table, { buckets: ids.map(bucket) }).swap();
  return table;
};

describe('changes of groups', () => {
  it('are seen together, and by the changes after them', () => {
    const table = new GroupTable();
    const changes = apply(table, { buckets: [bucket(1)] }, { command: 'delete' }, { buckets: [bucket(2)] });
    expect([...table]).toEqual([]);
    changes.swap();
    expect(idsOf(table)).toEqual([2]);
    changes.swap();
    expect([...table]).toEqual([]);
  });

  it.each([
    [firstBucket, [5, 6, 1, 2]],
    [lastBucket, [1, 2, 5, 6]],
    [1, [1, 5, 6, 2]],
  ])('insert buckets behind %i', (commandBucket, ids) => {
    const table = withBuckets(1, 2);
    apply(table, { command: 'insert_bucket', commandBucket, buckets: [bucket(5), bucket(6)] }).swap();
    expect(idsOf(table)).toEqual(ids);
  });

  it.each([
    [firstBucket, [2, 3]],
    [lastBucket, [1, 2]],
    [allBuckets, []],
    [2, [1, 3]],
  ])('remove bucket %i', (commandBucket, ids) => {
    const table = withBuckets(1, 2, 3);
    apply(table, { command: 'remove_bucket', commandBucket }).swap();
    expect(idsOf(table)).toEqual(ids);
  });

  it('keep the counts of buckets that stay, and forget those of all others', () => {
    const table = withBuckets(1);
    const before = table.get(1);
    before?.credit(before.buckets, 3, 300);
    apply(table, { command: 'insert_bucket', commandBucket: lastBucket, buckets: [bucket(2)] }).swap();
    expect(table.get(1)?.packetCount).toBe(0);
    expect(table.get(1)?.buckets.map(({ packetCount }) => packetCount)).toEqual([3, 0]);
    apply(table, { command: 'modify', buckets: [bucket(1)] }).swap();
    expect(table.get(1)?.buckets.map(({ byteCount }) => byteCount)).toEqual([0]);
  });

  it('delete all groups, those of this change too', () => {
    const table = withBuckets(1);
    const changes = apply(table, { group: 2 });
    expect(changes.apply(mod({ command: 'delete', group: allGroups }), ms(0)).sort()).toEqual([1, 2]);
    changes.swap();
    expect([...table]).toEqual([]);
  });

  it.each<[string, Partial<GroupMod>]>([
    ['OFPGMFC_GROUP_EXISTS', { command: 'add' }],
    ['OFPGMFC_UNKNOWN_GROUP', { command: 'modify', group: 2 }],
    ['OFPGMFC_INVALID_GROUP', { command: 'add', group: 0xffffff01 }],
    ['OFPGMFC_UNKNOWN_BUCKET', { command: 'insert_bucket', commandBucket: 9 }],
    ['OFPGMFC_UNKNOWN_BUCKET', { command: 'remove_bucket', commandBucket: 9 }],
    ['OFPGMFC_BUCKET_EXISTS', { command: 'insert_bucket', commandBucket: 1, buckets: [bucket(1)] }],
  ])('are refused with %s', (name, change) => {
    const table = withBuckets(1);
    expect(errorOf(() => apply(table, change))).toBe(name);
  });
});
