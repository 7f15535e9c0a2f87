/**
 * Matches as people write them, "tcp,nw_src=10.0.0.0/8,tp_dst=80": names of ovs-fields(7) and the words that stand for
 * a protocol. Says what is wrong in the reference's words. `format-match.ts` is the way back.
 */
import { Malformed } from '../base/errors.ts';
import { etherType, vlanPresent } from '../wire/ethernet.ts';
import { ipProtocol } from '../wire/ip.ts';
import { type Field, fieldNamed, fields } from './fields/index.ts';
import { isMetByPacket } from './fields/prerequisites.ts';
import { readShortText, ShortValue } from './fields/short-text.ts';
import { type MaskedValue, type PortText, readFieldText } from './fields/text.ts';
import { readField, writeField } from './fields/value.ts';
import { getSlot, maskSlot, newKey, setSlot } from './key.ts';
import { keyValues } from './key-values.ts';
import { type Match, packMatch } from './match.ts';
import { slots } from './slots.ts';
import { maskedOption, OptionMatches } from './tunnel-options.ts';

/** Words that stand for [EtherType, IP protocol]. */
const protocols: ReadonlyMap<string, readonly [type: number, protocol?: number]> = new Map([
  ['ip', [etherType.ipv4]],
  ['ipv4', [etherType.ipv4]],
  ['ip4', [etherType.ipv4]],
  ['icmp', [etherType.ipv4, ipProtocol.icmp]],
  ['tcp', [etherType.ipv4, ipProtocol.tcp]],
  ['udp', [etherType.ipv4, ipProtocol.udp]],
  ['sctp', [etherType.ipv4, ipProtocol.sctp]],
  ['ipv6', [etherType.ipv6]],
  ['ip6', [etherType.ipv6]],
  ['icmp6', [etherType.ipv6, ipProtocol.icmpv6]],
  ['tcp6', [etherType.ipv6, ipProtocol.tcp]],
  ['udp6', [etherType.ipv6, ipProtocol.udp]],
  ['sctp6', [etherType.ipv6, ipProtocol.sctp]],
  ['arp', [etherType.arp]],
  ['rarp', [etherType.rarp]],
  ['mpls', [etherType.mpls]],
  ['mplsm', [etherType.mplsMulticast]],
]);

/** A slot that has its word to itself. */
const packetTypeWord = slots.packet_type.word;

/** A match in the making: arrays of whole width. */
export class MatchBuilder {
  /** Zero outside `mask`. */
  readonly key = newKey();
  readonly mask = newKey();
  readonly #options = new OptionMatches();

  /** Back to a match on every packet. */
  clear(): void {
    this.key.fill(0);
    this.mask.fill(0);
    this.#options.clear();
  }

  /** What was built so far. */
  get match(): Match {
    return packMatch(this.key, this.mask, this.#options.all);
  }

  /**
   * Takes the place of what was said of the field before; an option of tunnels is said once only. Throws Malformed.
   */
  set(field: Field, value: Uint8Array, mask: Uint8Array): void {
    if (field.option !== undefined) {
      const why = this.#options.add(field, value, mask.every((byte) => byte === 0xff) ? undefined : mask);
      if (why !== undefined) throw wrong(why);
      return;
    }
    if (field.name === 'dl_vlan' && value.every((byte) => byte === 0xff)) {
      this.#setUntagged();
      return;
    }
    if (field.isWholeSlot === true) setSlot(this.key, field.slot, 0);
    writeField(
      this.key,
      field,
      value.map((byte, n) => byte & (mask[n] ?? 0)),
    );
    writeField(this.mask, field, field.meansOwnBits === true ? value : mask);
    this.#settle(
      field,
      mask.every((byte) => byte === 0),
    );
  }

  /** The same of a short value. */
  #setShort(field: Field, { value, mask }: ShortValue): void {
    if (field.name === 'dl_vlan' && value === 0xffff) {
      this.#setUntagged();
      return;
    }
    if (field.isWholeSlot === true) setSlot(this.key, field.slot, 0);
    const { word, wordCount, shift, bits } = field.place;
    if (wordCount === 1) this.#setWord(word, bits << shift, value << shift, mask << shift);
    else {
      this.#setWord(word, -1, value / 0x10000, mask / 0x10000);
      this.#setWord(word + 1, -0x10000, value << 16, mask << 16);
    }
    this.#settle(field, mask === 0);
  }

  /** The bits of a word that are a field's. */
  #setWord(word: number, own: number, value: number, mask: number): void {
    this.key[word] = ((this.key[word] ?? 0) & ~own) | (value & mask & own);
    this.mask[word] = ((this.mask[word] ?? 0) & ~own) | (mask & own);
  }

  /** As OpenFlow 1.0 says it: no tag at all. */
  #setUntagged(): void {
    setSlot(this.key, 'vlan_tci', 0);
    maskSlot(this.mask, 'vlan_tci');
  }

  /** What else a match on a field says. */
  #settle(field: Field, isAny: boolean): void {
    if (field.needs !== undefined) this.setEthernet();
    if (field.isWholeSlot === true && !isAny) maskSlot(this.mask, field.slot);
    if (isAny && isPartOfTag(field)) this.#forgetTag();
    if (field.impliesTag !== true || isAny) return;
    setSlot(this.key, 'vlan_tci', getSlot(this.key, 'vlan_tci') | vlanPresent);
    setSlot(this.mask, 'vlan_tci', getSlot(this.mask, 'vlan_tci') | vlanPresent);
  }

  /** What was said of the field; all zero for nothing. */
  get(field: Field): MaskedValue {
    if (field.option === undefined)
      return { value: readField(this.key, field), mask: readField(this.mask, field) };
    return maskedOption(field, this.#options.all);
  }

  /** That there is a tag counts only together with something in it. */
  #forgetTag(): void {
    if ((getSlot(this.mask, 'vlan_tci') & ~vlanPresent) !== 0) return;
    setSlot(this.key, 'vlan_tci', 0);
    setSlot(this.mask, 'vlan_tci', 0);
  }

  /** Unless another packet type was asked for: most fields mean something in Ethernet packets only. */
  setEthernet(): void {
    if (this.mask[packetTypeWord] === 0) this.mask[packetTypeWord] = 0xffffffff;
  }

  setProtocol(type: number, protocol?: number): void {
    setSlot(this.key, 'eth_type', type);
    maskSlot(this.mask, 'eth_type');
    this.setEthernet();
    if (protocol === undefined) return;
    setSlot(this.key, 'nw_proto', protocol);
    maskSlot(this.mask, 'nw_proto');
  }

  /**
   * Takes "name=value" of a match. Returns what it says of a field; 'protocol' for a word that stands for one, which
   * every version of OpenFlow can say; undefined when there is no such name. Throws Malformed.
   */
  take(name: string, value: string, ports: PortText): FieldSaid | 'protocol' | undefined {
    const protocol = protocols.get(name);
    if (protocol !== undefined) {
      this.setProtocol(...protocol);
      return 'protocol';
    }
    if (name === 'eth') {
      setSlot(this.key, 'packet_type', 0);
      maskSlot(this.mask, 'packet_type');
      return 'protocol';
    }
    const field = fieldNamed(name);
    if (field === undefined) return undefined;
    const text = value === '' ? '0/0' : value;
    if (readShortText(short, field, text, ports)) {
      this.#setShort(field, short);
      return { field, mask: short.isExact ? undefined : short.maskBytes(field.bytes) };
    }
    const { value: bytes, mask } = readFieldText(field, text, ports);
    this.set(field, bytes, mask);
    return { field, mask };
  }
}

