/** How a value and its mask stand in the text of a datapath flow; one form for each kind of member. */

import { formatIpv4, formatIpv6, formatMac, readIpv4, readIpv6, readMac } from '../../base/addresses.ts';
import { Malformed } from '../../base/errors.ts';
import { hexOrZero } from '../../base/numbers.ts';
import { type FlagNames, formatFlags, readFlags } from '../../flow/fields/flags.ts';
import { integerBytes, readInteger } from '../../flow/fields/integer.ts';

/** Text of one kind of value. Values and masks are bytes in network order. */
export interface Form {
  readonly format: (value: Uint8Array) => string;
  readonly formatMask: (mask: Uint8Array) => string;
  /** Value and mask together, where they are not just "value/mask". */
  readonly formatMasked?: (value: Uint8Array, mask: Uint8Array) => string;
  /** Throws Malformed. */
  readonly read: (text: string, size: number) => Uint8Array;
  /** Reads value and mask together, where they are not just "value/mask". Throws Malformed. */
  readonly readMasked?: (text: string, size: number) => { value: Uint8Array; mask: Uint8Array };
}

function toNumber(bytes: Uint8Array): bigint {
  return bytes.reduce((sum, b) => (sum << 8n) | BigInt(b), 0n);
}

/** C's %#x: zero has no prefix. */
function hexOf(bytes: Uint8Array): string {
  return hexOrZero(toNumber(bytes));
}

function readNumber(text: string, size: number): Uint8Array {
  const number = readInteger(text);
  if (number === undefined) throw new Malformed('flow', 0, `"${text}" is not a number`);
  const bytes = integerBytes(number, size);
  if (bytes === undefined) throw new Malformed('flow', 0, `${text} does not fit in ${size} bytes`);
  return bytes;
}

export const decimal: Form = {
  format: (value) => toNumber(value).toString(),
  formatMask: hexOf,
  read: readNumber,
};

export const hexadecimal: Form = { format: hexOf, formatMask: hexOf, read: readNumber };

/** C's 0x%x: zero has the prefix too. */
export const fullHexadecimal: Form = {
  format: (value) => `0x${toNumber(value).toString(16)}`,
  formatMask: hexOf,
  read: readNumber,
};

/** A form whose values, where they are masked, are hexadecimal, and both of at least so many digits. */
export function maskedInHex(form: Form, valueDigits: number, maskDigits: number): Form {
  const padded = (bytes: Uint8Array, digits: number): string =>
    `0x${toNumber(bytes).toString(16).padStart(digits, '0')}`;
  return {
    ...form,
    formatMasked: (value, mask) => `${padded(value, valueDigits)}/${padded(mask, maskDigits)}`,
  };
}

/** Two bytes with all four digits: EtherTypes. */
export const etherTypeForm: Form = {
  format: (value) => `0x${toNumber(value).toString(16).padStart(4, '0')}`,
  formatMask: (mask) => `0x${toNumber(mask).toString(16).padStart(4, '0')}`,
  read: readNumber,
};

export const macForm: Form = { format: formatMac, formatMask: formatMac, read: readMac };
export const ipv4Form: Form = { format: formatIpv4, formatMask: formatIpv4, read: readIpv4 };
export const ipv6Form: Form = { format: formatIpv6, formatMask: formatIpv6, read: readIpv6 };

const fragments = ['no', 'first', '<error>', 'later'];

export const fragmentForm: Form = {
  format: (value) => fragments[value[0] ?? 0] ?? '<error>',
  formatMask: hexOf,
  read(text) {
    const at = fragments.indexOf(text);
    if (at < 0 || at === 2) throw new Malformed('flow', 0, `"${text}" is not one of no, first, later`);
    return Uint8Array.of(at);
  },
};

/** A set of named bits: "syn|ack" when all of `whole` is in the mask, else "+syn-ack". */
export function flags(names: FlagNames, whole: number): Form {
  const numberOf = (bytes: Uint8Array): number => Number(toNumber(bytes));
  const toBytes = (value: number, size: number): Uint8Array => readNumber(String(value >>> 0), size);
  const exact = (size: number): number => 2 ** (8 * size) - 1;
  return {
    format: (value) => formatFlags(names, numberOf(value), whole, whole),
    formatMask: hexOf,
    formatMasked: (value, mask) => formatFlags(names, numberOf(value), numberOf(mask), whole),
    read: (text, size) => toBytes(readFlags(text, names, exact(size)).value, size),
    readMasked(text, size) {
      const { value, mask } = readFlags(text, names, exact(size));
      return { value: toBytes(value, size), mask: toBytes(mask, size) };
    },
  };
}
