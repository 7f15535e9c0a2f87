/**
 * Encapsulated Remote SPAN: mirrored frames behind a GRE header with a sequence number (draft-foschiano-erspan-03,
 * types II and III, whose version fields are 1 and 2). Read and written by tunnels.
 */
import { header, u16, u32 } from '../base/header.ts';
import { gre, greFlag, greWord } from './gre.ts';

const erspan = header('erspan', {
  versionVlan: u16, // version 4 bits, VLAN 12
  session: u16, // class of service 3 bits, encapsulation 2, truncated 1, session 10
});

/** What follows in version 1. */
const erspanIndex = header('erspan-index', { value: u32 });

/** What follows in version 2. */
export const erspanDetails = header('erspan-details', {
  timestamp: u32, // in units that `hardware` says; here of 100 us
  securityGroup: u16,
  hardware: u16, // P, frame type 5 bits, hardware id 6, direction 1, granularity 2, O
});

/** Protocols of the GRE header in front. */
const erspanProtocol = { 1: 0x88be, 2: 0x22eb } as const;

export type Erspan =
  | { readonly version: 1; readonly sessionId: number; readonly index: number }
  | {
      readonly version: 2;
      readonly sessionId: number;
      readonly direction: number;
      readonly hardwareId: number;
    };

const greHeaderSize = gre.size + greWord.size;
const sessionBits = 0x3ff;
const hardwareBits = 0x3f;

/** Bytes of the GRE header and this one; 0 for a version that is not known. */
export function erspanSize(version: number): number {
  if (version === 1) return greHeaderSize + erspan.size + erspanIndex.size;
  return version === 2 ? greHeaderSize + erspan.size + erspanDetails.size : 0;
}

/** Is there a whole GRE header with an ERSPAN header behind it at `at`? Throws nothing: it is asked of every packet. */
export function isErspan(view: DataView, at: number, end: number): boolean {
  if (end - at < greHeaderSize + erspan.size) return false;
  if ((gre.get.flags(view, at) & ~greFlag.sequence) !== 0) return false;
  const protocol = gre.get.protocol(view, at);
  if (protocol !== erspanProtocol[1] && protocol !== erspanProtocol[2]) return false;
  const size = erspanSize(erspanVersion(view, at));
  return size > 0 && size <= end - at;
}

/** `at` is where the GRE header is, here and below. */
export function erspanVersion(view: DataView, at: number): number {
  return erspan.get.versionVlan(view, at + greHeaderSize) >>> 12;
}

export function erspanSession(view: DataView, at: number): number {
  return erspan.get.session(view, at + greHeaderSize) & sessionBits;
}

/** Of version 1. */
export function erspanIndexOf(view: DataView, at: number): number {
  return erspanIndex.get.value(view, at + greHeaderSize + erspan.size);
}

/** Of version 2. */
export function erspanDirection(view: DataView, at: number): number {
  return (erspanDetails.get.hardware(view, erspanDetailsAt(at)) >>> 3) & 1;
}

/** Of version 2. */
export function erspanHardwareId(view: DataView, at: number): number {
  return (erspanDetails.get.hardware(view, erspanDetailsAt(at)) >>> 4) & hardwareBits;
}

export function erspanDetailsAt(at: number): number {
  return at + greHeaderSize + erspan.size;
}

/** With its GRE header; sequence number and time are left zero: each packet has its own. */
export function emitErspan(view: DataView, at: number, unit: Erspan): void {
  gre.set.flags(view, at, greFlag.sequence);
  gre.set.protocol(view, at, erspanProtocol[unit.version]);
  erspan.set.versionVlan(view, at + greHeaderSize, unit.version << 12);
  erspan.set.session(view, at + greHeaderSize, unit.sessionId & sessionBits);
  if (unit.version === 1) {
    erspanIndex.set.value(view, at + greHeaderSize + erspan.size, unit.index);
    return;
  }
  const { direction, hardwareId } = unit;
  erspanDetails.set.hardware(
    view,
    erspanDetailsAt(at),
    ((hardwareId & hardwareBits) << 4) | (direction << 3),
  );
}
