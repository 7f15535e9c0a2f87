/** MurmurHash3's 32-bit mixing (public domain): spreads well, keeps no secret. */

/** Mixes one more word into a hash that begins anywhere. */
export function mixWord(hash: number, word: number): number {
  const mixed = hash ^ Math.imul(rotate(Math.imul(word, 0xcc9e2d51), 15), 0x1b873593);
  return (Math.imul(rotate(mixed, 13), 5) + 0xe6546b64) | 0;
}

/** After the last word. Signed. */
export function finishHash(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** Of 64 bits. Signed. */
export function hashOfWide(value: bigint): number {
  const [low, high] = [Number(value & 0xffffffffn) | 0, Number(value >> 32n) | 0];
  return finishHash(mixWord(mixWord(0, low), high) ^ 8);
}

function rotate(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}
