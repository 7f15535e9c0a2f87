/**
 * The order in which the reference lists rows: that of a hash table keyed by the first 32 bits of the uuid, which is
 * doubled as rows come in. Scripts see it, so both tools must show it.
 */
import { maskFor } from '../../base/hash-order.ts';

export function orderRows<R extends { readonly id: string }>(rows: readonly R[]): readonly R[] {
  if (rows.length < 2) return rows;
  const mask = maskFor(rows.length);
  const bucket = (row: R) => Number.parseInt(row.id.slice(0, 8), 16) & mask;
  return [...rows].sort((a, b) => bucket(a) - bucket(b));
}
