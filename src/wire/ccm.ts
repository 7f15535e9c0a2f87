/**
 * Continuity check messages: IEEE 802.1ag-2007 clause 21.6, with what the reference says in fields that ITU-T Y.1731
 * keeps for itself ("extended mode"). What follows the Ethernet header and its tags. Read and written by
 * `protocols/cfm`.
 */
import { Malformed } from '../base/errors.ts';
import { bytes, header, u8, u16, u32 } from '../base/header.ts';

const ccm = header('ccm', {
  levelVersion: u8,
  opcode: u8,
  flags: u8, // interval in the low three bits
  tlvOffset: u8,
  sequence: u32,
  mpid: u16,
  maid: bytes(48),
  extendedInterval: u16,
  extendedMpid: bytes(8),
  isDown: u8,
  reserved: bytes(5),
  endTlv: u8,
});

const ccmOpcode = 1;
export const maidSize = 48;
/** Older switches left the end of the TLVs out. */
const minSize = ccm.offset.endTlv;
const defectBit = 0x80;
/** From the end of that field to the first TLV. */
const tlvOffset = 70;

export interface Ccm {
  /** 1..7 as the standard has them; 0 where `extendedInterval` says it. */
  readonly interval: number;
  /** The sender hears nobody. */
  readonly hasDefect: boolean;
  readonly sequence: number;
  readonly mpid: number;
  /** `maidSize` bytes that name the association. */
  readonly maid: Uint8Array;
  /** Milliseconds. */
  readonly extendedInterval: number;
  readonly extendedMpid: bigint;
  /** The operator has switched the sender off. */
  readonly isDown: boolean;
}

/** A message of CFM that is no continuity check has nothing but its opcode. Throws Malformed. */
export function parseCcm(payload: Uint8Array): Ccm | { readonly opcode: number } {
  if (payload.length < minSize) throw new Malformed('ccm', payload.length, 'cut short');
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const { get, offset } = ccm;
  const opcode = get.opcode(view, 0);
  if (opcode !== ccmOpcode) return { opcode };
  const flags = get.flags(view, 0);
  return {
    interval: flags & 7,
    hasDefect: (flags & defectBit) !== 0,
    sequence: get.sequence(view, 0),
    mpid: get.mpid(view, 0),
    maid: payload.subarray(offset.maid, offset.maid + maidSize),
    extendedInterval: get.extendedInterval(view, 0),
    extendedMpid: view.getBigUint64(offset.extendedMpid),
    isDown: get.isDown(view, 0) !== 0,
  };
}

export function emitCcm(message: Ccm): Uint8Array {
  const payload = new Uint8Array(ccm.size);
  const view = new DataView(payload.buffer);
  const { set, offset } = ccm;
  set.opcode(view, 0, ccmOpcode);
  set.flags(view, 0, message.interval | (message.hasDefect ? defectBit : 0));
  set.tlvOffset(view, 0, tlvOffset);
  set.sequence(view, 0, message.sequence);
  set.mpid(view, 0, message.mpid);
  payload.set(message.maid, offset.maid);
  set.extendedInterval(view, 0, message.extendedInterval);
  view.setBigUint64(offset.extendedMpid, message.extendedMpid);
  set.isDown(view, 0, message.isDown ? 1 : 0);
  return payload;
}
