/**
 * Keys and masks as the text of datapath flows, the way `dpctl/dump-flows` prints and `netdev-dummy/receive` takes
 * them: recirc_id(0),in_port(1),eth(src=..,dst=..),eth_type(0x0800),ipv4(...). Format of ovs-dpctl(8).
 * One table of groups serves both directions.
 */
import { Malformed } from '../../base/errors.ts';
import { trimSpaces } from '../../base/text.ts';
import { getSlot, newKey, readSlot, setSlot, writeSlot } from '../../flow/key.ts';
import { typedPacket } from '../../flow/packet-type.ts';
import type { SlotName } from '../../flow/slots.ts';
import { etherType, isVlanType, vlanPresent } from '../../wire/ethernet.ts';
import { ufidAtStart, ufidLength, ufidPrefix } from '../ufid.ts';
import { decimal, etherTypeForm, fullHexadecimal, hexadecimal } from './forms.ts';
import {
  ethernetGroup,
  formatGroup,
  type KeyTextOptions,
  metadataGroups,
  packetTypeGroup,
  payloadGroups,
  readKeyGroup,
} from './groups.ts';
import { formatMember, hasMemberBits, type Member, type ReadKey } from './member.ts';

const wholeMask = newKey().fill(0xffffffff);

/** `key` need not be masked: what `mask` leaves out is shown only in verbose text. */
export function formatKey(key: Uint32Array, mask: Uint32Array, options: KeyTextOptions = {}): string {
  const parts = metadataGroups.map((g) => formatGroup(g, key, mask, options));
  const packetTypeMask = options.masksPacketType === true ? mask : wholeMask;
  parts.push(formatGroup(packetTypeGroup, key, packetTypeMask, options));
  const ethernet = formatGroup(ethernetGroup, key, mask, options);
  parts.push(ethernet === '' && options.hasEthernet === true ? 'eth()' : ethernet);
  const payload = [formatType(key, mask), ...payloadGroups.map((g) => formatGroup(g, key, mask, options))]
    .filter((text) => text !== '')
    .join(',');
  parts.push(formatTags(key, mask, payload, options));
  return parts.filter((text) => text !== '').join(',');
}

/** That a frame has none is said only of one without a tag. */
function formatType(key: Uint32Array, mask: Uint32Array): string {
  if (getSlot(mask, 'eth_type') === 0) return '';
  if (getSlot(key, 'eth_type') !== etherType.none)
    return `eth_type(${etherTypeForm.format(readSlot(key, 'eth_type'))})`;
  return (getSlot(key, 'vlan_tci') & vlanPresent) === 0 ? 'eth_type(0/0xffff)' : '';
}

/** Wraps the payload in encap(...) for each tag. */
function formatTags(key: Uint32Array, mask: Uint32Array, payload: string, options: KeyTextOptions): string {
  const inner = formatTag(key, mask, ['vlan_tpid2', 'vlan_tci2'], payload, options);
  return formatTag(key, mask, ['vlan_tpid', 'vlan_tci'], inner, options);
}

function formatTag(
  key: Uint32Array,
  mask: Uint32Array,
  [tpid, tci]: readonly [SlotName, SlotName],
  payload: string,
  options: KeyTextOptions,
): string {
  const value = getSlot(key, tci);
  if ((value & vlanPresent) === 0) return payload;
  const members = tagMembers(tci)
    .filter((m) => options.isVerbose === true || hasMemberBits(m, key) || hasMemberBits(m, mask))
    .map((m) => formatMember(m, key, mask, { isVerbose: true }));
  return `eth_type(${etherTypeForm.format(readSlot(key, tpid))}),vlan(${members.join(',')}),encap(${payload})`;
}

/** A mask stands even where it leaves all out. */
const tagMask = { ...decimal, formatMask: fullHexadecimal.format };
const tagMembers = (slot: SlotName): readonly Member[] => [
  { name: 'vid', slot, form: tagMask, bits: [0, 12] },
  { name: 'pcp', slot, form: tagMask, bits: [13, 3] },
];

/** Turns the name of a port into its number; undefined for an unknown one. */
type PortNumbers = (name: string) => number | undefined;

/**
 * Reads what `formatKey` writes; in_port may be a name that `portNumber` knows. Throws Malformed, with where the
 * wrong group begins. Unknown groups are refused by name.
 */
export function readKey(text: string, portNumber?: PortNumbers): ReadKey {
  const into = { key: newKey(), mask: newKey() };
  const named = portNumber === undefined ? text : withPortNumber(text, portNumber);
  readGroups(named, 0, named.length, into);
  if (getSlot(into.mask, 'eth_type') === 0) setSlot(into.key, 'eth_type', impliedType(named));
  return into;
}

