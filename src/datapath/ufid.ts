/**
 * Names of datapath flows that hold outside the process: 128 bits, in the form of a random UUID (RFC 9562, version 4).
 * A flow's is a hash of its key, so a packet has the same in every listing, or was chosen by whoever put the flow.
 */
import { systemRandom } from '../base/random.ts';
import type { Unit } from '../base/units.ts';
import type { Match } from '../flow/match.ts';

/** In lower case. */
export type Ufid = Unit<string, 'ufid'>;

/** Nobody outside the process can choose keys that collide. */
const seeds = Array.from({ length: 4 }, () => systemRandom.u32());

/** Of a packed key; the mask under which a flow looks at it does not count. */
export function ufidOf(key: Match): Ufid {
  const [a = 0, b = 0, c = 0, d = 0] = seeds.map((seed) => hashOf(key, seed));
  return formatUfid([a, (b & 0xffff0fff) | 0x4000, (c & 0x3fffffff) | 0x80000000, d]);
}

/** In front of one in the text of flows. */
export const ufidPrefix = 'ufid:';

/** At the start of a text; undefined when there is none. */
export function ufidAtStart(text: string): Ufid | undefined {
  const [found] = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i.exec(text) ?? [];
  return found?.toLowerCase() as Ufid | undefined; // has the form of one
}

/** Length of a ufid's text. */
export const ufidLength = 36;

function formatUfid(words: readonly number[]): Ufid {
  const hex = words.map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5') as Ufid; // 32 digits
}

function hashOf({ mask, values }: Match, seed: number): number {
  let hash = seed;
  for (let n = 0; n < values.length; n++) {
    hash = Math.imul(hash ^ (mask.words[n] ?? 0), 0xcc9e2d51);
    hash = Math.imul(hash ^ (hash >>> 16) ^ (values[n] ?? 0), 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0xc2b2ae35);
  return hash ^ (hash >>> 13);
}
