/**
 * Matches that differ in values alone are read alike: what was found out about the first one, that its fields may stand
 * beside each other and which mask they make, holds for all. Few shapes are kept, the last ones of each length, which is
 * enough where matches are many.
 */
import type { Field } from '../../flow/fields/index.ts';
import { decidesWhether } from '../../flow/fields/prerequisites.ts';
import type { Match } from '../../flow/match.ts';
import { slots } from '../../flow/slots.ts';
import { vlanPresent } from '../../wire/ethernet.ts';
import { firstReservedPort } from '../ports.ts';

/** A field as it was read: its value lies at `at`, and its mask, if it has one, right behind. */
export interface WalkedField {
  readonly field: Field;
  readonly at: number;
  readonly hasMask: boolean;
}

/** One number of a value: bytes of the message that go into a word of the match. */
interface Part {
  /** From the start of the match. */
  readonly at: number;
  readonly size: number;
  /** Among the values of the match; -1 for none, where no bit counts. */
  readonly index: number;
  readonly shift: number;
  /** Every other bit is an error. */
  readonly allowed: number;
  readonly isPort: boolean;
}

/** Longest match that a shape is kept of, in bytes. */
const longest = 256;
const shapesOfLength = 8;

class OxmShape {
  readonly #start: Uint8Array;
  /** The bits of each byte that must be those of `#start`. */
  readonly #fixed: Uint8Array;
  readonly #mask: Match['mask'];
  readonly #constants: readonly number[];
  readonly #parts: readonly Part[];

  constructor(bytes: Uint8Array, from: number, to: number, { mask }: Match, walked: readonly WalkedField[]) {
    this.#start = bytes.slice(from, to);
    this.#fixed = new Uint8Array(to - from).fill(0xff);
    this.#mask = mask;
    const constants = mask.words.map(() => 0);
    for (const { field, at } of walked) {
      if (!isDeciding(field, walked)) this.#fixed.fill(0, at - from, at - from + field.bytes);
      if (field.impliesTag !== true) continue;
      const { word, shift } = slots.vlan_tci;
      constants[mask.words.indexOf(word)] = vlanPresent << shift;
    }
    this.#constants = constants;
    this.#parts = walked.flatMap((one) => partsOf(one, bytes, from, mask));
  }

  /** undefined when it is another shape, or its values cannot be. */
  read(bytes: Uint8Array, from: number): Match | undefined {
    const start = this.#start;
    const fixed = this.#fixed;
    for (let n = 0; n < start.length; n++)
      if ((((bytes[from + n] ?? 0) ^ (start[n] ?? 0)) & (fixed[n] ?? 0)) !== 0) return undefined;
    const values = this.#constants.slice();
    for (const { at, size, index, shift, allowed, isPort } of this.#parts) {
      let value = 0;
      for (let n = from + at; n < from + at + size; n++) value = (value << 8) | (bytes[n] ?? 0);
      if ((value & ~allowed) !== 0 || (isPort && value >>> 0 >= firstReservedPort)) return undefined;
      if (index >= 0) values[index] = (values[index] ?? 0) | (value << shift);
    }
    return { mask: this.#mask, values };
  }
}

/** Does more depend on the value than the value of the match? */
function isDeciding({ place, meansOwnBits, slot }: Field, walked: readonly WalkedField[]): boolean {
  if (meansOwnBits === true || slot === 'packet_type') return true;
  const { word, wordCount, bits, shift } = place;
  return walked.some(
    ({ field: { needs } }) =>
      needs !== undefined && wordCount === 1 && decidesWhether(needs, word, bits << shift),
  );
}

function partsOf(
  { field, at, hasMask }: WalkedField,
  bytes: Uint8Array,
  from: number,
  mask: Match['mask'],
): Part[] {
  const { word, wordCount, shift, bits } = field.place;
  return Array.from({ length: wordCount }, (_, n) => {
    const size = Math.min(4, field.bytes - 4 * n);
    const whole = wordCount === 1 ? bits : 0xffffffff;
    return {
      at: at - from + 4 * n,
      size,
      index: mask.words.indexOf(word + n),
      shift: wordCount === 1 ? shift : 8 * (4 - size),
      allowed: whole & (hasMask ? numberAt(bytes, at + field.bytes + 4 * n, size) : 0xffffffff),
      isPort: field.format === 'ofPort32',
    };
  });
}

/** Signed where it has four bytes. */
function numberAt(bytes: Uint8Array, at: number, size: number): number {
  let value = 0;
  for (let n = at; n < at + size; n++) value = (value << 8) | (bytes[n] ?? 0);
  return value;
}

/** Those of one way of reading. */
export class OxmShapes {
  readonly #byLength = new Map<number, OxmShape[]>();

  read(bytes: Uint8Array, from: number, to: number): Match | undefined {
    const shapes = this.#byLength.get(to - from);
    if (shapes === undefined) return undefined;
    for (const shape of shapes) {
      const match = shape.read(bytes, from);
      if (match !== undefined) return match;
    }
    return undefined;
  }

  /** Keeps what reading those bytes has shown: nothing but `walked`, which makes `match`. */
  keep(bytes: Uint8Array, from: number, to: number, match: Match, walked: readonly WalkedField[]): void {
    if (to - from > longest) return;
    const shape = new OxmShape(bytes, from, to, match, walked);
    const shapes = this.#byLength.get(to - from);
    if (shapes === undefined) this.#byLength.set(to - from, [shape]);
    else if (shapes.unshift(shape) > shapesOfLength) shapes.pop();
  }
}
