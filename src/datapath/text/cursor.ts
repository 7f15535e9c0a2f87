/** A place in the text of a flow or of actions, which readers move forwards. What does not fit is Malformed. */
import { readIpv4, readIpv6, readMac } from '../../base/addresses.ts';
import { Malformed } from '../../base/errors.ts';
import { trimSpaces } from '../../base/text.ts';
import { integerBytes, readInteger } from '../../flow/fields/integer.ts';

const delimiters = /[, \t\r\n]*/y;
const integers = {
  /** As C writes them: decimal, 0x and leading-zero octal. */
  any: /[ \t-\r]*[+-]?(?:0x[0-9a-f]+|[0-9]+)/iy,
  decimal: /[ \t-\r]*[+-]?[0-9]+/y,
  hexadecimal: /[ \t-\r]*(?:0x)?[0-9a-f]+/iy,
} as const;

export class TextCursor {
  readonly text: string;
  at = 0;
  readonly #layer: string;

  constructor(text: string, layer = 'actions') {
    this.text = text;
    this.#layer = layer;
  }

  get isAtEnd(): boolean {
    return this.at >= this.text.length;
  }

  get next(): string {
    return this.text[this.at] ?? '';
  }

  /** Is that what comes next? */
  isAt(literal: string): boolean {
    return this.text.startsWith(literal, this.at);
  }

  /** Goes behind `literal` if that comes next. */
  take(literal: string): boolean {
    if (!this.isAt(literal)) return false;
    this.at += literal.length;
    return true;
  }

  expect(literal: string): void {
    if (!this.take(literal)) throw this.wrong(`"${literal}" is missing before "${this.#rest()}"`);
  }

  /** Commas and white space. */
  skipDelimiters(): void {
    this.match(delimiters);
  }

  /** What a sticky expression matches here; undefined when it does not. */
  match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  /**
   * An unsigned number of that many bits, at most 32; a negative one stands for its complement.
   * Differs: a number with more bits is refused, where the reference keeps its low bits.
   */
  number(bits: number, base: keyof typeof integers = 'any'): number {
    const start = this.at;
    const found = this.match(integers[base]);
    if (found === undefined) throw this.wrong(`"${this.#rest()}" is not a number`);
    const value = valueOfDigits(trimSpaces(found), base);
    const size = 2 ** bits;
    if (Number.isNaN(value) || value >= size || value < -size / 2) {
      this.at = start;
      throw this.wrong(`${found} does not fit in ${bits} bits`);
    }
    return value < 0 ? value + size : value;
  }

  /** A number in so many bytes of network order; `isHexadecimal` where it stands so without 0x. */
  bytes(size: number, isHexadecimal = false): number[] {
    const found = this.match(/(?:0x)?[0-9a-f]+/iy) ?? '';
    const value = readInteger(isHexadecimal && !/^0x/i.test(found) ? `0x${found}` : found);
    if (value === undefined) throw this.wrong(`"${found}${this.#rest()}" is not a number`);
    const bytes = integerBytes(value, size);
    if (bytes === undefined) throw this.wrong(`${found} does not fit in ${size} bytes`);
    return [...bytes];
  }

  mac(): number[] {
    return [...readMac(this.match(/[0-9a-f:]+/iy) ?? '')];
  }

  ipv4(): number[] {
    return [...readIpv4(this.match(/[0-9.]+/y) ?? '')];
  }

  ipv6(): number[] {
    return [...readIpv6(this.match(/[0-9a-f:.]+/iy) ?? '')];
  }

  wrong(why: string): Malformed {
    return new Malformed(this.#layer, this.at, why);
  }

  #rest(): string {
    return this.text.slice(this.at, this.at + 40);
  }
}

function valueOfDigits(text: string, base: keyof typeof integers): number {
  const digits = text.replace(/^[+-]/, '');
  const value =
    base === 'any' ? Number(readInteger(digits) ?? Number.NaN) : Number.parseInt(digits, radix[base]);
  return text.startsWith('-') ? -value : value;
}

const radix = { decimal: 10, hexadecimal: 16 } as const;

/** Two digits a byte. */
export function hexDigits(bytes: readonly number[]): string {
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Bytes as one number without leading zeros; zero is "0", as C's %#x has it. */
export function hexNumber(bytes: readonly number[]): string {
  const digits = hexDigits(bytes).replace(/^0+/, '');
  return digits === '' ? '0' : `0x${digits}`;
}
