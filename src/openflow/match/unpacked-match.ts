/** A match as a key and its mask at full width, to be read into or written from, field by field. One match at a time. */
import { maskSlot, newKey, readSlot, setSlot, writeSlot } from '../../flow/key.ts';
import { type Match, packMatch, unpackKey } from '../../flow/match.ts';
import type { SlotName } from '../../flow/slots.ts';

/** Bits of `vlan_tci` and `nw_tos` that have fields of their own. */
export const vlanVid = 0x0fff;
export const vlanPcp = 0xe000;
export const dscp = 0xfc;

const inPortWord = ((): number => {
  const one = newKey();
  maskSlot(one, 'in_port');
  return one.findIndex((bits) => bits !== 0);
})();

export class UnpackedMatch {
  readonly key = newKey();
  readonly mask = newKey();

  clear(): void {
    this.key.fill(0);
    this.mask.fill(0);
  }

  unpack(match: Match): void {
    unpackKey(match, this.key);
    match.mask.unpack(this.mask);
  }

  /** Fields other than the port mean something in Ethernet packets only. */
  pack(): Match {
    if (this.#saysMoreThanPort()) maskSlot(this.mask, 'packet_type');
    return packMatch(this.key, this.mask);
  }

  has(slot: SlotName): boolean {
    return readSlot(this.mask, slot).some((byte) => byte !== 0);
  }

  /** A field of at most four bytes, as a whole. */
  set(slot: SlotName, value: number): void {
    setSlot(this.key, slot, value);
    maskSlot(this.mask, slot);
  }

  setMasked(slot: SlotName, value: number, bits: number): void {
    setSlot(this.key, slot, value & bits);
    setSlot(this.mask, slot, bits);
  }

  setOctets(slot: SlotName, value: Uint8Array, bits: Uint8Array): void {
    const masked = value.map((byte, n) => byte & (bits[n] ?? 0));
    writeSlot(this.key, slot, masked);
    writeSlot(this.mask, slot, bits);
  }

  #saysMoreThanPort(): boolean {
    const { mask } = this;
    for (let word = 0; word < mask.length; word++) if (mask[word] !== 0 && word !== inPortWord) return true;
    return false;
  }
}
