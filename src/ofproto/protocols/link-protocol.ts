/** A protocol that a switch speaks with the neighbours of its ports. Its frames are nobody's traffic. */
import type { SlowPathReason } from '../../datapath/cookie.ts';
import type { Ofproto } from '../ofproto.ts';
import type { OfprotoPort } from '../port.ts';

/** A packet that has come in by a port, before anything is done with it. */
export interface ArrivedPacket {
  readonly ofproto: Ofproto;
  readonly port: OfprotoPort;
  readonly flow: Uint32Array;
  /** Bits that have decided; those that every answer depends on are there: see `unwildcardBasics`. */
  readonly mask: Uint32Array;
}

/** One protocol, as far as a packet on its way is concerned. */
export interface LinkProtocol {
  readonly reason: SlowPathReason;
  /** The packet is for it: the port speaks it, and its fields say so. Notes in the mask what decided. */
  readonly claims: (arrived: ArrivedPacket) => boolean;
  /** Takes in the whole frame. */
  readonly receive: (arrived: ArrivedPacket, frame: Uint8Array) => void;
}
