/** `ct` actions as text, with their address translation. */

import { formatIpv4, formatIpv6 } from '../../base/addresses.ts';
import { hexOrZero } from '../../base/numbers.ts';
import type { Conntrack, DpActionOf, DpNatRange, Nat } from '../actions.ts';
import { hexNumber, type TextCursor } from './cursor.ts';

export function formatConntrack(ct: Conntrack): string {
  const parts: string[] = [];
  if (ct.commit !== undefined) parts.push(ct.commit);
  if (ct.zone !== 0) parts.push(`zone=${ct.zone}`);
  if (ct.mark !== undefined) parts.push(`mark=${hexOrZero(ct.mark.value)}/${hexOrZero(ct.mark.mask)}`);
  if (ct.label !== undefined) {
    const isExact = ct.label.mask.every((word) => word === 0xffffffff);
    const mask = isExact ? '' : `/${hexNumber(bytesOf(ct.label.mask))}`;
    parts.push(`label=${hexNumber(bytesOf(ct.label.value))}${mask}`);
  }
  if (ct.helper !== undefined) parts.push(`helper=${ct.helper}`);
  if (ct.timeout !== undefined) parts.push(`timeout=${ct.timeout}`);
  if (ct.nat !== undefined) parts.push(formatNat(ct.nat));
  return parts.length === 0 ? 'ct' : `ct(${parts.join(',')})`;
}

function formatNat({ direction, range, isPersistent, choosesPortBy }: Nat): string {
  if (direction === undefined) return 'nat';
  const parts = [direction + (range === undefined ? '' : `=${formatRange(range)}`)];
  if (isPersistent === true) parts.push('persistent');
  if (choosesPortBy !== undefined) parts.push(choosesPortBy);
  return `nat(${parts.join(',')})`;
}

function formatRange({ min, max, minPort, maxPort }: DpNatRange): string {
  const format = (address: readonly number[]): string => {
    if (address.length === 4) return formatIpv4(address);
    return minPort === undefined ? formatIpv6(address) : `[${formatIpv6(address)}]`;
  };
  const ports = minPort === undefined ? '' : `:${minPort}${maxPort === undefined ? '' : `-${maxPort}`}`;
  return format(min) + (max === undefined ? '' : `-${format(max)}`) + ports;
}

function bytesOf(words: readonly number[]): number[] {
  return words.flatMap((word) => [word >>> 24, (word >>> 16) & 0xff, (word >>> 8) & 0xff, word & 0xff]);
}

function wordsOf(bytes: readonly number[]): number[] {
  const view = new DataView(Uint8Array.from(bytes).buffer);
  return [0, 4, 8, 12].map((at) => view.getUint32(at));
}

type Read = { -readonly [K in keyof Conntrack]: Conntrack[K] };

/** Names of helpers and timeout policies end at one of these. */
const nameEnd = /[^, \t\r\n)]*/y;
const helperLimit = 15;
const timeoutLimit = 31;

/** Nothing, or (PARTS) in any order. */
export function readConntrack(cursor: TextCursor): DpActionOf<'ct'> {
  const ct: Read = { zone: 0 };
  if (cursor.take('(')) {
    while (!cursor.take(')')) {
      cursor.skipDelimiters();
      readPart(cursor, ct);
    }
  }
  return { do: 'ct', ...ct };
}

function readPart(cursor: TextCursor, ct: Read): void {
  const commit = (['commit', 'force_commit'] as const).find((name) => cursor.take(name));
  if (commit !== undefined) {
    if (ct.commit !== undefined && ct.commit !== commit)
      throw cursor.wrong('only one of commit and force_commit may be given');
    ct.commit = commit;
  } else if (cursor.take('zone=')) ct.zone = cursor.number(16, 'decimal');
  else if (cursor.take('mark=')) readMark(cursor, ct);
  else if (cursor.take('label=')) readLabel(cursor, ct);
  else if (cursor.take('helper=')) ct.helper = readName(cursor, helperLimit);
  else if (cursor.take('timeout=')) ct.timeout = readName(cursor, timeoutLimit);
  else if (cursor.take('nat')) ct.nat = readNat(cursor);
  else throw cursor.wrong(`"${cursor.text.slice(cursor.at)}" is no part of a ct action`);
}

