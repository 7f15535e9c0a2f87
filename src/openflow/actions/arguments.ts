/** Kinds of arguments of actions: how they stand on the wire, and how they read. */
import { readIpv4, readMac } from '../../base/addresses.ts';
import { Malformed } from '../../base/errors.ts';
import { leadingNumber } from '../../base/numbers.ts';
import { readInteger, smallInteger } from '../../flow/fields/integer.ts';
import { type ErrorName, OpenFlowError } from '../errors.ts';
import { type Part, u8, u16, u32, u64 } from '../layout.ts';
import { firstReservedPort, port16, port32, receivedPort, reservedPorts } from '../ports.ts';
import { tableText } from '../text/names.ts';
import type { ActionText, Argument } from './declare.ts';

export const u8Argument = argumentOf(u8);
export const u16Argument = argumentOf(u16);
export const u32Argument = argumentOf(u32);
export const u64Argument = argumentOf(u64);

/** That part of a structure as an argument. */
function argumentOf<T>({ size, read, write }: Part<T>): Argument<T> {
  return { size: () => size, decode: (from) => read(from), encode: (to, value) => write(to, value) };
}

export const octets = (size: number): Argument<Uint8Array> => ({
  size: () => size,
  decode: (from) => from.octets(size),
  encode: (to, value) => to.octets(value),
});

/** An argument behind so many bytes without meaning, and not aligned. */
export function after<T>(skipped: number, argument: Argument<T>): Argument<T> {
  return {
    size: (version, isStandard) => skipped + argument.size(version, isStandard),
    decode(from, size) {
      from.skip(skipped);
      return argument.decode(from, size - skipped);
    },
    encode(to, value, size) {
      to.room(skipped);
      argument.encode(to, value, size - skipped);
    },
  };
}

/** 16 bits in OpenFlow 1.0 and in extensions, 32 in the standard since 1.1. */
export const port: Argument<number> = {
  size: (version, isStandard) => (isStandard && version > 1 ? 4 : 2),
  decode(from, size) {
    if (size === 2) return from.u16();
    const number = from.u32();
    const known = receivedPort(number);
    if (known === undefined) throw new OpenFlowError('OFPBAC_BAD_OUT_PORT', `port ${number}`);
    return known;
  },
  encode: (to, value, size) => (size === 2 ? to.u16(value) : to.u32(port32(value))),
};

/** A message of the tools, in the reference's words. */
export function wrong(why: string): Malformed {
  return new Malformed('action', 0, why);
}

/** As C's strtoull takes a number of any base; undefined when the text is not exactly one. */
export function readCInteger(text: string): bigint | undefined {
  const [, sign, digits = ''] = /^\s*([+-]?)(.+)$/s.exec(text) ?? [];
  const value = readInteger(digits);
  return value === undefined || sign !== '-' ? value : -value;
}

/** An unsigned number of at most so many bits, in decimal, octal or hexadecimal. */
export function readUnsigned(text: string, bits: number, what: string): number {
  const small = smallInteger(text);
  if (small >= 0 && small < 2 ** bits) return small;
  const value = readCInteger(text);
  if (value === undefined || value >> BigInt(bits) !== 0n) throw wrong(`invalid ${what} "${text}"`);
  return Number(value);
}

export function readU32(text: string): number {
  const small = smallInteger(text);
  return small >= 0 ? small : Number(BigInt.asUintN(32, readU64(text)));
}

/** Of a number that is too large it takes the bits that fit, and it counts negative ones from the end. */
export function readU64(text: string): bigint {
  if (text === '') throw wrong('missing required numeric argument');
  const small = smallInteger(text);
  if (small >= 0) return BigInt(small);
  const value = readCInteger(text);
  if (value === undefined || value >= 1n << 64n || value <= -(1n << 64n))
    throw wrong(`invalid numeric format ${text}`);
  return BigInt.asUintN(64, value);
}

/** The number that a text begins with, 0 without one, cut to so many bits: how the reference takes some arguments. */
export function readLeadingNumber(text: string, bits: number): number {
  return Number(BigInt.asUintN(bits, BigInt.asIntN(32, clampedToLong(leadingNumber(text, 10).value))));
}

/** C's atoi reads a long and keeps its lower half. */
function clampedToLong(value: bigint): bigint {
  const most = (1n << 63n) - 1n;
  if (value > most) return most;
  return value < -most - 1n ? -most - 1n : value;
}

export function readEthernet(text: string): Uint8Array {
  try {
    return readMac(text);
  } catch {
    throw wrong(`invalid mac address ${text}`);
  }
}

export function readAddress(text: string): Uint8Array {
  try {
    return readIpv4(text);
  } catch {
    throw wrong(`${text}: could not convert to IP address`);
  }
}

/** The port of that name or number, in either of its forms; undefined for one that cannot be. */
export function readPortArgument(text: string, { ports }: ActionText): number | undefined {
  const found = ports.read(text);
  return found === undefined || found <= 0xffff ? found : port16(found);
}

export function readTable(text: string, { tables = tableText }: ActionText): number | undefined {
  return tables.read(text);
}

export function formatTable(table: number, { tables = tableText }: ActionText): string {
  return tables.format(table);
}

/** Bytes as an action's text has them, "01.02.03". */
export function formatDotted(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('.');
}

/** Pairs of hexadecimal digits, with dots and spaces between them or not; undefined when they are not. */
export function readDotted(text: string): Uint8Array | undefined {
  const digits = text.replaceAll(/[.\s]/g, '');
  return /^([0-9a-fA-F]{2})*$/.test(digits) ? Uint8Array.from(Buffer.from(digits, 'hex')) : undefined;
}

/** Refuses bytes that must be zero where they are not. */
export function checkZero(bytes: Uint8Array, errorName: ErrorName = 'NXBRC_MUST_BE_ZERO'): void {
  if (bytes.some((byte) => byte !== 0)) throw new OpenFlowError(errorName, 'bytes that must be zero');
}

/** What an action may send to: real ports below `limit`, and reserved ones. */
export function checkOutputPort(to: number, limit = firstReservedPort): ErrorName | undefined {
  if (to < limit && to < firstReservedPort) return undefined;
  return to >= reservedPorts.IN_PORT && to < reservedPorts.ANY ? undefined : 'OFPBAC_BAD_OUT_PORT';
}
