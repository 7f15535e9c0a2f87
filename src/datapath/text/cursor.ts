/** A place in the text of a flow or of actions, which readers move forwards. What does not fit is Malformed. */
import { readIpv4, readIpv6, readMac } from '../../base/addresses.ts';
import { Malformed } from '../../base/errors.ts';

const delimiters = /[, \t\r\n]*/y;
const integers = {
  /** As C writes them: decimal, 0x and leading-zero octal. */
  any: /\s*[+-]?(?:0x[0-9a-f]+|[0-9]+)/iy,
  decimal: /\s*[+-]?[0-9]+/y,
  hexadecimal: /\s*(?:0x)?[0-9a-f]+/iy,
} as const;

export class Cursor {
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
    const found = this.match(integers[base])?.trim();
    if (found === undefined) throw this.wrong(`"${this.#rest()}" is not a number`);
    const value = integerOf(found, base);
    const size = 2 ** bits;
    if (Number.isNaN(value) || value >= size || value < -size / 2) {
      this.at = start;
      throw this.wrong(`${found} does not fit in ${bits} bits`);
    }
    return value < 0 ? value + size : value;
  }

  /** A number of so many bits, in bytes of network order; `hexadecimal` where that is how it stands without 0x. */
  bytes(size: number, isHexadecimal = false): number[] {
    const found = this.match(isHexadecimal ? /(?:0x)?[0-9a-f]+/iy : /0x[0-9a-f]+|[0-9]+/iy);
    if (found === undefined) throw this.wrong(`"${this.#rest()}" is not a number`);
    let rest = BigInt(isHexadecimal && !/^0x/i.test(found) ? `0x${found}` : found);
    if (rest >> BigInt(8 * size) !== 0n) throw this.wrong(`${found} does not fit in ${size} bytes`);
    const bytes = new Array<number>(size).fill(0);
    for (let n = size - 1; n >= 0 && rest !== 0n; n--, rest >>= 8n) bytes[n] = Number(rest & 0xffn);
    return bytes;
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

function integerOf(text: string, base: keyof typeof integers): number {
  const digits = text.replace(/^[+-]/, '');
  const sign = text.startsWith('-') ? -1 : 1;
  if (base === 'decimal') return sign * Number(digits);
  if (base === 'hexadecimal') return Number.parseInt(digits, 16);
  return (
    sign * Number(/^0[0-9]/.test(digits) ? (/^[0-7]+$/.test(digits) ? `0o${digits}` : Number.NaN) : digits)
  );
}

/** Two digits a byte. */
export function hexDigits(bytes: readonly number[]): string {
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Bytes as one number without leading zeros; zero is "0", as C's %#x has it. */
export function hexNumber(bytes: readonly number[]): string {
  const digits = hexDigits(bytes).replace(/^0+/, '');
  return digits === '' ? '0' : `0x${digits}`;
}

/** C's %#x. */
export function hexOrZero(value: number): string {
  return value === 0 ? '0' : `0x${value.toString(16)}`;
}
