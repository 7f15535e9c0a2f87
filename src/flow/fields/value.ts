/** Values of fields in keys and masks of whole width. Not for per-packet code. */
import { newKey } from '../key.ts';
import type { Field } from './index.ts';

/** Network order, `field.bytes` long. */
export function readField(key: Uint32Array, field: Field): Uint8Array {
  const bytes = new Uint8Array(field.bytes);
  const { word, wordCount, shift, bits } = field.place;
  if (wordCount === 1) {
    let value = (((key[word] ?? 0) >>> shift) & bits) >>> 0;
    for (let n = field.bytes - 1; n >= 0; n--, value >>>= 8) bytes[n] = value & 0xff;
    return bytes;
  }
  for (let n = 0; n < bytes.length; n++) bytes[n] = (key[wordOf(field, n)] ?? 0) >>> (24 - 8 * (n & 3));
  return bytes;
}

/** Replaces the field's bits by those of `value`, `field.bytes` long; what does not fit is left out. */
export function writeField(key: Uint32Array, field: Field, value: Uint8Array): void {
  const { word, wordCount, shift, bits } = field.place;
  if (wordCount === 1) {
    let number = 0;
    for (const byte of value) number = ((number << 8) | byte) >>> 0;
    const cleared = (key[word] ?? 0) & ~(bits << shift);
    key[word] = (cleared | ((number & bits) << shift)) >>> 0;
    return;
  }
  for (let n = 0; n < value.length; n++) {
    const at = wordOf(field, n);
    const shift = 24 - 8 * (n & 3);
    key[at] = (((key[at] ?? 0) & ~(0xff << shift)) | ((value[n] ?? 0) << shift)) >>> 0;
  }
}

/** Where the byte of that number is, of a field that is longer than a word. */
function wordOf({ place: { word, words } }: Field, byte: number): number {
  return words?.[byte >> 2] ?? word + (byte >> 2);
}

/** Is any bit of the field set? Not for options of tunnels. */
export function hasBits(mask: Uint32Array, { place, bytes }: Field): boolean {
  const { word, wordCount, shift, bits } = place;
  if (wordCount === 1) return (((mask[word] ?? 0) >>> shift) & bits) !== 0;
  const isLastWhole = bytes % 4 === 0;
  for (let n = 0; n < wordCount; n++) {
    const own = n < wordCount - 1 || isLastWhole ? -1 : -1 << (32 - 8 * (bytes % 4));
    if (((mask[word + n] ?? 0) & own) !== 0) return true;
  }
  return false;
}

/** The value of a field of which all bits are set. */
export function wholeMask(field: Field): Uint8Array {
  const key = newKey();
  writeField(key, field, new Uint8Array(field.bytes).fill(0xff));
  return readField(key, field);
}
