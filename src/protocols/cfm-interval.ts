/** Intervals of continuity checks: IEEE 802.1ag-2007 table 21-16. */

/** Milliseconds, by their numbers; 0 is none. */
const standard = [undefined, 3, 10, 100, 1000, 10_000, 60_000, 600_000] as const;

export interface CfmInterval {
  /** As a message says it; 0 for one that the standard has not. */
  readonly number: number;
  readonly milliseconds: number;
}

/** The longest that the standard has and is no longer; in extended mode, that one itself. */
export function cfmInterval(milliseconds: number, isExtended: boolean): CfmInterval {
  const number = Math.max(
    1,
    standard.findLastIndex((each) => each !== undefined && each <= milliseconds),
  );
  const found = standard[number] ?? 0;
  if (isExtended && found !== milliseconds)
    return { number: 0, milliseconds: Math.min(milliseconds, 0xffff) };
  return { number, milliseconds: found };
}
