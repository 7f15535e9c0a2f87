/** Pieces of text that many messages have. */
import type { Duration } from '../layout.ts';

/** Names of bits, bit 0 first; undefined for bits without one. */
export type BitNames = readonly (string | undefined)[];

/** The names of the bits that are set, then the rest as a number; "0" for none. */
export function formatBits(bits: number, names: BitNames, separator = ' '): string {
  const parts: string[] = [];
  let rest = bits;
  names.forEach((name, n) => {
    const bit = 2 ** n;
    if (name === undefined || (rest & bit) === 0) return;
    parts.push(name);
    rest &= ~bit;
  });
  if (rest !== 0) parts.push(`0x${(rest >>> 0).toString(16)}`);
  return parts.join(separator) || '0';
}

/** "12s", "12.345s", or with as many digits as are needed. */
export function formatDuration({ seconds, nanoseconds }: Duration): string {
  if (nanoseconds === 0) return `${seconds}s`;
  const isMilliseconds = nanoseconds % 1_000_000 === 0;
  const digits = isMilliseconds
    ? String(nanoseconds / 1_000_000).padStart(3, '0')
    : String(nanoseconds).padStart(9, '0').replace(/0+$/, '');
  return `${seconds}.${digits}s`;
}

/** "?" where the switch does not know it. */
export function formatCounter(value: bigint | undefined): string {
  return value === undefined ? '?' : formatBig(value);
}

/** `value.toString`, which is slow where a number has the value too. */
export function formatBig(value: bigint, radix = 10): string {
  const number = Number(value);
  return (Number.isSafeInteger(number) ? number : value).toString(radix);
}

/** A queue of all. */
export const allQueues = 0xffffffff;

export function formatQueue(queue: number): string {
  return queue === allQueues ? 'ALL' : String(queue);
}
