/** How a value and its mask stand in the text of a datapath flow; one form for each kind of member. */
import { formatIpv4, formatIpv6, formatMac, readIpv4, readIpv6, readMac } from '../../base/addresses.ts';
import { Malformed } from '../../base/errors.ts';

/** Text of one kind of value. Values and masks are bytes in network order. */
export interface Form {
  readonly format: (value: Uint8Array) => string;
  readonly formatMask: (mask: Uint8Array) => string;
  /** Value and mask together, where they are not just "value/mask". */
  readonly formatMasked?: (value: Uint8Array, mask: Uint8Array) => string;
  /** Throws Malformed. */
  readonly read: (text: string, size: number) => Uint8Array;
}

function toNumber(bytes: Uint8Array): bigint {
  return bytes.reduce((sum, b) => (sum << 8n) | BigInt(b), 0n);
}

/** C's %#x: zero has no prefix. */
function hexOf(bytes: Uint8Array): string {
  const number = toNumber(bytes);
  return number === 0n ? '0' : `0x${number.toString(16)}`;
}

function readNumber(text: string, size: number): Uint8Array {
  if (!/^(0x[0-9a-f]+|\d+)$/i.test(text)) throw new Malformed('flow', 0, `"${text}" is not a number`);
  let rest = BigInt(text);
  if (rest >> BigInt(8 * size) !== 0n)
    throw new Malformed('flow', 0, `${text} does not fit in ${size} bytes`);
  const bytes = new Uint8Array(size);
  for (let n = size - 1; n >= 0; n--, rest >>= 8n) bytes[n] = Number(rest & 0xffn);
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

export const mac: Form = { format: formatMac, formatMask: formatMac, read: readMac };
export const ipv4: Form = { format: formatIpv4, formatMask: formatIpv4, read: readIpv4 };
export const ipv6: Form = { format: formatIpv6, formatMask: formatIpv6, read: readIpv6 };

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

/** A set of named bits; the first name is bit 0. Masked ones print as "+syn-ack", exact ones as "syn|ack". */
export function flags(names: readonly string[]): Form {
  return {
    format(value) {
      const number = toNumber(value);
      return names.filter((_, bit) => (number >> BigInt(bit)) & 1n).join('|') || '0';
    },
    formatMask: hexOf,
    formatMasked(value, mask) {
      const number = toNumber(value);
      const bits = toNumber(mask);
      if (bits === 0n) return '0/0';
      return names
        .map((name, bit) =>
          (bits >> BigInt(bit)) & 1n ? ((number >> BigInt(bit)) & 1n ? '+' : '-') + name : '',
        )
        .join('');
    },
    read(text, size) {
      if (/^(0x[0-9a-f]+|\d+)$/i.test(text)) return readNumber(text, size);
      let number = 0n;
      for (const name of text.split(/[|+]/).filter((part) => part !== '')) {
        const bit = names.indexOf(name);
        if (bit < 0) throw new Malformed('flow', 0, `"${name}" is not one of ${names.join(', ')}`);
        number |= 1n << BigInt(bit);
      }
      return readNumber(number.toString(), size);
    },
  };
}
