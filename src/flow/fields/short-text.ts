/**
 * Values of short fields in their plainest text, read without making anything on the way: decimal and hexadecimal
 * numbers, MAC and IPv4 addresses, ports, as files of flows have them by the million. All else, and what is wrong, is
 * for `text.ts`; where both can read a text they agree.
 */
import { ipv4Number, macNumber } from '../../base/addresses.ts';
import type { Field } from './index.ts';
import { smallInteger } from './integer.ts';
import type { PortText } from './text.ts';

/** A value and a mask of at most six bytes. */
export class ShortValue {
  value = 0;
  mask = 0;
  /** No mask was given, and all bits of it are set. */
  isExact = true;

  /** The mask as `bytes` bytes in network order. */
  maskBytes(bytes: number): Uint8Array {
    return Uint8Array.from({ length: bytes }, (_, n) => Math.floor(this.mask / 2 ** (8 * (bytes - 1 - n))));
  }
}

/** False where it cannot tell. */
export function readShortText(into: ShortValue, field: Field, text: string, ports: PortText): boolean {
  const slash = text.indexOf('/');
  const end = slash < 0 ? text.length : slash;
  const largest = 2 ** (8 * field.bytes) - 1;
  into.isExact = slash < 0;
  into.mask = largest;
  if ((slash >= 0 && field.mask === 'exact') || field.meansOwnBits === true) return false;
  switch (field.format) {
    case 'decimal':
    case 'hexadecimal':
      into.value = smallInteger(text, 0, end);
      if (slash >= 0) into.mask = smallInteger(text, end + 1);
      break;
    case 'mac':
      into.value = macNumber(text, 0, end);
      if (slash >= 0) into.mask = macNumber(text, end + 1);
      break;
    case 'ipv4':
      into.value = ipv4Number(text, 0, end);
      if (slash >= 0) into.mask = ipv4Mask(text, end + 1);
      break;
    case 'ofPort16':
    case 'ofPort32':
      // Names, and numbers that are told in the log, are read once, by the general reader.
      if (!/^\d{1,4}$/.test(text)) return false;
      into.value = ports.read(text) ?? -1;
      break;
    default:
      return false;
  }
  return (
    into.value >= 0 && into.value <= largest && into.mask >= 0 && into.mask <= largest && field.bytes <= 6
  );
}

/** An address or a prefix length from there on; -1 when there is none. */
function ipv4Mask(text: string, from: number): number {
  const length = text.length - from > 2 ? -1 : smallInteger(text, from);
  if (length < 0) return ipv4Number(text, from);
  return length <= 32 ? 2 ** 32 - 2 ** (32 - length) : -1;
}
