/** What controllers are told of packets besides their bytes: OpenFlow 1.5.1 section 7.4.1, "pipeline fields". */

import { ctState } from '../flow/ct-state.ts';
import { tunnelFlag } from '../flow/fields/flags.ts';
import { maskSlot, newKey, setSlot } from '../flow/key.ts';
import { type Match, packMatch } from '../flow/match.ts';
import { tunnelHeaderSlots } from '../flow/packet-mask.ts';
import { type SlotName, slots } from '../flow/slots.ts';

const told = [
  ...(['packet_type', 'dp_hash', 'pkt_mark', 'ct_state', 'ct_mark', 'ct_label', 'ct_zone'] as const),
  ...tunnelHeaderSlots,
  ...(['tun_gbp_id', 'tun_gbp_flags', 'tun_gtpu_flags', 'tun_gtpu_msgtype'] as const),
  ...(['tun_erspan_ver', 'tun_erspan_dir', 'tun_erspan_hwid', 'tun_erspan_idx', 'metadata'] as const),
] as const satisfies readonly SlotName[];

/** Of the packet that began the connection. */
const originalTuple = [
  ...(['ct_nw_proto', 'ct_nw_src', 'ct_nw_dst'] as const),
  ...(['ct_ipv6_src', 'ct_ipv6_dst', 'ct_tp_src', 'ct_tp_dst'] as const),
] as const satisfies readonly SlotName[];
/** Of a packet that belongs to a connection, or begins one: one of these. */
const connectedStates = ctState.new | ctState.established | ctState.reply;

/** Bits of a field by word. */
type Part = ReadonlyMap<number, number>;

function partOf(name: SlotName): Part {
  const mask = newKey();
  if (name === 'tun_flags') setSlot(mask, name, tunnelFlag.oam);
  else maskSlot(mask, name);
  return new Map([...mask.entries()].filter(([, bits]) => bits !== 0));
}

const parts: readonly Part[] = [
  ...told.map(partOf),
  ...Array.from({ length: slots.regs.size / 4 }, (_, n) => new Map([[slots.regs.word + n, 0xffffffff]])),
];

const trackedWord = slots.ct_state.word;

const partsOfConnected: readonly Part[] = [...parts, ...originalTuple.map(partOf)];

/**
 * The port that it came by, fields that are not zero, the EtherType of a packet whose connection is told, and options of
 * the tunnel that it came from.
 */
export function packetMetadata(flow: Uint32Array, options?: Match['options']): Match {
  const mask = newKey();
  maskSlot(mask, 'in_port');
  if (flow[trackedWord] !== 0) maskSlot(mask, 'eth_type');
  const isConnected = ((flow[trackedWord] ?? 0) & connectedStates) !== 0;
  for (const part of isConnected ? partsOfConnected : parts) {
    let isSet = false;
    for (const [word, bits] of part) isSet ||= ((flow[word] ?? 0) & bits) !== 0;
    if (isSet) for (const [word, bits] of part) mask[word] = (mask[word] ?? 0) | bits;
  }
  return packMatch(flow, mask, options);
}
