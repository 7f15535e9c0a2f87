/** Bits inside the bytes of a field's value, the last of which is bit 0. */
import { integerBytes, integerOf } from '../../flow/fields/integer.ts';

/** `value` in the bits from `low` on, all others zero. */
export function bytesWith(value: bigint, low: number, size: number): Uint8Array {
  const shifted = BigInt.asUintN(8 * size, value << BigInt(low));
  if (size > 4) return integerBytes(shifted, size) ?? new Uint8Array(size);
  const bytes = new Uint8Array(size);
  for (let n = size - 1, rest = Number(shifted); n >= 0; n--, rest >>>= 8) bytes[n] = rest & 0xff;
  return bytes;
}

export function bitsOf(bytes: Uint8Array, low: number, width: number): bigint {
  return BigInt.asUintN(width, integerOf(bytes) >> BigInt(low));
}

export function onesOf(width: number): bigint {
  return (1n << BigInt(width)) - 1n;
}

/** The runs of bits that are set below `width`, lowest first, none longer than `most`. */
export function runsOf(mask: Uint8Array, width: number, most: number): { low: number; width: number }[] {
  const runs: { low: number; width: number }[] = [];
  const isSet = (bit: number): boolean =>
    (((mask[mask.length - 1 - (bit >> 3)] ?? 0) >>> (bit & 7)) & 1) === 1;
  for (let bit = 0; bit < width; ) {
    if (!isSet(bit)) {
      bit++;
      continue;
    }
    const low = bit;
    while (bit < width && bit - low < most && isSet(bit)) bit++;
    runs.push({ low, width: bit - low });
  }
  return runs;
}
