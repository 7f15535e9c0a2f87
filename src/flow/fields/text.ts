/**
 * Values and masks of fields as people write them (ovs-fields(7)); says what is wrong in the reference's words. Both
 * are bytes in network order, `field.bytes` long.
 */

import { formatIpv4, formatIpv6, formatMac, readIpv4, readIpv6, readMac } from '../../base/addresses.ts';
import { Malformed } from '../../base/errors.ts';
import { hexOrZero } from '../../base/numbers.ts';
import type { FieldFormat } from './field.ts';
import {
  ctStateNames,
  type FlagNames,
  formatFlags,
  readFlags,
  tcpFlagNames,
  tunnelFlagNames,
} from './flags.ts';
import type { Field } from './index.ts';
import { formatHex, integerBytes, integerOf, readInteger, readIntegerAhead } from './integer.ts';

export interface MaskedValue {
  readonly value: Uint8Array;
  readonly mask: Uint8Array;
}

/** How ports read and print; names of ports come from the switch. */
export interface PortText {
  /** Any name or number of an OpenFlow port; undefined for one that cannot be. */
  readonly read: (text: string) => number | undefined;
  readonly format: (port: number) => string;
}

interface Form {
  readonly read: (text: string, field: Field, ports: PortText) => MaskedValue;
  /** How values print under a mask, which is undefined when all bits of it are set. */
  readonly format: (mask: Uint8Array | undefined) => ValueFormat;
}

type ValueFormat = (value: Uint8Array, ports: PortText) => string;

/** "VALUE/MASK" */
const masked =
  (formatValue: (value: Uint8Array) => string, formatMask: (mask: Uint8Array) => string): Form['format'] =>
  (mask) => {
    const more = mask === undefined ? '' : `/${formatMask(mask)}`;
    return (value) => formatValue(value) + more;
  };

const integer = (formatValue: (value: Uint8Array) => string): Form => ({
  read: readMaskedInteger,
  format: masked(formatValue, (mask) => formatHex(mask)),
});

const decimal = integer((value) => integerOf(value).toString());

const forms: Readonly<Record<FieldFormat, Form>> = {
  decimal,
  hexadecimal: integer((value) => formatHex(value)),
  mac: {
    read: (text) => readMasked(text, (part) => readMac(part), `${text}: invalid Ethernet address`),
    format: masked(formatMac, formatMac),
  },
  ipv4: {
    read: (text) => readAddress(text, readIpv4, 32, 'IP'),
    format: masked(formatIpv4, (mask) => formatAddressMask(mask, formatIpv4)),
  },
  ipv6: {
    read: (text) => readAddress(text, readIpv6, 128, 'IPv6'),
    format: masked(formatIpv6, (mask) => formatAddressMask(mask, formatIpv6)),
  },
  ofPort16: { read: readPort, format: formatPort },
  ofPort32: { read: readPort, format: formatPort },
  fragment: { read: (text) => readFragment(text), format: (mask) => (value) => formatFragment(value, mask) },
  tcpFlags: flagsForm(tcpFlagNames, 0xfff),
  tunnelFlags: flagsForm(tunnelFlagNames, 0xffff),
  ctState: flagsForm(ctStateNames, 0xff),
  packetType: {
    read: (text) => readPacketType(text),
    format: (mask) => (value) => formatPacketType(value, mask),
  },
};

/** Throws Malformed, whose `why` is the whole message. "*" is no bit at all. */
export function readFieldText(field: Field, text: string, ports: PortText): MaskedValue {
  const { bytes, mask: maskable, name } = field;
  if (text === '*') return { value: new Uint8Array(bytes), mask: new Uint8Array(bytes) };
  const read = forms[field.format].read(text, field, ports);
  if (maskable === 'exact' && !isWhole(read.mask) && !isNone(read.mask))
    throw wrong(`${text}: invalid mask for field ${name}`);
  return read;
}

export function formatFieldText(
  field: Field,
  value: Uint8Array,
  mask: Uint8Array | undefined,
  ports: PortText,
): string {
  return fieldTextUnder(field, mask)(value, ports);
}

/** How values of a field print under a mask, which is not looked at again. */
export function fieldTextUnder({ format }: Field, mask: Uint8Array | undefined): ValueFormat {
  if (mask !== undefined && isNone(mask)) return () => 'ANY';
  return forms[format].format(mask === undefined || isWhole(mask) ? undefined : mask);
}

function isWhole(mask: Uint8Array): boolean {
  return mask.every((byte) => byte === 0xff);
}

function isNone(mask: Uint8Array): boolean {
  return mask.every((byte) => byte === 0);
}

function ones(size: number): Uint8Array {
  return new Uint8Array(size).fill(0xff);
}

function readMaskedInteger(text: string, { bytes, name }: Field): MaskedValue {
  const [valueText = '', maskText, more] = text.split('/');
  const part = (what: string, given: string): Uint8Array => {
    const read = readIntegerAhead(given, bytes);
    if (read === undefined || read.rest !== '' || more !== undefined)
      throw wrong(`${text}: bad syntax for ${name} ${what}`);
    const value = read.value === undefined ? undefined : integerBytes(read.value, bytes);
    if (value === undefined) throw wrong(`${text}: ${what} too large for ${bytes}-byte field ${name}`);
    return value;
  };
  const value = part('value', valueText);
  return { value, mask: maskText === undefined ? ones(bytes) : part('mask', maskText) };
}

function readMasked(
  text: string,
  read: (part: string) => Uint8Array,
  why: string,
  readMask: (part: string) => Uint8Array = read,
): MaskedValue {
  const [valueText = '', maskText, more] = text.split('/');
  try {
    if (more !== undefined) throw wrong(why);
    const value = read(valueText);
    return { value, mask: maskText === undefined ? ones(value.length) : readMask(maskText) };
  } catch (error) {
    throw error instanceof Malformed ? wrong(why) : error;
  }
}

