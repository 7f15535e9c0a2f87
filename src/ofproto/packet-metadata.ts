/** What controllers are told of packets besides their bytes: OpenFlow 1.5.1 section 7.4.1, "pipeline fields". */
import { tunnelFlag } from '../flow/fields/flags.ts';
import { maskSlot, newKey, setSlot } from '../flow/key.ts';
import { type Match, packMatch } from '../flow/match.ts';
import { tunnelHeaderSlots } from '../flow/packet-mask.ts';
import { type SlotName, slots } from '../flow/slots.ts';

const told = [
  ...([
    'packet_type',
    'dp_hash',
    'pkt_mark',
    'ct_state',
    'ct_mark',
    'ct_label',
    'ct_zone',
    'ct_nw_proto',
  ] as const),
  ...(['ct_nw_src', 'ct_nw_dst', 'ct_ipv6_src', 'ct_ipv6_dst', 'ct_tp_src', 'ct_tp_dst'] as const),
  ...tunnelHeaderSlots,
  ...(['tun_gbp_id', 'tun_gbp_flags', 'tun_gtpu_flags', 'tun_gtpu_msgtype'] as const),
  ...(['tun_erspan_ver', 'tun_erspan_dir', 'tun_erspan_hwid', 'tun_erspan_idx', 'metadata'] as const),
] as const satisfies readonly SlotName[];

/** Bits of one field after the other, by word. */
const parts: readonly ReadonlyMap<number, number>[] = [
  ...told.map((name) => {
    const mask = newKey();
    if (name === 'tun_flags') setSlot(mask, name, tunnelFlag.oam);
    else maskSlot(mask, name);
    return new Map([...mask.entries()].filter(([, bits]) => bits !== 0));
  }),
  ...Array.from({ length: slots.regs.size / 4 }, (_, n) => new Map([[slots.regs.word + n, 0xffffffff]])),
];

const trackedWord = slots.ct_state.word;

/**
 * The port that it came by, fields that are not zero, the EtherType of a packet whose connection is told, and options of
 * the tunnel that it came from.
 */
export function packetMetadata(flow: Uint32Array, options?: Match['options']): Match {
  const mask = newKey();
  maskSlot(mask, 'in_port');
  if (flow[trackedWord] !== 0) maskSlot(mask, 'eth_type');
  for (const part of parts) {
    let isSet = false;
    for (const [word, bits] of part) isSet ||= ((flow[word] ?? 0) & bits) !== 0;
    if (isSet) for (const [word, bits] of part) mask[word] = (mask[word] ?? 0) | bits;
  }
  return packMatch(flow, mask, options);
}
