/**
 * Ethernet addresses as 48-bit numbers: exact in a double, cheap to compare and to use as a key of a Map. Tables above
 * the packet path keep them so; text and bytes appear only at the edges.
 */
import { macNumber } from '../base/addresses.ts';
import { Malformed } from '../base/errors.ts';
import type { Unit } from '../base/units.ts';
import { slots } from './slots.ts';

/** 0 .. 2^48-1, first byte most significant. */
export type Mac = Unit<number, 'mac'>;

const dstWord = slots.eth_dst.word;
const srcWord = slots.eth_src.word;

/** Both lie at the start of a word, with two bytes in the next one. */
export function ethDst(key: Uint32Array): Mac {
  return macOf(key[dstWord] ?? 0, key[dstWord + 1] ?? 0);
}

export function ethSrc(key: Uint32Array): Mac {
  return macOf(key[srcWord] ?? 0, key[srcWord + 1] ?? 0);
}

function macOf(high: number, low: number): Mac {
  return (high * 0x10000 + (low >>> 16)) as Mac; // 48 bits: that is the definition of Mac
}

/** Any hexadecimal pairs of one or two digits with colons between. Throws Malformed. */
export function readMacNumber(text: string): Mac {
  const mac = macNumber(text);
  if (mac < 0) throw new Malformed('Ethernet address', 0, text);
  return mac as Mac; // 48 bits: that is the definition of Mac
}

/** "xx:xx:xx:xx:xx:xx" */
export function formatMacNumber(mac: Mac): string {
  return mac
    .toString(16)
    .padStart(12, '0')
    .replace(/..(?=.)/g, '$&:');
}

export const broadcast = 0xffffffffffff as Mac;

export function isMulticast(mac: Mac): boolean {
  return (Math.floor(mac / 2 ** 40) & 1) === 1;
}

/** Link-local protocols of other vendors that switches keep to themselves. */
const vendorReserved: ReadonlySet<number> = new Set([
  0x00e02b000000, // Extreme EDP
  0x00e02b000004, // Extreme EAPS
  0x00e02b000006,
  0x01000c000000, // Cisco ISL
  0x01000cccccc0, // Cisco CFM, eight levels
  0x01000cccccc1,
  0x01000cccccc2,
  0x01000cccccc3,
  0x01000cccccc4,
  0x01000cccccc5,
  0x01000cccccc6,
  0x01000cccccc7,
  0x01000ccccccc, // Cisco CDP, DTP, VTP, PAgP, UDLD
  0x01000ccccccd, // Cisco PVST+
  0x01000ccdcdcd, // Cisco STP uplink fast
]);

/** Not forwarded by a bridge: IEEE 802.1D table 7-10 (01:80:c2:00:00:00 to 0f), and `vendorReserved`. */
export function isReserved(mac: Mac): boolean {
  return (mac >= 0x0180c2000000 && mac <= 0x0180c200000f) || vendorReserved.has(mac);
}
