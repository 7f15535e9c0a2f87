/** The groups of a switch by number, and changes of several of them that are seen whole or not at all. */
import type { Ms } from '../../base/units.ts';
import { OpenFlowError } from '../../openflow/errors.ts';
import { allBuckets, type Bucket, firstBucket, lastBucket } from '../../openflow/messages/buckets.ts';
import type { GroupMod } from '../../openflow/messages/group-mod.ts';
import { allGroups, lastGroup } from '../../openflow/messages/group-values.ts';
import { Group, GroupBucket } from './group.ts';

export class GroupTable {
  readonly #groups = new Map<number, Group>();

  get(number: number): Group | undefined {
    return this.#groups.get(number);
  }

  /** Puts a group in the place of the one of that number; undefined takes it away. */
  set(number: number, group: Group | undefined): void {
    if (group === undefined) this.#groups.delete(number);
    else this.#groups.set(number, group);
  }

  /** As they came. */
  [Symbol.iterator](): IterableIterator<Group> {
    return this.#groups.values();
  }
}

/** The groups as they will be. One owner, who calls `commit` or forgets it. */
export class GroupChanges {
  readonly #table: GroupTable;
  /** What will be, by number; undefined for what will be gone. */
  readonly #changed = new Map<number, Group | undefined>();

  constructor(table: GroupTable) {
    this.#table = table;
  }

  /** Those that change. */
  get numbers(): Iterable<number> {
    return this.#changed.keys();
  }

  get(number: number): Group | undefined {
    return this.#changed.has(number) ? this.#changed.get(number) : this.#table.get(number);
  }

  /** Throws OpenFlowError. Returns the numbers of groups that are no more. */
  apply(mod: GroupMod, now: Ms): number[] {
    if (mod.command === 'delete') return this.#delete(mod.group);
    const before = this.get(mod.group);
    if (mod.command === 'add' && before !== undefined)
      throw new OpenFlowError('OFPGMFC_GROUP_EXISTS', `there is a group ${mod.group} already`);
    const isNew = mod.command === 'add' || mod.command === 'add_or_modify';
    if (!isNew && before === undefined)
      throw new OpenFlowError('OFPGMFC_UNKNOWN_GROUP', `there is no group ${mod.group}`);
    if (mod.group > lastGroup)
      throw new OpenFlowError('OFPGMFC_INVALID_GROUP', `the number ${mod.group} is none of a group`);
    this.#changed.set(mod.group, changed(mod, before, now));
    return [];
  }

  /** Shows what was to be, and keeps what was before: done twice, nothing has changed. */
  swap(): void {
    for (const [number, group] of this.#changed) {
      this.#changed.set(number, this.#table.get(number));
      this.#table.set(number, group);
    }
  }

  #delete(number: number): number[] {
    const before = number === allGroups ? this.#numbers() : [number];
    const gone = before.filter((each) => this.get(each) !== undefined);
    for (const each of gone) this.#changed.set(each, undefined);
    return gone;
  }

  #numbers(): number[] {
    return [...new Set([...[...this.#table].map(({ group }) => group), ...this.#changed.keys()])];
  }
}

function changed(mod: GroupMod, before: Group | undefined, now: Ms): Group {
  const made = mod.buckets.map((bucket) => new GroupBucket(bucket));
  if (before === undefined) return new Group(mod, made, now);
  switch (mod.command) {
    case 'insert_bucket':
      return new Group(before, insert(before.buckets, made, mod.commandBucket), before.createdAt);
    case 'remove_bucket':
      return new Group(before, remove(before.buckets, mod.commandBucket), before.createdAt);
    default:
      return new Group(mod, made, before.createdAt);
  }
}

function insert(
  present: readonly GroupBucket[],
  made: readonly GroupBucket[],
  place: number,
): readonly GroupBucket[] {
  for (const { id } of made)
    if (present.some((bucket) => bucket.id === id))
      throw new OpenFlowError('OFPGMFC_BUCKET_EXISTS', `there is a bucket ${id} already`);
  if (place === firstBucket) return [...made, ...present];
  if (place === lastBucket) return [...present, ...made];
  const at = placeOf(present, place);
  return [...present.slice(0, at + 1), ...made, ...present.slice(at + 1)];
}

function remove(present: readonly GroupBucket[], which: number): readonly GroupBucket[] {
  if (which === allBuckets) return [];
  if (which === firstBucket) return present.slice(1);
  if (which === lastBucket) return present.slice(0, -1);
  const at = placeOf(present, which);
  return present.filter((_, n) => n !== at);
}

function placeOf(present: readonly Bucket[], id: number): number {
  const at = present.findIndex((bucket) => bucket.id === id);
  if (at < 0) throw new OpenFlowError('OFPGMFC_UNKNOWN_BUCKET', `there is no bucket ${id}`);
  return at;
}
