/**
 * What the pipeline has made of a packet's headers, as datapath actions: compares the packet as the pipeline sees it with
 * the packet as the actions so far have made it, header by header in the reference's order, and adds what is missing.
 * What can be written in place is one table of headers; tags, labels and the Ethernet header come and go.
 */

import { unreachable } from '../../base/errors.ts';
import type { DpAction, NshHeader, SetHeader, SlotWrite } from '../../datapath/actions.ts';
import { isMetByPacket, type Prerequisite } from '../../flow/fields/prerequisites.ts';
import { getSlot, readSlot, setSlot, writeSlot } from '../../flow/key.ts';
import { isTunnelled } from '../../flow/packet-mask.ts';
import { datapathWordCount, type SlotName, slots, slotWords } from '../../flow/slots.ts';
import { etherType, isMplsType } from '../../wire/ethernet.ts';
import { serviceBits } from '../../wire/ip.ts';
import { labelCount, labelSlots, popLabel, pushLabel } from './labels.ts';
import { tagsOf, vlanWords } from './vlan-tags.ts';

export interface HeaderCommit {
  /** The packet as the pipeline sees it. */
  readonly flow: Uint32Array;
  /** The packet as the datapath's actions so far have made it; afterwards as `flow` is. */
  readonly base: Uint32Array;
  /** Bits that decided. A header that is written depends on those that are kept. */
  readonly mask: Uint32Array;
  actions: DpAction[];
  /** A `set` writes all of a header. */
  readonly writesWhole?: boolean;
  /** A header that was put in front of the packet and is not pushed yet: the pipeline may still write to it. */
  pending?: PendingHeader | undefined;
}

/** `options` are those of an NSH header of metadata type 2, as they lie on the wire. */
export type PendingHeader =
  | { readonly kind: 'nsh'; readonly options: readonly number[] }
  | { readonly kind: 'mpls' }
  | { readonly kind: 'ethernet' };

/** True when one of the actions is for the slow path only. */
export function commit(c: HeaderCommit): boolean {
  if (c.pending !== undefined) commitPending(c, c.pending);
  else if (isDone(c)) return false;
  else commitPacketType(c);
  let isSlow = setHeaders(c, ethernetHeaders);
  // Labels that go uncover headers to be written; those that come cover them.
  const uncovers = isMplsType(getSlot(c.base, 'eth_type')) && !isMplsType(getSlot(c.flow, 'eth_type'));
  if (uncovers) commitLabels(c);
  isSlow = setHeaders(c, innerHeaders) || isSlow;
  if (!uncovers) commitLabels(c);
  commitTags(c);
  setHeaders(c, metadata);
  return isSlow;
}

/** Of most packets nothing is changed. */
function isDone({ flow, base }: HeaderCommit): boolean {
  for (let n = 0; n < datapathWordCount; n++) {
    if (flow[n] !== base[n] && n !== inPortWord) return false;
  }
  return true;
}

const inPortWord = slots.in_port.word;

interface HeaderToSet {
  readonly header: SetHeader;
  readonly slots: readonly SlotName[];
  /** The packets that have it. */
  readonly needs?: Prerequisite;
  /** Which bits of it are written: by default those looked at in slots that changed. */
  readonly writes?: 'lookedAt' | 'everything';
  /** No datapath of the reference can. */
  readonly isSlow?: true;
}

const ethernetHeaders: readonly HeaderToSet[] = [
  { header: 'eth', needs: 'ethernet', slots: ['eth_src', 'eth_dst'] },
  {
    header: 'nsh',
    needs: 'nsh',
    slots: ['nsh_flags', 'nsh_ttl', 'nsh_path', 'nsh_c1', 'nsh_c2', 'nsh_c3', 'nsh_c4'],
    writes: 'lookedAt',
  },
];

/** Not written to a packet of which the pipeline does not know what is inside. */
const innerHeaders: readonly HeaderToSet[] = [
  { header: 'ipv4', needs: 'ipv4', slots: ['nw_src', 'nw_dst', 'nw_tos', 'nw_ttl'] },
  { header: 'ipv6', needs: 'ipv6', slots: ['ipv6_src', 'ipv6_dst', 'ipv6_label', 'nw_tos', 'nw_ttl'] },
  { header: 'nd_ext', needs: 'icmpv6', slots: ['nd_reserved', 'nd_options_type'], isSlow: true },
  { header: 'nd', needs: 'icmpv6', slots: ['nd_target', 'arp_sha', 'arp_tha'], isSlow: true },
  {
    header: 'arp',
    needs: 'arp',
    slots: ['nw_src', 'nw_dst', 'nw_proto', 'arp_sha', 'arp_tha'],
    isSlow: true,
  },
  { header: 'tcp', needs: 'tcp', slots: ['tp_src', 'tp_dst'] },
  { header: 'udp', needs: 'udp', slots: ['tp_src', 'tp_dst'] },
  { header: 'sctp', needs: 'sctp', slots: ['tp_src', 'tp_dst'] },
  { header: 'icmp', needs: 'icmpv4', slots: ['tp_src', 'tp_dst'], writes: 'everything', isSlow: true },
  { header: 'icmpv6', needs: 'icmpv6', slots: ['tp_src', 'tp_dst'], writes: 'everything', isSlow: true },
];

