/**
 * Where a packet's key keeps what was extracted from it: named runs of bytes in one `Uint32Array`.
 * Several fields may show one slot in different ways (`tcp_src` and `icmp_type` share `tp_src`), so the slots are
 * what is extracted, masked and compared, and `fields.ts` is how people and protocols name their bits.
 *
 * A word holds four bytes in network order: the first byte is its most significant one. No slot of at most four
 * bytes crosses a word; longer ones start on a word. Order is by how often a packet fills them: what extraction
 * writes for every packet comes first (`hotWordCount` words), rare metadata last.
 */

/** Bytes of each slot, in the order of the key. `pad*` keeps words whole. */
const slotBytes = {
  // metadata of every packet
  in_port: 4, // DpPort in datapath keys, OfPort in OpenFlow matches
  recirc_id: 4,
  packet_type: 4, // (namespace << 16) | type; 0 = Ethernet
  // layer 2
  eth_dst: 6,
  eth_type: 2,
  eth_src: 6,
  pad_eth: 2,
  vlan_tpid: 2, // outermost tag; all zero without one
  vlan_tci: 2, // bit 12 (CFI) is set whenever a tag is there
  vlan_tpid2: 2,
  vlan_tci2: 2,
  // layer 2.5 to 4
  mpls_lse: 4,
  mpls_lse2: 4,
  mpls_lse3: 4,
  nw_src: 4, // also arp_spa
  nw_dst: 4, // also arp_tpa
  nw_proto: 1, // also arp_op
  nw_tos: 1,
  nw_ttl: 1,
  nw_frag: 1, // bit 0: any fragment, bit 1: not the first
  ipv6_src: 16,
  ipv6_dst: 16,
  ipv6_label: 4,
  tp_src: 2, // also ICMP type
  tp_dst: 2, // also ICMP code
  tcp_flags: 2,
  nd_options_type: 1,
  pad_l4: 1,
  nd_target: 16, // its first word is the group of an IGMP message
  nd_reserved: 4,
  arp_sha: 6, // also nd_sll
  pad_sha: 2,
  arp_tha: 6, // also nd_tll
  pad_tha: 2,
  nsh_flags: 1,
  nsh_ttl: 1,
  nsh_mdtype: 1,
  nsh_np: 1,
  nsh_path: 4, // (spi << 8) | si
  nsh_c1: 4,
  nsh_c2: 4,
  nsh_c3: 4,
  nsh_c4: 4,
  // metadata that most packets do not have
  dp_hash: 4,
  skb_priority: 4,
  pkt_mark: 4,
  ct_state: 4,
  ct_mark: 4,
  ct_label: 16,
  ct_nw_src: 4,
  ct_nw_dst: 4,
  ct_ipv6_src: 16,
  ct_ipv6_dst: 16,
  ct_tp_src: 2,
  ct_tp_dst: 2,
  ct_zone: 2,
  ct_nw_proto: 1,
  pad_ct: 1,
  tun_id: 8,
  tun_src: 4,
  tun_dst: 4,
  tun_ipv6_src: 16,
  tun_ipv6_dst: 16,
  tun_flags: 2,
  tun_tos: 1,
  tun_ttl: 1,
  tun_tp_src: 2,
  tun_tp_dst: 2,
  tun_gbp_id: 2,
  tun_gbp_flags: 1,
  tun_gtpu_flags: 1,
  tun_gtpu_msgtype: 1,
  tun_erspan_ver: 1,
  tun_erspan_dir: 1,
  tun_erspan_hwid: 1,
  tun_erspan_idx: 4,
  tun_metadata_present: 8,
  tun_metadata: 256,
  // set by OpenFlow actions only; never in a datapath key
  metadata: 8,
  regs: 64,
  conj_id: 4,
  actset_output: 4,
} as const;

export type SlotName = keyof typeof slotBytes;

interface Slot {
  /** Byte offset inside the key. */
  readonly at: number;
  /** Bytes. */
  readonly size: number;
  /** Index of its first word. */
  readonly word: number;
  /** Bits to shift its word right by so that its last bit is bit 0; for slots within one word. */
  readonly shift: number;
}

function layOut(): { slots: Readonly<Record<SlotName, Slot>>; size: number } {
  const made: Partial<Record<SlotName, Slot>> = {};
  let at = 0;
  for (const [name, size] of Object.entries(slotBytes) as [SlotName, number][]) {
    if (size <= 4 && at >> 2 !== (at + size - 1) >> 2)
      throw new Error(`slot ${name} crosses a word: move a pad`);
    if (size > 4 && at % 4 !== 0) throw new Error(`slot ${name} does not start on a word: move a pad`);
    made[name] = { at, size, word: at >> 2, shift: size < 4 ? 32 - 8 * ((at & 3) + size) : 0 };
    at += size;
  }
  return { slots: made as Record<SlotName, Slot>, size: at }; // the loop filled every name
}

const layout = layOut();

export const slots = layout.slots;
/** Words of a whole key. */
export const keyWordCount = layout.size >> 2;
/** Extraction rewrites this many leading words for every packet. */
export const hotWordCount = slots.dp_hash.word;
/** Words from here on exist only above the datapath. */
export const datapathWordCount = slots.metadata.word;