/** A mask is an address or a prefix length. */
function readAddress(
  text: string,
  read: (part: string) => Uint8Array,
  width: number,
  family: 'IP' | 'IPv6',
): MaskedValue {
  const why = prefixProblem(text, width) ?? `${text}: invalid ${family} address`;
  return readMasked(text, read, why, (part) =>
    /^\d+$/.test(part) ? prefixMask(Number(part), width) : read(part),
  );
}

function prefixProblem(text: string, width: number): string | undefined {
  const length = /^[^/]+\/(\d+)$/.exec(text)?.[1];
  const family = width === 32 ? 'IPv4' : 'IPv6';
  return length === undefined || Number(length) <= width
    ? undefined
    : `${text}: ${family} network prefix bits not between 0 and ${width}, inclusive`;
}

function prefixMask(length: number, width: number): Uint8Array {
  if (length > width) throw wrong(`prefix of ${length} bits`);
  return Uint8Array.from({ length: width / 8 }, (_, n) => {
    const bits = Math.min(8, Math.max(0, length - 8 * n));
    return 0xff & ~(0xff >> bits);
  });
}

/** A prefix length where the mask is a prefix. */
function formatAddressMask(mask: Uint8Array, format: (bytes: Uint8Array) => string): string {
  const length = mask.reduce((bits, byte) => bits + popCount(byte), 0);
  return prefixMask(length, 8 * mask.length).every((byte, n) => byte === mask[n])
    ? String(length)
    : format(mask);
}

function popCount(byte: number): number {
  let count = 0;
  for (let rest = byte; rest !== 0; rest &= rest - 1) count++;
  return count;
}

function readPort(text: string, { bytes, name }: Field, { read }: PortText): MaskedValue {
  const port = read(text);
  const value = port === undefined ? undefined : integerBytes(BigInt(port), bytes);
  if (value === undefined)
    throw wrong(
      `${text}: ${bytes === 4 ? 'port value out of range' : 'invalid or unknown port'} for ${name}`,
    );
  return { value, mask: ones(bytes) };
}

function formatPort(mask: Uint8Array | undefined): ValueFormat {
  if (mask === undefined) return (value, { format }) => format(Number(integerOf(value)));
  const more = `/${formatHex(mask)}`;
  return (value) => integerOf(value).toString() + more;
}

/** Value and mask of `nw_frag`: bit 0 is "a fragment", bit 1 "not the first". */
const fragments = {
  no: [0, 0xff],
  yes: [1, 1],
  first: [1, 0xff],
  later: [3, 0xff],
  not_later: [0, 2],
} as const satisfies Record<string, readonly [value: number, mask: number]>;

function readFragment(text: string): MaskedValue {
  const found = Object.entries(fragments).find(([name]) => name === text)?.[1];
  if (found === undefined)
    throw wrong(`${text}: unknown fragment type (valid types are "no", "yes", "first", "later", "not_later"`);
  return { value: Uint8Array.of(found[0]), mask: Uint8Array.of(found[1]) };
}

function formatFragment(value: Uint8Array, mask: Uint8Array | undefined): string {
  const bits = (mask?.[0] ?? 0xff) & 3;
  const known = Object.entries(fragments).find(
    ([, [of, under]]) => (under & 3) === bits && of === ((value[0] ?? 0) & bits),
  );
  return known?.[0] ?? '<error>';
}

function flagsForm(names: FlagNames, whole: number): Form {
  return {
    read(text, { bytes }) {
      const { value, mask } = readFlags(text, names, whole);
      const isExact = mask === whole && !text.includes('/');
      const of = (number: number): Uint8Array => integerBytes(BigInt(number), bytes) ?? new Uint8Array(bytes);
      return { value: of(value), mask: isExact ? ones(bytes) : of(mask) };
    },
    format(mask) {
      const bits = mask === undefined ? whole : Number(integerOf(mask));
      return (value) => formatFlags(names, Number(integerOf(value)), bits, whole);
    },
  };
}

/** "(NAMESPACE,TYPE)" */
function readPacketType(text: string): MaskedValue {
  const bad = (from: string, what: string): Malformed => wrong(`${from}: bad syntax for packet type ${what}`);
  if (!text.startsWith('(')) throw bad(text, "missing '('");
  const [, space = '', after = ''] = /^\(([0-9a-fA-Fx]*)(.*)$/.exec(text) ?? [];
  const namespace = shortOf(space);
  if (namespace === undefined) throw bad(`${space}${after}`, 'ns');
  if (!after.startsWith(',')) throw bad(`${space}${after}`, "missing ','");
  const [, kind = '', end = ''] = /^,([0-9a-fA-Fx]*)(.*)$/.exec(after) ?? [];
  const type = shortOf(kind);
  if (type === undefined) throw bad(`${kind}${end}`, 'ns_type');
  if (!end.startsWith(')')) throw bad(`${kind}${end}`, "missing ')'");
  return { value: Uint8Array.of(...namespace, ...type), mask: ones(4) };
}

function shortOf(text: string): Uint8Array | undefined {
  const number = readInteger(text);
  return number === undefined ? undefined : integerBytes(number, 2);
}

function formatPacketType(value: Uint8Array, mask: Uint8Array | undefined): string {
  const part = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  const text = (bytes: Uint8Array): string => `(${part(bytes, 0)},${hexOrZero(part(bytes, 2))})`;
  return mask === undefined ? text(value) : `${text(value)}/${text(mask)}`;
}

function wrong(why: string): Malformed {
  return new Malformed('match', 0, why);
}
