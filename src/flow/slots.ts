/**
 * Where a packet's key keeps what was extracted from it: named runs of bytes in one `Uint32Array`.
 * Several fields may show one slot in different ways (`tcp_src` and `icmp_type` share `tp_src`), so the slots are
 * what is extracted, masked and compared, and `fields/` is how people and protocols name their bits.
 *
 * A word holds four bytes in network order: the first byte is its most significant one. No slot of at most four
 * bytes crosses a word; longer ones start on a word. Order is by how often a packet fills them: what extraction
 * writes for every packet comes first (`hotWordCount` words), rare metadata last.
 */
import { entriesIn, namesIn } from '../base/literals.ts';

/**
 * The layers of a packet, outermost first. A classifier looks at one after the other, and what the first ones rule out
 * need not depend on the bits of the later ones.
 */
export const layerCount = 4;
type Layer = 0 | 1 | 2 | 3;
const metadata: Layer = 0;
const link: Layer = 1;
const network: Layer = 2;
const transport: Layer = 3;

/** Bytes and layer of each slot, in the order of the key. `pad*` keeps words whole. */
const slotTable = {
  // metadata of every packet
  in_port: [4, metadata], // DpPort in datapath keys, OfPort in OpenFlow matches
  recirc_id: [4, metadata],
  packet_type: [4, metadata], // (namespace << 16) | type; 0 = Ethernet
  // layer 2
  eth_dst: [6, link],
  eth_type: [2, link],
  eth_src: [6, link],
  pad_eth: [2, link],
  vlan_tpid: [2, link], // outermost tag; all zero without one
  vlan_tci: [2, link], // bit 12 (CFI) is set whenever a tag is there
  vlan_tpid2: [2, link],
  vlan_tci2: [2, link],
  // layer 2.5 to 4
  mpls_lse: [4, link],
  mpls_lse2: [4, link],
  mpls_lse3: [4, link],
  nw_src: [4, network], // also arp_spa
  nw_dst: [4, network], // also arp_tpa
  nw_proto: [1, network], // also arp_op
  nw_tos: [1, network],
  nw_ttl: [1, network],
  nw_frag: [1, network], // bit 0: any fragment, bit 1: not the first
  ipv6_src: [16, network],
  ipv6_dst: [16, network],
  ipv6_label: [4, network],
  tp_src: [2, transport], // also ICMP type
  tp_dst: [2, transport], // also ICMP code
  tcp_flags: [2, transport],
  nd_options_type: [1, transport],
  pad_l4: [1, transport],
  nd_target: [16, transport], // its first word is the group of an IGMP message
  nd_reserved: [4, transport],
  arp_sha: [6, transport], // also nd_sll
  pad_sha: [2, transport],
  arp_tha: [6, transport], // also nd_tll
  pad_tha: [2, transport],
  nsh_flags: [1, transport],
  nsh_ttl: [1, transport],
  nsh_mdtype: [1, transport],
  nsh_np: [1, transport],
  nsh_path: [4, transport], // (spi << 8) | si
  nsh_c1: [4, transport],
  nsh_c2: [4, transport],
  nsh_c3: [4, transport],
  nsh_c4: [4, transport],
  // metadata that most packets do not have
  dp_hash: [4, metadata],
  skb_priority: [4, metadata],
  pkt_mark: [4, metadata],
  ct_state: [4, metadata],
  ct_mark: [4, metadata],
  ct_label: [16, metadata],
  ct_nw_src: [4, network],
  ct_nw_dst: [4, network],
  ct_ipv6_src: [16, network],
  ct_ipv6_dst: [16, network],
  ct_tp_src: [2, transport],
  ct_tp_dst: [2, transport],
  ct_zone: [2, metadata],
  ct_nw_proto: [1, metadata],
  pad_ct: [1, metadata],
  ct_connection: [4, metadata], // a number of the datapath's: goes where the packet goes, and is never matched
  tun_id: [8, metadata],
  tun_src: [4, metadata],
  tun_dst: [4, metadata],
  tun_ipv6_src: [16, metadata],
  tun_ipv6_dst: [16, metadata],
  tun_flags: [2, metadata],
  tun_tos: [1, metadata],
  tun_ttl: [1, metadata],
  tun_tp_src: [2, metadata],
  tun_tp_dst: [2, metadata],
  tun_gbp_id: [2, metadata],
  tun_gbp_flags: [1, metadata],
  tun_gtpu_flags: [1, metadata],
  tun_gtpu_msgtype: [1, metadata],
  tun_erspan_ver: [1, metadata],
  tun_erspan_dir: [1, metadata],
  tun_erspan_hwid: [1, metadata],
  tun_erspan_idx: [4, metadata],
  tun_metadata_present: [8, metadata],
  tun_metadata: [256, metadata],
  // set by OpenFlow actions only; never in a datapath key
  metadata: [8, metadata],
  regs: [128, metadata], // 32 of them; xreg0 is reg0 and reg1, the first one in front
  conj_id: [4, metadata],
  actset_output: [4, metadata],
} as const satisfies Record<string, readonly [size: number, layer: Layer]>;

