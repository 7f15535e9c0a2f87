/**
 * GPRS tunnelling protocol, user plane (3GPP TS 29.281 section 5): IP packets of mobile users. Read and written by
 * tunnels.
 */
import { header, u8, u16, u32 } from '../base/header.ts';

export const gtpu = header('gtpu', {
  flags: u8, // version 3 bits, protocol type, spare, E, S, PN
  messageType: u8,
  length: u16, // of what follows these eight bytes
  teid: u32,
});

/** What follows where one of the flags E, S or PN is set. */
export const gtpuOptions = header('gtpu-options', { sequence: u16, pdu: u8, nextExtension: u8 });

export const gtpuFlag = { sequence: 0x02 } as const;

/** Message type of one that carries a user's packet. */
export const gtpuUserPacket = 255;

export interface Gtpu {
  readonly flags: number;
  readonly messageType: number;
  readonly teid: number;
}

/** Bytes of the header at `at`, with a sequence number where its flag is set; 0 when it is cut short. */
export function gtpuSize(view: DataView, at: number, end: number): number {
  if (end - at < gtpu.size) return 0;
  const hasOptions = (gtpu.get.flags(view, at) & gtpuFlag.sequence) !== 0;
  const size = hasOptions ? gtpu.size + gtpuOptions.size : gtpu.size;
  return size > end - at ? 0 : size;
}

/** Length and sequence number are left zero: each packet has its own. */
export function emitGtpu(view: DataView, at: number, { flags, messageType, teid }: Gtpu): void {
  gtpu.set.flags(view, at, flags);
  gtpu.set.messageType(view, at, messageType);
  gtpu.set.teid(view, at, teid);
}