/** A key that tells an EtherType and no header before it is of a packet that has none. */
export function setBareType(text: string, { key, mask }: ReadKey): void {
  if (getSlot(mask, 'eth_type') !== 0 && !/\b(eth|packet_type)\(/.test(text))
    setSlot(key, 'packet_type', typedPacket(getSlot(key, 'eth_type')));
}

/** A packet with an IP header is of that type even where nobody says so. */
function impliedType(text: string): number {
  const [, version] = /\bipv([46])\(/.exec(text) ?? [];
  if (version === undefined) return 0;
  return version === '4' ? etherType.ipv4 : etherType.ipv6;
}

function withPortNumber(text: string, portNumber: PortNumbers): string {
  return text.replace(/\bin_port\(([^()/]+)\)/, (group, name: string) => {
    const number = portNumber(name);
    return number === undefined ? group : `in_port(${number})`;
  });
}

function readGroups(text: string, start: number, end: number, into: ReadKey): void {
  let at = start;
  while (at < end) {
    try {
      const afterUfid = ufidEnd(text, at);
      at = afterUfid ?? readGroupAt(text, at, end, into);
      // As in the reference, only spaces may follow what the flow is called.
      const separators = afterUfid === undefined ? ', ' : ' ';
      while (at < end && separators.includes(text[at] ?? '')) at++;
    } catch (error) {
      throw error instanceof Malformed ? new Malformed('flow', at, error.why) : error;
    }
  }
}

/** What a flow is called says nothing of its key. */
function ufidEnd(text: string, at: number): number | undefined {
  if (!text.startsWith(ufidPrefix, at)) return undefined;
  const start = at + ufidPrefix.length;
  return ufidAtStart(text.slice(start)) === undefined ? undefined : start + ufidLength;
}

/** Returns where the group ends. */
function readGroupAt(text: string, at: number, end: number, into: ReadKey): number {
  const open = text.indexOf('(', at);
  if (open < 0 || open >= end)
    throw new Malformed('flow', at, `"${text.slice(at, end)}" is not like name(value)`);
  const close = closingOf(text, open, end);
  const name = trimSpaces(text.slice(at, open));
  if (name === 'encap')
    readGroups(text, open + 1, close, isFullOfTags(into) ? { key: newKey(), mask: newKey() } : into);
  else readNamed(name, text.slice(open + 1, close), open + 1, into);
  return close + 1;
}

/** Where the parenthesis that opens at `open` closes. Throws Malformed when that is not before `end`. */
export function closingOf(text: string, open: number, end: number): number {
  let depth = 0;
  for (let at = open; at < end; at++) {
    if (text[at] === '(') depth++;
    else if (text[at] === ')' && --depth === 0) return at;
  }
  throw new Malformed('flow', open, 'parenthesis is not closed');
}

function readNamed(name: string, body: string, at: number, into: ReadKey): void {
  if (name === 'eth_type') readType(body, into);
  else if (name === 'vlan') readTag(body, at, into);
  else if (!readKeyGroup(name, body, into)) throw new Malformed('flow', at, `unknown attribute "${name}"`);
}

/** A type in front of a tag is the tag's own; `readTag` moves it there. */
function readType(body: string, into: ReadKey): void {
  const [value = ''] = body.split('/');
  writeSlot(into.key, 'eth_type', hexadecimal.read(trimSpaces(value), 2));
  setSlot(into.mask, 'eth_type', 0xffff);
}

/** Has it the tags that a key holds, and does another one follow? That and what is behind it is nowhere in the key. */
function isFullOfTags({ key }: ReadKey): boolean {
  return (getSlot(key, 'vlan_tci2') & vlanPresent) !== 0 && isVlanType(getSlot(key, 'eth_type'));
}

function readTag(body: string, at: number, into: ReadKey): void {
  if (isFullOfTags(into)) return;
  const isInner = (getSlot(into.key, 'vlan_tci') & vlanPresent) !== 0;
  const tpid = isInner ? 'vlan_tpid2' : 'vlan_tpid';
  const tci = isInner ? 'vlan_tci2' : 'vlan_tci';
  const tagType = getSlot(into.key, 'eth_type');
  setSlot(into.key, tpid, isVlanType(tagType) ? tagType : etherType.vlan);
  setSlot(into.key, 'eth_type', etherType.none); // until what is inside says otherwise
  let value = vlanPresent;
  let mask = vlanPresent;
  for (const item of body.split(',')) {
    const found = /^[ \t-\r]*(vid|pcp|cfi)=([0-9a-fx]+)(?:\/([0-9a-fx]+))?[ \t-\r]*$/i.exec(item);
    if (found === null) throw new Malformed('flow', at, `"${item}" is not vid, pcp or cfi of a tag`);
    const shift = found[1] === 'vid' ? 0 : found[1] === 'cfi' ? 12 : 13;
    const all = found[1] === 'vid' ? 0xfff : found[1] === 'cfi' ? 1 : 7;
    const bits = found[3] === undefined ? all : Number(found[3]) & all;
    value |= (Number(found[2]) & all) << shift;
    mask |= bits << shift;
  }
  setSlot(into.key, tci, value);
  setSlot(into.mask, tci, mask);
  setSlot(into.mask, tpid, 0xffff);
}
