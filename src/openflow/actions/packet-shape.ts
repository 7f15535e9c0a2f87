/**
 * What a match, and the actions before, say of the packets that an action gets: whether they have the headers that it
 * writes, and how an older or newer version says the same.
 */
import { getSlot, newKey, setSlot } from '../../flow/key.ts';
import { type Match, unpackKey } from '../../flow/match.ts';
import { etherType, isMplsType, vlanPresent } from '../../wire/ethernet.ts';

/** Namespace of packet types that are EtherTypes. */
export const etherTypeNamespace = 1;

/** Keys that nobody uses: a shape is made for each message, and a key is larger than all else of it. */
const spareKeys: Uint32Array[] = [];

export class PacketShape {
  readonly #match: Match | undefined;
  readonly #original: PacketShape | undefined;
  #isAsked = false;
  #values: Uint32Array | undefined;
  #bits: Uint32Array | undefined;

  /** Cheap as long as nobody asks. */
  constructor(match?: Match, original?: PacketShape) {
    this.#match = match;
    this.#original = original;
  }

  /** Did anybody ask it, or a copy of it, or change something? */
  get isAsked(): boolean {
    return this.#isAsked;
  }

  #tellAsked(): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    if (this.#original !== undefined) this.#original.#tellAsked();
  }

  /** The values of the match where it has bits, and what actions made of them. */
  get values(): Uint32Array {
    this.#tellAsked();
    if (this.#values !== undefined) return this.#values;
    this.#values = spareKey();
    if (this.#match !== undefined) unpackKey(this.#match, this.#values);
    return this.#values;
  }

  get bits(): Uint32Array {
    this.#tellAsked();
    if (this.#bits !== undefined) return this.#bits;
    this.#bits = spareKey();
    this.#match?.mask.unpack(this.#bits);
    return this.#bits;
  }

  /** What an inner list of actions changes is forgotten behind it. */
  copy(): PacketShape {
    const copy = new PacketShape(this.#match, this);
    copy.#values = this.#values?.slice();
    copy.#bits = this.#bits?.slice();
    return copy;
  }

  /** Nobody asks any more. */
  release(): void {
    if (this.#values !== undefined) spareKeys.push(this.#values);
    if (this.#bits !== undefined) spareKeys.push(this.#bits);
    this.#values = undefined;
    this.#bits = undefined;
  }

  get packetType(): number {
    return getSlot(this.values, 'packet_type');
  }

  set packetType(type: number) {
    setSlot(this.values, 'packet_type', type);
  }

  /** Of the packet, or 0 where it is none that an EtherType tells. */
  get etherType(): number {
    const type = this.packetType;
    if (type === 0) return getSlot(this.values, 'eth_type');
    return type >>> 16 === etherTypeNamespace ? type & 0xffff : 0;
  }

  set etherType(type: number) {
    setSlot(this.values, 'eth_type', type);
  }

  get ipProtocol(): number {
    return getSlot(this.values, 'nw_proto');
  }

  set ipProtocol(protocol: number) {
    setSlot(this.values, 'nw_proto', protocol);
  }

  /** In its own header or as the packet type. */
  hasEtherType(type: number): boolean {
    return (
      this.packetType === ((etherTypeNamespace << 16) | type) || getSlot(this.values, 'eth_type') === type
    );
  }

  get isIp(): boolean {
    return this.etherType === etherType.ipv4 || this.etherType === etherType.ipv6;
  }

  get isMpls(): boolean {
    return isMplsType(this.etherType);
  }

  get isLaterFragment(): boolean {
    return (getSlot(this.values, 'nw_frag') & 2) !== 0;
  }

  get isTagged(): boolean {
    return (getSlot(this.values, 'vlan_tci') & vlanPresent) !== 0;
  }

  /** It has as many tags as a key can hold. */
  get isFullyTagged(): boolean {
    return (getSlot(this.values, 'vlan_tci2') & vlanPresent) !== 0;
  }

  /** As actions do that give a packet a tag when it has none. */
  tag(): void {
    setSlot(this.values, 'vlan_tci', getSlot(this.values, 'vlan_tci') | vlanPresent);
  }

  pushTag(): void {
    setSlot(this.values, 'vlan_tci2', getSlot(this.values, 'vlan_tci'));
    setSlot(this.values, 'vlan_tci', vlanPresent);
  }

  popTag(): void {
    setSlot(this.values, 'vlan_tci', getSlot(this.values, 'vlan_tci2'));
    setSlot(this.values, 'vlan_tci2', 0);
  }

  /** After an action that wrote the whole tag. */
  set tag16(value: number) {
    setSlot(this.values, 'vlan_tci', value);
  }
}

function spareKey(): Uint32Array {
  return spareKeys.pop()?.fill(0) ?? newKey();
}
