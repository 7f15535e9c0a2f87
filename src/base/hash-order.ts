/**
 * The order in which the reference lists things that it keeps in a hash table by name or number, where it does not sort
 * them. Scripts compare such lists, so ours come in the same order. The hash is MurmurHash3's 32-bit mixing (public
 * domain).
 */
import { finishHash, hashOfWide, mixWord } from './murmur3.ts';
import { encodeText } from './text.ts';

/** Things that came in the order of `list`, in the order of the table. */
export function orderAsHashed<T>(list: readonly T[], nameOf: (one: T) => string | number | bigint): T[] {
  if (list.length < 2) return [...list];
  const hashes = list.map((one) => hashKey(nameOf(one)));
  let mask = 0;
  let buckets: number[][] = [];
  /** By its place in the list. */
  const put = (n: number): void => {
    const at = (hashes[n] ?? 0) & mask;
    const bucket = buckets[at];
    if (bucket === undefined) buckets[at] = [n];
    else bucket.unshift(n); // the newest comes first
  };
  const everything = (): number[] => buckets.flatMap((bucket) => bucket ?? []);
  for (const n of list.keys()) {
    put(n);
    if (Math.floor((n + 1) / 2) <= mask) continue;
    const before = everything();
    mask = maskFor(n + 1);
    buckets = [];
    for (const each of before) put(each);
  }
  return everything().flatMap((n) => list.slice(n, n + 1));
}

/** Where in a table of that many a name is: those of lower places are listed first. */
export function placeAmong(name: string, count: number): number {
  return hashName(name) & maskFor(count);
}

/** A table of that many elements has a power of two of buckets, at least four. */
export function maskFor(count: number): number {
  let mask = Math.floor(count / 2);
  for (let shift = 1; shift < 32; shift *= 2) mask |= mask >> shift;
  return mask | ((mask & 1) << 1);
}

function hashKey(key: string | number | bigint): number {
  if (typeof key === 'bigint') return hashOfWide(key);
  return typeof key === 'string' ? hashName(key) : finishHash(mixWord(mixWord(key, 0), 0) ^ 8);
}

/** The reference's hash of a text. */
export function hashName(name: string): number {
  const bytes = encodeText(name);
  let hash = 0;
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) hash = mixWord(hash, bytes.readUInt32LE(at));
  if (at < bytes.length) {
    const tail = Buffer.alloc(4);
    bytes.copy(tail, 0, at);
    hash = mixWord(hash, tail.readUInt32LE(0));
  }
  return finishHash(hash ^ bytes.length);
}