const metadata: readonly HeaderToSet[] = [
  { header: 'skb_priority', slots: ['skb_priority'] },
  { header: 'skb_mark', slots: ['pkt_mark'] },
];

/** The slots that are committed by a `set`. */
export const committedSlots: ReadonlySet<SlotName> = new Set(
  [...ethernetHeaders, ...innerHeaders, ...metadata].flatMap((row) => row.slots),
);

/** True when one of them is for the slow path only. */
function setHeaders(c: HeaderCommit, headers: readonly HeaderToSet[]): boolean {
  let isSlow = false;
  if (headers === innerHeaders && getSlot(c.flow, 'nw_proto') === 0) return false;
  for (const row of headers) {
    if (row.needs !== undefined && !isMetByPacket(row.needs, c.base)) continue;
    if (row.needs === 'ethernet' && !isMetByPacket(row.needs, c.flow)) continue;
    if (!setHeader(c, row)) continue;
    isSlow ||= row.isSlow === true;
  }
  return isSlow;
}

function setHeader(c: HeaderCommit, { header, slots: names, writes }: HeaderToSet): boolean {
  const changed = names.filter((slot) => isChanged(c, slot));
  if (changed.length === 0) return false;
  const isWhole = writes === 'everything' || c.writesWhole === true;
  const fields = (writes === undefined && !isWhole ? changed : names)
    .map((slot) => fieldOf(c, slot, isWhole))
    .filter((field) => field.mask.some((bits) => bits !== 0));
  c.actions.push({ do: 'set', header, fields });
  for (const slot of changed) writeSlot(c.base, slot, readSlot(c.flow, slot));
  return true;
}

function isChanged({ flow, base }: HeaderCommit, slot: SlotName): boolean {
  return slotWords(slot).some(([word, own]) => (((flow[word] ?? 0) ^ (base[word] ?? 0)) & own) !== 0);
}

function fieldOf({ flow, base, mask }: HeaderCommit, slot: SlotName, isWhole: boolean): SlotWrite {
  const value: number[] = [];
  const bits: number[] = [];
  for (const [word, own] of slotWords(slot)) {
    if (isWhole) mask[word] = (mask[word] ?? 0) | own;
    const changed = (flow[word] ?? 0) ^ (base[word] ?? 0);
    const kept = slot === 'nw_tos' && tellsCongestion(base, changed) ? congestionBits : 0;
    const written = (((mask[word] ?? 0) | changed) & own & ~kept) >>> 0;
    bits.push(written);
    value.push(((flow[word] ?? 0) & written) >>> 0);
  }
  return { slot, value, mask: bits };
}

/** Those of the type of service, which a tunnel on the packet's way changes (RFC 6040). */
const congestionBits = serviceBits.congestion << slots.nw_tos.shift;

function tellsCongestion(base: Uint32Array, changed: number): boolean {
  return isTunnelled(base) && (changed & congestionBits) === 0;
}

/**
 * An Ethernet header goes: what else is taken off says so itself. One comes back that an output by a tunnel was without.
 * Differs: the reference ends there, with a failed assertion.
 */
function commitPacketType(c: HeaderCommit): void {
  const { flow, base, actions } = c;
  const wanted = getSlot(flow, 'packet_type');
  if (wanted === getSlot(base, 'packet_type')) return;
  if (wanted === 0) {
    commitEthernet(c);
    return;
  }
  actions.push({ do: 'pop_eth' });
  setSlot(base, 'packet_type', wanted);
  writeSlot(base, 'eth_src', noAddress);
  writeSlot(base, 'eth_dst', noAddress);
}

const noAddress = new Uint8Array(6);

/** Pops labels down to those that stay, or writes the last of them in place, and pushes the new ones. */
function commitLabels(c: HeaderCommit): void {
  const { flow, base, actions } = c;
  const wanted = labelCount(flow);
  const type = getSlot(flow, 'eth_type');
  let count = labelCount(base);
  let common = commonLabels(c, wanted, count);
  while (count > common) {
    if (count - 1 === common && wanted > common) {
      const lse = labelOf(flow, wanted - count);
      actions.push({
        do: 'set',
        header: 'mpls',
        fields: [{ slot: 'mpls_lse', value: [lse], mask: [0xffffffff] }],
      });
      setSlot(base, 'mpls_lse', lse);
      common++;
    } else {
      // A label follows all but the last one.
      const next = !isMplsType(type) && count > 1 ? etherType.mpls : type;
      actions.push({ do: 'pop_mpls', etherType: next });
      popLabel(base, count, type);
      count--;
    }
  }
  for (; count < wanted; count++) {
    const lse = labelOf(flow, wanted - count - 1);
    actions.push({ do: 'push_mpls', lse, etherType: type });
    pushLabel(base, count, lse, type);
  }
}

