/** Numbers as text, as C prints them. */

/** "0x1f", and "0" for zero: C's %#x. */
export function hexOrZero(value: number | bigint): string {
  return value === 0 || value === 0n ? '0' : `0x${value.toString(16)}`;
}
