/**
 * Uuids for rows that are not there yet: they only tell rows of one transaction apart, since the server gives the real
 * ones. Made without the cryptography library, which takes longer to load than most commands to run.
 */
import type { Random } from '../../base/random.ts';

/** RFC 4122 version 4 form. */
export function makeRowUuid(random: Random): string {
  const hex = Array.from({ length: 4 }, () => random.u32().toString(16).padStart(8, '0')).join('');
  const variant = '89ab'[Number.parseInt(hex.charAt(16), 16) & 3];
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20),
  ].join('-');
}
