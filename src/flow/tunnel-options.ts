/**
 * Options of tunnels that a match is on: the fields tun_metadata0 to 63 (ovs-fields(7), "Geneve Fields"). Which option a
 * field stands for, and how long it is, is said by a bridge's TLV table. A match that is read without one keeps them
 * beside its key.
 */
import type { Field } from './fields/index.ts';
import { formatHex } from './fields/integer.ts';
import type { MaskedValue } from './fields/text.ts';

/** One of them, and what the last bytes of its value are. */
export interface OptionMatch {
  /** N of tun_metadataN. */
  readonly index: number;
  /** Network order, without zeros at its start. */
  readonly value: Uint8Array;
  /** As long as the value; undefined for one on all bits of the option. No bytes: that packets have the option. */
  readonly mask: Uint8Array | undefined;
  /** That packets have not got the option. */
  readonly isAbsent?: boolean;
}

/** Bytes of all options together. */
const mostBytes = 256;

/** Options of one match in the making. */
export class OptionMatches {
  readonly #byIndex = new Map<number, OptionMatch>();
  #size = 0;

  clear(): void {
    if (this.#byIndex.size === 0) return; // which is usual, and clearing a map that is empty is slow
    this.#byIndex.clear();
    this.#size = 0;
  }

  has({ option }: Field): boolean {
    return option !== undefined && this.#byIndex.has(option);
  }

  /** Both end where the option's value does; `mask` is undefined for all bits. Returns what is wrong, for people. */
  add({ name, option: index }: Field, value: Uint8Array, mask: Uint8Array | undefined): string | undefined {
    if (index === undefined) throw new Error(`${name} is no option of tunnels`);
    if (this.#byIndex.has(index)) return `field ${name} set multiple times`;
    const size = Math.max(sizeWithoutZeros(value), mask === undefined ? 0 : sizeWithoutZeros(mask));
    this.#size += size;
    if (this.#size > mostBytes)
      return `field ${name} exceeds maximum size for tunnel metadata (used ${this.#size}, max ${mostBytes})`;
    const bits = mask?.slice(mask.length - size);
    const bytes = value.slice(value.length - size).map((byte, n) => byte & (bits?.[n] ?? 0xff));
    this.#byIndex.set(index, { index, value: bytes, mask: bits });
    return undefined;
  }

  /** In the order of the fields; undefined for none. */
  get all(): readonly OptionMatch[] | undefined {
    if (this.#byIndex.size === 0) return undefined;
    return [...this.#byIndex.values()].sort((a, b) => a.index - b.index);
  }
}

function sizeWithoutZeros(bytes: Uint8Array): number {
  const start = bytes.findIndex((byte) => byte !== 0);
  return start < 0 ? 0 : bytes.length - start;
}

/** What a match says of a field, in all of its bytes; all zero for nothing. */
export function maskedOption(
  { option, bytes }: Field,
  options: readonly OptionMatch[] | undefined,
): MaskedValue {
  const value = new Uint8Array(bytes);
  const mask = new Uint8Array(bytes);
  const found = options?.find(({ index }) => index === option);
  if (found === undefined) return { value, mask };
  value.set(found.value, bytes - found.value.length);
  if (found.mask === undefined) mask.fill(0xff);
  else mask.set(found.mask, bytes - found.mask.length);
  return { value, mask };
}

export function isSameOptions(a: readonly OptionMatch[] = [], b: readonly OptionMatch[] = []): boolean {
  return a.length === b.length && a.every((option, n) => isSameOption(option, b[n] ?? option));
}

function isSameOption(a: OptionMatch, b: OptionMatch): boolean {
  if (a.index !== b.index || (a.mask === undefined) !== (b.mask === undefined)) return false;
  return isSameBytes(a.value, b.value) && isSameBytes(a.mask ?? a.value, b.mask ?? b.value);
}

function isSameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, n) => byte === b[n]);
}

/** The same of options that are known to have so many bytes at least, by index. */
export function lengthened(
  options: readonly OptionMatch[],
  sizes: ReadonlyMap<number, number>,
): readonly OptionMatch[] {
  return options.map(({ index, value, mask }) => {
    const size = Math.max(value.length, sizes.get(index) ?? 0);
    const long = (bytes: Uint8Array): Uint8Array => {
      const made = new Uint8Array(size);
      made.set(bytes, size - bytes.length);
      return made;
    };
    const bits = mask && long(mask);
    return { index, value: long(value), mask: size > 0 && bits?.every(isAllOnes) ? undefined : bits };
  });
}

const isAllOnes = (byte: number): boolean => byte === 0xff;

/** "tun_metadata0=0x5/0xf", "tun_metadata0" for one that there only must be, "tun_metadata0=NP" for one that must not. */
export function formatOption({ index, value, mask, isAbsent }: OptionMatch): string {
  const name = `tun_metadata${index}`;
  if (isAbsent === true) return `${name}=NP`;
  if (mask?.every((byte) => byte === 0) === true) return name;
  const bits = mask === undefined || mask.every(isAllOnes) ? '' : `/${formatHex(mask)}`;
  return `${name}=${formatHex(value, false)}${bits}`;
}