/** How many labels are the same, counted from the innermost. */
function commonLabels({ flow, base }: HeaderCommit, wanted: number, present: number): number {
  let common = 0;
  const most = Math.min(wanted, present);
  while (common < most && labelOf(flow, wanted - 1 - common) === labelOf(base, present - 1 - common))
    common++;
  return common;
}

function labelOf(key: Uint32Array, n: number): number {
  const slot = labelSlots[n];
  return slot === undefined ? 0 : getSlot(key, slot) >>> 0;
}

/** Pops and pushes tags until the packet has those of `flow`: all there is to do where nothing else was written. */
export function commitTags({ flow, base, mask, actions }: HeaderCommit): void {
  if (flow[vlanWords[0]] === base[vlanWords[0]] && flow[vlanWords[1]] === base[vlanWords[1]]) return;
  const present = tagsOf(base);
  const wanted = tagsOf(flow);
  let common = 0;
  while (
    common < Math.min(present.length, wanted.length) &&
    present[present.length - 1 - common] === wanted[wanted.length - 1 - common]
  ) {
    common++;
  }
  for (let n = present.length - common - 1; n >= 0; n--) {
    actions.push({ do: 'pop_vlan' });
    mask[vlanWords[n] ?? vlanWords[0]] = 0xffffffff;
  }
  for (let n = wanted.length - common - 1; n >= 0; n--) {
    const tag = wanted[n] ?? 0;
    actions.push({ do: 'push_vlan', tpid: tag >>> 16, tci: tag & 0xffff });
  }
  for (const word of vlanWords) base[word] = flow[word] ?? 0;
}

const firstHeaderWord = slots.packet_type.word;
const endOfHeaders = slots.nsh_c4.word + 1;

/** Pushes the header as it is now; what is behind it is as it was. */
function commitPending(c: HeaderCommit, pending: PendingHeader): void {
  c.pending = undefined;
  switch (pending.kind) {
    case 'ethernet':
      commitEthernet(c);
      return;
    case 'nsh':
      c.actions.push({ do: 'push_nsh', ...nshOf(c.flow, pending.options) });
      coverHeaders(c);
      return;
    case 'mpls':
      commitFirstLabel(c);
      return;
    default:
      unreachable(pending);
  }
}

function commitEthernet({ flow, base, actions }: HeaderCommit): void {
  const [src, dst] = [readSlot(flow, 'eth_src'), readSlot(flow, 'eth_dst')];
  actions.push({ do: 'push_eth', src: [...src], dst: [...dst] });
  setSlot(base, 'packet_type', 0);
  writeSlot(base, 'eth_src', src);
  writeSlot(base, 'eth_dst', dst);
}

/** As in the reference, the packet still counts as one with the Ethernet header that is behind the label. */
function commitFirstLabel(c: HeaderCommit): void {
  const { flow, base, actions } = c;
  const lse = getSlot(flow, 'mpls_lse') >>> 0;
  actions.push({ do: 'add_mpls', lse, etherType: getSlot(flow, 'eth_type') });
  const type = getSlot(base, 'packet_type');
  const [src, dst] = [readSlot(base, 'eth_src').slice(), readSlot(base, 'eth_dst').slice()];
  coverHeaders(c);
  setSlot(base, 'packet_type', type);
  writeSlot(base, 'eth_src', src);
  writeSlot(base, 'eth_dst', dst);
}

function coverHeaders({ flow, base }: HeaderCommit): void {
  base.set(flow.subarray(firstHeaderWord, endOfHeaders), firstHeaderWord);
}

function nshOf(flow: Uint32Array, options: readonly number[]): NshHeader {
  const isType1 = getSlot(flow, 'nsh_mdtype') === 1;
  const path = getSlot(flow, 'nsh_path') >>> 0;
  return {
    flags: getSlot(flow, 'nsh_flags'),
    ttl: getSlot(flow, 'nsh_ttl'),
    mdType: isType1 ? 1 : 2,
    nextProtocol: getSlot(flow, 'nsh_np'),
    spi: path >>> 8,
    si: path & 0xff,
    metadata: isType1
      ? (['nsh_c1', 'nsh_c2', 'nsh_c3', 'nsh_c4'] as const).flatMap((slot) => [...readSlot(flow, slot)])
      : options,
  };
}
