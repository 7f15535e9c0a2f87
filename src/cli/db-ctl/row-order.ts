/**
 * The order in which the reference lists rows: that of a hash table keyed by the first 32 bits of the uuid, which is
 * doubled as rows come in. Scripts see it, so both tools must show it.
 */
import { maskFor } from '../hash-order.ts';

export function orderRows<R extends { readonly id: string }>(rows: readonly R[]): readonly R[] {
  if (rows.length < 2) return rows;
  const mask = tableMask(rows.length);
  const bucket = (row: R) => (Number.parseInt(row.id.slice(0, 8), 16) & mask) >>> 0;
  return [...rows].sort((a, b) => bucket(a) - bucket(b));
}

/** The table grows when it holds more than two rows a bucket. */
function tableMask(count: number): number {
  let mask = 0;
  for (let n = 1; n <= count; n++) if (Math.floor(n / 2) > mask) mask = maskFor(n);
  return mask;
}
