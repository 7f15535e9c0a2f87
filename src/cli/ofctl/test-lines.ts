/** What commands for tests share: lines of standard input, and the comparison of bytes with what became of them. */
import { readFileSync } from 'node:fs';
import { readHexBytes } from '../../base/hex-dump.ts';
import { decodeText } from '../../base/text.ts';
import { Fatal } from '../../daemon/program.ts';

const standardInput = 0;

export function inputLines(): readonly string[] {
  const text = decodeText(readFileSync(standardInput));
  const lines = text.split('\n');
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

/** Those that say something, without what follows "#". */
export function plainLines(): readonly string[] {
  return inputLines()
    .map(withoutComment)
    .filter((line) => !isBlank(line));
}

export function withoutComment(line: string): string {
  const at = line.indexOf('#');
  return at < 0 ? line : line.slice(0, at);
}

export function isBlank(line: string): boolean {
  return /^[ \t\n]*$/.test(line);
}

/** Throws Fatal. */
export function hexLine(line: string, size?: number): Uint8Array {
  const bytes = readHexBytes(line);
  if (bytes === undefined) throw new Fatal('Trailing garbage in hex data');
  if (size !== undefined && bytes.length !== size)
    throw new Fatal(`Input is ${bytes.length} bytes, expected ${size}`);
  return bytes;
}

/** A line for each byte that differs. */
export function differences(before: Uint8Array, now: Uint8Array, prefix = ''): string {
  const hex = (byte: number | undefined): string =>
    byte === undefined ? '(none)' : byte.toString(16).padStart(2, '0');
  const count = Math.max(before.length, now.length);
  return Array.from({ length: count }, (_, n) => n)
    .filter((n) => before[n] !== now[n])
    .map((n) => `${prefix}${String(n).padStart(2)}: ${hex(before[n])} -> ${hex(now[n])}\n`)
    .join('');
}
