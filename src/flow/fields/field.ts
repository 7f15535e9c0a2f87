/** What a row of the field tables says, in the words of ovs-fields(7). */
import type { SlotName } from '../slots.ts';
import type { NumberText } from './numbers.ts';
import type { Prerequisite } from './prerequisites.ts';

/** How values read and print. */
export type FieldFormat =
  | 'decimal'
  | 'hexadecimal'
  | 'mac'
  | 'ipv4'
  | 'ipv6'
  | 'ofPort16'
  | 'ofPort32'
  | 'fragment'
  | 'tcpFlags'
  | 'tunnelFlags'
  | 'ctState'
  | 'packetType';

/** What masks a match on the field may have. */
type FieldMask = 'exact' | 'cidr' | 'bits';

export interface FieldRow {
  readonly slot: SlotName;
  /** Bits of the slot below the value; in a slot longer than a word they count from its last bit. 0 when absent. */
  readonly low?: number;
  /** Bits of the value. */
  readonly width: number;
  /** Bytes on the wire where that is more than `width` needs. */
  readonly bytes?: number;
  /** The slot's bit above the value, which says that there is a tag, is part of the value all the same. */
  readonly hasTagBit?: true;
  /** The bits of its bytes that count, where those are not the bits of the value. */
  readonly keeps?: number;
  /** A match on the field is one on the whole slot: what is above the value is zero. */
  readonly isWholeSlot?: true;
  /** The mask of a match on the field is its value, whatever mask was given: so the reference has it. */
  readonly meansOwnBits?: true;
  /** A match on the field is one on packets that have a tag. */
  readonly impliesTag?: true;
  /** A message gives its mask even where that has all bits. */
  readonly isAlwaysMasked?: true;
  /** N of tun_metadataN, an option of tunnels: where it is in a key is said by a bridge's TLV table. */
  readonly option?: number;
  readonly format: FieldFormat;
  readonly mask: FieldMask;
  /** May actions write it? */
  readonly isWritable: boolean;
  readonly needs?: Prerequisite;
  readonly aliases?: readonly string[];
  /** Its OXM and NXM numbers: Nicira's own, which every version knows, before the standard's. */
  readonly numbers: readonly NumberText[];
  /** Masks that the fixed match structures of OpenFlow 1.0 and 1.1 can hold; absent when they lack the field. */
  readonly inMatch10?: FieldMask;
  readonly inMatch11?: FieldMask;
}
