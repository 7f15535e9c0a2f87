/** One map without pairs, for whoever keeps very many things that mostly have none: 200 bytes less for each. */
export const emptyMap: ReadonlyMap<never, never> = Object.defineProperty(new Map<never, never>(), 'set', {
  /** Throws TypeError: it would be written into all that share it. */
  value(): never {
    throw new TypeError('the map of those that have no pairs cannot be written');
  },
});
