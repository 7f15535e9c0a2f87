/**
 * The hashes of a balancing bond: each of 256 belongs to a member, and what it carries is counted, so that load can be
 * shifted from a member that carries much to one that carries little. Used by `Bond`.
 */
import { logger } from '../base/log.ts';

const log = logger('bond');

export const bucketCount = 256;

/** What a bond asks of a member of its own. */
export interface BucketOwner {
  readonly name: string;
  readonly isEnabled: boolean;
}

interface Bucket<M> {
  readonly hash: number;
  owner: M | undefined;
  /** What it carried, older bytes counting less. */
  bytes: number;
  /** Of a counter that is read now and then: what it showed the last time. */
  seenBytes: number;
}

/** A member, and those of its buckets that carry anything, the heaviest first. */
interface Load<M> {
  readonly member: M;
  bytes: number;
  buckets: Bucket<M>[];
}

/** Bytes that two members may differ by in any case. */
const leastDifference = 100_000;

export class BondBuckets<M extends BucketOwner> {
  readonly #bond: string;
  readonly #buckets: readonly Bucket<M>[];

  constructor(bond: string) {
    this.#bond = bond;
    this.#buckets = Array.from({ length: bucketCount }, (_, hash) => ({
      hash,
      owner: undefined,
      bytes: 0,
      seenBytes: 0,
    }));
  }

  /** Of any hash: its last bits decide. */
  ownerOf(hash: number): M | undefined {
    return this.#bucket(hash).owner;
  }

  give(hash: number, owner: M | undefined): void {
    this.#bucket(hash).owner = owner;
  }

  bytesOf(hash: number): number {
    return this.#bucket(hash).bytes;
  }

  account(hash: number, bytes: number): void {
    this.#bucket(hash).bytes += bytes;
  }

  /** The same for a counter that never begins anew while the bucket has an owner. */
  accountTotal(hash: number, total: number): void {
    const bucket = this.#bucket(hash);
    if (bucket.owner === undefined) return;
    bucket.bytes += total - bucket.seenBytes;
    bucket.seenBytes = total;
  }

  /** The member is there no more. */
  forget(owner: M): void {
    for (const bucket of this.#buckets) if (bucket.owner === owner) bucket.owner = undefined;
  }

  /** Has `chooseOwner` name one for each that has none, or one that is not enabled. True where that changed anything. */
  fill(chooseOwner: () => M | undefined): boolean {
    let isChanged = false;
    for (const bucket of this.#buckets) {
      if (bucket.owner?.isEnabled === true) continue;
      const owner = chooseOwner();
      isChanged ||= owner !== bucket.owner;
      bucket.owner = owner;
    }
    return isChanged;
  }

  /** Shifts load between the enabled ones of `members`, and lets what was counted fade. True where a bucket moved. */
  rebalance(members: Iterable<M>): boolean {
    const loads = this.#loadsOf(members);
    log.dbg(() => `bond ${this.#bond}:${loads.map(formatLoad).join(',')}`);
    let isShifted = false;
    while (loads.length > 1) {
      sortByLoad(loads);
      const [from] = loads;
      const to = loads.at(-1);
      if (from === undefined || to === undefined) break;
      const overload = from.bytes - to.bytes;
      if (overload < to.bytes / 32 || overload < leastDifference) break;
      const moved = bucketsToMove(from, to.bytes);
      if (moved.length === 0) loads.shift();
      for (const bucket of moved) this.#shift(bucket, from, to);
      isShifted ||= moved.length > 0;
    }
    for (const bucket of this.#buckets) bucket.bytes = Math.floor(bucket.bytes / 2);
    return isShifted;
  }

  #shift(bucket: Bucket<M>, from: Load<M>, to: Load<M>): void {
    const { hash, bytes } = bucket;
    from.bytes -= bytes;
    to.bytes += bytes;
    from.buckets = from.buckets.filter((other) => other !== bucket);
    bucket.owner = to.member;
    const now = `now carrying ${kilobytes(from.bytes)} and ${kilobytes(to.bytes)} load, respectively`;
    log.info(
      `bond ${this.#bond}: shift ${kilobytes(bytes)} of load (with hash ${hash}) from ${from.member.name} to ${to.member.name} (${now})`,
    );
  }

  #loadsOf(members: Iterable<M>): Load<M>[] {
    const loads = new Map<M, Load<M>>();
    for (const member of members) if (member.isEnabled) loads.set(member, { member, bytes: 0, buckets: [] });
    const byBytes = [...this.#buckets].sort((a, b) => b.bytes - a.bytes);
    for (const bucket of byBytes) {
      const load = bucket.owner === undefined || bucket.bytes === 0 ? undefined : loads.get(bucket.owner);
      if (load === undefined) continue;
      load.bytes += bucket.bytes;
      load.buckets.push(bucket);
    }
    return sortByLoad([...loads.values()]);
  }

  #bucket(hash: number): Bucket<M> {
    const bucket = this.#buckets[hash & (bucketCount - 1)];
    if (bucket === undefined) throw new Error(`no bucket for ${hash}`); // there is one for each number of 8 bits
    return bucket;
  }
}

function sortByLoad<M>(loads: Load<M>[]): Load<M>[] {
  return loads.sort((a, b) => b.bytes - a.bytes);
}

/**
 * Those that bring two members closest to the same load without going beyond it; none where that is not worth it: the
 * gain would be less than a tenth, or the member has but one bucket, which would only be heavy elsewhere.
 */
function bucketsToMove<M>(from: Load<M>, lowerBytes: number): Bucket<M>[] {
  const { buckets } = from;
  const lightest = buckets.at(-1);
  if (lightest === undefined || buckets.length < 2) return [];
  const wanted = Math.floor((from.bytes + lowerBytes) / 2) - lowerBytes;
  const leastGain = Math.floor(wanted / 10);
  const chosen: Bucket<M>[] = [];
  let moved = 0;
  for (const bucket of buckets) {
    if (moved + bucket.bytes <= wanted) {
      chosen.push(bucket);
      moved += bucket.bytes;
    }
    if (wanted - moved < leastGain) break;
  }
  if (chosen.length === 0) {
    chosen.push(lightest);
    moved = lightest.bytes;
  }
  const gain = Math.min(from.bytes - moved, lowerBytes + moved) - lowerBytes;
  return gain > 0 && gain >= leastGain ? chosen : [];
}

function kilobytes(bytes: number): string {
  return `${Math.floor(bytes / 1024)}kB`;
}

function formatLoad<M extends BucketOwner>({ member, bytes, buckets }: Load<M>): string {
  const parts = buckets.map((bucket) => `h${bucket.hash}: ${kilobytes(bucket.bytes)}`);
  return ` ${member.name} ${kilobytes(bytes)}${parts.length === 0 ? '' : ` (${parts.join(' + ')})`}`;
}