/** For one field at a time. */
const short = new ShortValue();

/** Fields of a match, as they were said; `mask` has the field's bytes, undefined for all bits. */
export interface FieldSaid {
  readonly field: Field;
  readonly mask: Uint8Array | undefined;
}

/** Is it the VLAN or the priority of a tag, and not the whole tag? */
function isPartOfTag({ slot, width }: Field): boolean {
  return slot === 'vlan_tci' && width < 16;
}

/**
 * A description of packets, as dpctl's filters and traces take it: each field at most once and only where the ones before
 * it give the packet such a header. Throws Malformed, whose `why` is the whole message.
 * Differs: fields may have masks, and names of one protocol's fields serve for the other's (nw_src of an ARP packet).
 */
export function readPacketMatch(text: string, ports: PortText): MatchBuilder {
  return readFields(text, ports, true);
}

/** A description of one packet, to the letter: no masks, no field by the name of another. Throws Malformed. */
export function readPacket(text: string, ports: PortText): MatchBuilder {
  const packet = readFields(text, ports, false);
  const isTagged = (getSlot(packet.key, 'vlan_tci') & vlanPresent) !== 0;
  if (isTagged) setSlot(packet.key, 'vlan_tpid', etherType.vlan); // no field says which
  return packet;
}

function readFields(text: string, ports: PortText, mayBeMasked: boolean): MatchBuilder {
  const match = new MatchBuilder();
  for (const { name, value } of keyValues(text)) {
    const protocol = protocols.get(name);
    if (protocol === undefined) setPacketField(match, text, { name, value, mayBeMasked }, ports);
    else setPacketProtocol(match, text, ...protocol);
  }
  return match;
}

function setPacketProtocol(match: MatchBuilder, text: string, type: number, protocol?: number): void {
  if (getSlot(match.key, 'eth_type') !== 0) throw wrong(`${text}: Ethernet type set multiple times`);
  if (protocol !== undefined && getSlot(match.key, 'nw_proto') !== 0)
    throw wrong(`${text}: network protocol set multiple times`);
  match.setProtocol(type, protocol);
}

function setPacketField(
  match: MatchBuilder,
  text: string,
  { name, value, mayBeMasked }: { name: string; value: string; mayBeMasked: boolean },
  ports: PortText,
): void {
  const named = fieldNamed(name);
  if (named === undefined) throw wrong(`${text}: unknown field ${name}`);
  const field = (mayBeMasked ? [named, ...sameBits(named)] : [named]).find(
    ({ needs }) => needs === undefined || isMetByPacket(needs, match.key),
  );
  if (field === undefined) throw wrong(`${text}: prerequisites not met for setting ${name}`);
  if (readField(match.key, field).some((byte) => byte !== 0))
    throw wrong(`${text}: field ${name} set multiple times`);
  try {
    const read = readFieldText(field, value, ports);
    if (!mayBeMasked && read.mask.some((byte) => byte !== 0xff))
      throw wrong(`${value}: wildcards not allowed here`);
    match.set(field, read.value, read.mask);
  } catch (why) {
    throw why instanceof Malformed ? wrong(`${text}: bad value for ${name} (${why.why})`) : why;
  }
}

/** Fields that other packets have in the same bits. */
function sameBits(field: Field): Field[] {
  return [...fields.values()].filter(
    (other) =>
      other !== field &&
      other.slot === field.slot &&
      other.low === field.low &&
      other.width === field.width &&
      other.format === field.format,
  );
}

/** Does the match leave a packet through, as far as the bits of `known` tell? */
export function mayMatch(match: MatchBuilder, packet: Uint32Array, known: Uint32Array): boolean {
  return match.mask.every(
    (bits, n) => (((packet[n] ?? 0) ^ (match.key[n] ?? 0)) & bits & (known[n] ?? 0)) === 0,
  );
}

function wrong(why: string): Malformed {
  return new Malformed('match', 0, why);
}
