/** Randomness, as something that is passed in: a seeded source makes a simulation repeatable. */

export interface Random {
  /** 0 .. 2^32-1, uniform. */
  u32(): number;
}

/** Good for spreading load, not for secrets. */
export const systemRandom: Random = { u32: () => Math.floor(Math.random() * 2 ** 32) };

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
