/** Kinds of arguments of actions: how they stand on the wire, and how they read. */
import { readIpv4, readMac } from '../../base/addresses.ts';
import { Malformed } from '../../base/errors.ts';
import { readInteger } from '../../flow/fields/integer.ts';
import type { PortText } from '../../flow/fields/text.ts';
import { OpenFlowError } from '../errors.ts';
import { port16, port32 } from '../ports.ts';
import type { Argument } from './declare.ts';

export const u8: Argument<number> = {
  size: () => 1,
  decode: (from) => from.u8(),
  encode: (to, value) => to.u8(value),
};

export const u16: Argument<number> = {
  size: () => 2,
  decode: (from) => from.u16(),
  encode: (to, value) => to.u16(value),
};

export const u32: Argument<number> = {
  size: () => 4,
  decode: (from) => from.u32(),
  encode: (to, value) => to.u32(value),
};

export const u64: Argument<bigint> = {
  size: () => 8,
  decode: (from) => from.u64(),
  encode: (to, value) => to.u64(value),
};

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
    const known = port16(number);
    if (known === undefined) throw new OpenFlowError('OFPBAC_BAD_OUT_PORT', `port ${number}`);
    return known;
  },
  encode: (to, value, size) => (size === 2 ? to.u16(value) : to.u32(port32(value))),
};

/** A message of the tools, in the reference's words. */
export function wrong(why: string): Malformed {
  return new Malformed('action', 0, why);
}

/** An unsigned number of at most so many bits, in decimal, octal or hexadecimal. */
export function readUnsigned(text: string, bits: number, what: string): number {
  const value = readInteger(text);
  if (value === undefined) throw wrong(`invalid ${what} "${text}"`);
  if (value >> BigInt(bits) !== 0n) throw wrong(`invalid ${what} "${text}"`);
  return Number(value);
}

export function readU32(text: string): number {
  const value = readInteger(text);
  if (value === undefined) throw wrong(`invalid numeric format ${text}`);
  return Number(BigInt.asUintN(32, value));
}

export function readU64(text: string): bigint {
  const value = readInteger(text);
  if (value === undefined) throw wrong(`invalid numeric format ${text}`);
  return BigInt.asUintN(64, value);
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

export function readOutputPort(text: string, ports: PortText): number {
  const found = ports.read(text);
  if (found === undefined || found > 0xffff) throw wrong(`${text}: output to unknown port`);
  return found;
}