export type SlotName = keyof typeof slotTable;

interface Slot {
  /** Byte offset inside the key. */
  readonly at: number;
  /** Bytes. */
  readonly size: number;
  /** Index of its first word. */
  readonly word: number;
  /** Bits to shift its word right by so that its last bit is bit 0; for slots within one word. */
  readonly shift: number;
  /** All of its bits, not shifted; of slots of at most four bytes. */
  readonly bits: number;
}

function layOut(): { slots: Readonly<Record<SlotName, Slot>>; size: number; layerOfWord: readonly Layer[] } {
  const made: Partial<Record<SlotName, Slot>> = {};
  const layerOfWord: Layer[] = [];
  let at = 0;
  for (const [name, [size, layer]] of entriesIn(slotTable)) {
    if (size <= 4 && at >> 2 !== (at + size - 1) >> 2)
      throw new Error(`slot ${name} crosses a word: move a pad`);
    if (size > 4 && at % 4 !== 0) throw new Error(`slot ${name} does not start on a word: move a pad`);
    const shift = size < 4 ? 32 - 8 * ((at & 3) + size) : 0;
    made[name] = { at, size, word: at >> 2, shift, bits: size < 4 ? 2 ** (8 * size) - 1 : 0xffffffff };
    for (let word = at >> 2; word << 2 < at + size; word++) {
      if ((layerOfWord[word] ?? layer) !== layer)
        throw new Error(`slot ${name} shares a word with another layer`);
      layerOfWord[word] = layer;
    }
    at += size;
  }
  return { slots: made as Record<SlotName, Slot>, size: at, layerOfWord }; // the loop filled every name
}

const layout = layOut();

export const slots = layout.slots;

type SlotWords = readonly (readonly [word: number, bits: number])[];

const wordsBySlot = new Map(namesIn(slots).map((name) => [name, findWords(slots[name])]));

/** The words that a slot has bits in, and its bits there, unsigned. */
export function slotWords(name: SlotName): SlotWords {
  return wordsBySlot.get(name) ?? [];
}

function findWords({ word, size, shift, bits }: Slot): SlotWords {
  if (size <= 4) return [[word, (bits << shift) >>> 0]];
  return Array.from({ length: Math.ceil(size / 4) }, (_, n) => {
    const left = size - 4 * n;
    return [word + n, left >= 4 ? 0xffffffff : (0xffffffff << (8 * (4 - left))) >>> 0] as const;
  });
}

/** Tags and addresses of Ethernet, and MPLS labels; lower ones are metadata. */
export const linkLayer: number = link;
/** The layer of each word of a key. */
export const layerOfWord = layout.layerOfWord;
/** Words of a whole key. */
export const keyWordCount = layout.size >> 2;
/** Extraction rewrites this many leading words for every packet. */
export const hotWordCount = slots.dp_hash.word;
/** Words from here on exist only above the datapath. */
export const datapathWordCount = slots.metadata.word;
