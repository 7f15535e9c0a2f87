/** Generic Routing Encapsulation (RFC 2784), with key and sequence number (RFC 2890). Read and written by tunnels. */
import { header, u16, u32 } from '../base/header.ts';

export const gre = header('gre', { flags: u16, protocol: u16 });

/** Of `flags`: which words follow, in that order. */
export const greFlag = { checksum: 0x8000, key: 0x2000, sequence: 0x1000 } as const;
export const greWord = header('gre-word', { value: u32 }); // that of the checksum has it in its first half

export interface Gre {
  readonly flags: number;
  /** EtherType of what follows. */
  readonly protocol: number;
  readonly key?: number;
}

const known = greFlag.checksum | greFlag.key | greFlag.sequence;

/** Bytes of a header with those flags. */
export function greSize(flags: number): number {
  return gre.size + greWord.size * (bitOf(flags, 15) + bitOf(flags, 13) + bitOf(flags, 12));
}

function bitOf(flags: number, bit: number): number {
  return (flags >>> bit) & 1;
}

/** Is there a whole header at `at`, of which nothing is unknown? Throws nothing: it is asked of every packet. */
export function isGre(view: DataView, at: number, end: number): boolean {
  if (end - at < gre.size) return false;
  const flags = gre.get.flags(view, at);
  return (flags & ~known) === 0 && greSize(flags) <= end - at;
}

/** Where the key of a header with those flags is; it must have one. */
export function greKeyAt(at: number, flags: number): number {
  return at + gre.size + greWord.size * bitOf(flags, 15);
}

/** The last word of a header that has it. */
export function greSequenceAt(at: number, flags: number): number {
  return at + greSize(flags) - greWord.size;
}

/** Checksum and sequence number are left zero: each packet has its own. */
export function emitGre(view: DataView, at: number, { flags, protocol, key }: Gre): void {
  gre.set.flags(view, at, flags);
  gre.set.protocol(view, at, protocol);
  if (key !== undefined) greWord.set.value(view, greKeyAt(at, flags), key);
}
