/**
 * The order in which the reference lists rows: that of a hash table keyed by the first 32 bits of the uuid, which is
 * doubled as rows come in. Scripts see it, so both tools must show it.
 */
export function orderRows<R extends { readonly id: string }>(rows: readonly R[]): readonly R[] {
  if (rows.length < 2) return rows;
  const mask = tableMask(rows.length);
  const bucket = (row: R) => (Number.parseInt(row.id.slice(0, 8), 16) & mask) >>> 0;
  return [...rows].sort((a, b) => bucket(a) - bucket(b));
}

/** A table grows when it holds more than two rows a bucket, then to the power of two that fits half of its rows. */
function tableMask(count: number): number {
  let mask = 0;
  for (let n = 1; n <= count; n++) {
    if (Math.floor(n / 2) <= mask) continue;
    mask = Math.floor(n / 2);
    for (let shift = 1; shift < 32; shift *= 2) mask |= mask >> shift;
    mask |= (mask & 1) << 1;
  }
  return mask;
}
