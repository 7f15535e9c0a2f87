/** Randomness, as something that is passed in: a seeded source makes a simulation repeatable. */
import { randomUUID } from 'node:crypto';
import { type Uuid, uuid } from './units.ts';

export interface Random {
  /** 0 .. 2^32-1, uniform. */
  u32(): number;
}

/** Good for spreading load, not for secrets. */
export const systemRandom: Random = { u32: () => Math.floor(Math.random() * 2 ** 32) };

/** Random (version 4) as RFC 4122 has it, and not to be guessed. */
export function randomUuid(): Uuid {
  // The language's own comes in two dozen pieces that are joined when somebody looks: ten times the memory until then.
  return uuid(Buffer.from(randomUUID(), 'latin1').toString('latin1'));
}

/** Repeats for the same seed (xorshift32, Marsaglia 2003). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0 || 0x9e3779b9;
  return {
    u32() {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      state >>>= 0;
      return state;
    },
  };
}