/** A mask of zero writes nothing. */
function readMark(cursor: TextCursor, ct: Read): void {
  const value = cursor.number(32, 'hexadecimal');
  const mask = cursor.take('/') ? cursor.number(32, 'hexadecimal') : 0xffffffff;
  if (mask !== 0) ct.mark = { value, mask };
}

function readLabel(cursor: TextCursor, ct: Read): void {
  const value = wordsOf(cursor.bytes(16));
  const mask = cursor.take('/') ? wordsOf(cursor.bytes(16)) : new Array<number>(4).fill(0xffffffff);
  if (mask.some((word) => word !== 0)) ct.label = { value, mask };
}

function readName(cursor: TextCursor, limit: number): string {
  const name = cursor.match(nameEnd) ?? '';
  if (name === '' || name.length > limit)
    throw cursor.wrong(`"${name}" is no name of 1 to ${limit} characters`);
  return name;
}

interface NatParts {
  readonly directions: Set<'src' | 'dst'>;
  range: DpNatRange | undefined;
  readonly flags: Set<'persistent' | 'hash' | 'random'>;
}

function readNat(cursor: TextCursor): Nat {
  const parts: NatParts = { directions: new Set(), range: undefined, flags: new Set() };
  if (cursor.take('(')) {
    while (!cursor.take(')')) {
      cursor.skipDelimiters();
      readNatPart(cursor, parts);
    }
  }
  const { directions, range, flags } = parts;
  if (directions.size > 1) throw cursor.wrong('only one of src and dst may be given');
  if (flags.has('hash') && flags.has('random'))
    throw cursor.wrong('only one of hash and random may be given');
  const [direction] = directions;
  if (direction === undefined) return {};
  if (range === undefined) return { direction };
  const choosesPortBy = (['hash', 'random'] as const).find((name) => flags.has(name));
  return {
    direction,
    range,
    ...(flags.has('persistent') ? { isPersistent: true as const } : {}),
    ...(choosesPortBy === undefined ? {} : { choosesPortBy }),
  };
}

function readNatPart(cursor: TextCursor, parts: NatParts): void {
  const direction = (['src', 'dst'] as const).find((name) => cursor.take(name));
  if (direction !== undefined) {
    parts.directions.add(direction);
    if (cursor.take('=')) parts.range = readRange(cursor);
    return;
  }
  const flag = (['persistent', 'hash', 'random'] as const).find((name) => cursor.take(name));
  if (flag === undefined) throw cursor.wrong(`"${cursor.text.slice(cursor.at)}" is no part of nat`);
  parts.flags.add(flag);
}

function readRange(cursor: TextCursor): DpNatRange {
  const min = readAddress(cursor);
  const max = cursor.take('-') ? readAddress(cursor) : min;
  const minPort = cursor.take(':') ? cursor.number(16, 'decimal') : 0;
  const maxPort = minPort !== 0 && cursor.take('-') ? cursor.number(16, 'decimal') : 0;
  if (max.length !== min.length || isBelow(max, min) || (maxPort !== 0 && maxPort < minPort))
    throw cursor.wrong('the range ends before it begins');
  return {
    min,
    ...(isBelow(min, max) ? { max } : {}),
    ...(minPort === 0 ? {} : { minPort }),
    ...(maxPort > minPort ? { maxPort } : {}),
  };
}

const ipv4Text = /[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+/y;

function readAddress(cursor: TextCursor): number[] {
  const { at } = cursor;
  if (cursor.match(ipv4Text) !== undefined) {
    cursor.at = at;
    return cursor.ipv4();
  }
  const isInBrackets = cursor.take('[');
  const address = cursor.ipv6();
  if (isInBrackets) cursor.expect(']');
  return address;
}

function isBelow(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((byte, n) => byte !== b[n]);
  return at >= 0 && (a[at] ?? 0) < (b[at] ?? 0);
}
