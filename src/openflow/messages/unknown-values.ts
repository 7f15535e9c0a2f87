/** Values that are not known, as they stand on the wire. */
import type { Duration } from '../layout.ts';

/** A time that is not told, as it stands on the wire. */
export const unknownDuration: Duration = { seconds: 0xffffffff, nanoseconds: 0xffffffff };

/** A count that is not known, as it stands on the wire. */
export function wholeCount(count: bigint | undefined): bigint {
  return count ?? 0xffffffffffffffffn;
}
