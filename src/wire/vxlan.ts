/**
 * VXLAN (RFC 7348), and its extension that says what is inside (draft-ietf-nvo3-vxlan-gpe-12). Read and written by
 * tunnels.
 */
import { header, u8, u24, u32 } from '../base/header.ts';

export const vxlan = header('vxlan', { flags: u32, vni: u24, reserved: u8 });

/** Of `flags`. */
export const vxlanFlag = {
  vni: 0x08000000,
  version: 0x30000000,
  nextProtocol: 0x04000000,
  oam: 0x01000000,
} as const;

/** Lowest byte of `flags` where `nextProtocol` is set. */
export const vxlanNext = { ipv4: 1, ipv6: 2, ethernet: 3, nsh: 4 } as const;
const nextBits = 0xff;

export interface Vxlan {
  readonly flags: number;
  readonly vni: number;
}

/** The flags without those that the extension uses, where it is used. */
function basicFlags(flags: number): number {
  if ((flags & vxlanFlag.nextProtocol) === 0) return flags;
  return flags & ~(vxlanFlag.version | vxlanFlag.nextProtocol | vxlanFlag.oam | nextBits);
}

/** Is there a header at `at` that is understood? Throws nothing: it is asked of every packet. */
export function isVxlan(view: DataView, at: number, end: number): boolean {
  if (end - at < vxlan.size) return false;
  const flags = vxlan.get.flags(view, at);
  if ((flags & vxlanFlag.nextProtocol) !== 0 && (flags & vxlanFlag.oam) !== 0) return false;
  return basicFlags(flags) === vxlanFlag.vni && vxlan.get.reserved(view, at) === 0;
}

/** What follows, as in `vxlanNext`; a number that is not there is not known. */
export function vxlanNextOf(view: DataView, at: number): number {
  const flags = vxlan.get.flags(view, at);
  return (flags & vxlanFlag.nextProtocol) === 0 ? vxlanNext.ethernet : flags & nextBits;
}

export function emitVxlan(view: DataView, at: number, { flags, vni }: Vxlan): void {
  vxlan.set.flags(view, at, flags);
  vxlan.set.vni(view, at, vni);
  vxlan.set.reserved(view, at, 0);
}
