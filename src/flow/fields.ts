/**
 * The field table: every field that a packet can be matched on, by the names of ovs-fields(7). Match text, OXM and
 * NXM codecs, prerequisites and the field reference read it; nobody writes a field number a second time.
 * A field is some or all bits of a slot of the key (slots.ts); extraction knows slots only.
 */
import type { SlotName } from './slots.ts';

/** How values read and print. */
type FieldFormat =
  | 'decimal'
  | 'hexadecimal'
  | 'mac'
  | 'ipv4'
  | 'ipv6'
  | 'ofPort16'
  | 'ofPort32'
  | 'frag'
  | 'tcpFlags'
  | 'tunnelFlags'
  | 'ctState'
  | 'packetType';

/** What a packet must be for the field to mean anything. */
type Prerequisite =
  | 'ethernet'
  | 'vlan'
  | 'arp'
  | 'ipv4'
  | 'ipv6'
  | 'ip'
  | 'mpls'
  | 'tcp'
  | 'udp'
  | 'sctp'
  | 'icmpv4'
  | 'icmpv6'
  | 'nd'
  | 'ndSolicit'
  | 'ndAdvert'
  | 'nsh'
  | 'conntrack';

/** Class and field number of an OXM/NXM header, and the experimenter of class 0xffff: OpenFlow 1.5.1 section 7.2.3.2. */
type OxmNumber = readonly [oxmClass: number, field: number, experimenter?: number];

export interface FieldDef {
  /** Bits of the value; OXM rounds them up to bytes. */
  readonly width: number;
  /** Bytes on the wire where that is more than `width` needs. */
  readonly bytes?: number;
  readonly slot: SlotName;
  /** Bits of the slot below the value. */
  readonly low?: number;
  readonly format: FieldFormat;
  readonly isMaskable: boolean;
  readonly isWritable: boolean;
  readonly needs?: Prerequisite;
  readonly aliases?: readonly string[];
  /** Nicira extension number. */
  readonly nxm?: OxmNumber;
  /** Standard number, since the given OpenFlow version (0x04 = 1.3). */
  readonly oxm?: OxmNumber;
  readonly oxmSince?: number;
}

const nxm0 = (field: number): OxmNumber => [0x0000, field];
const nxm1 = (field: number): OxmNumber => [0x0001, field];
const basic = (field: number): OxmNumber => [0x8000, field];
const nicira = (field: number): OxmNumber => [0xffff, field, 0x2320];
const nsh = (field: number): OxmNumber => [0xffff, field, 0x5ad650];
const onf = (field: number): OxmNumber => [0xffff, field, 0x4f4e4600];
const eric = (field: number): OxmNumber => [0x1000, field];

const of12 = 0x03;
const of13 = 0x04;
const of14 = 0x05;
const of15 = 0x06;

const readWrite = { isMaskable: true, isWritable: true } as const;
const exactWritable = { isMaskable: false, isWritable: true } as const;
const maskedReadOnly = { isMaskable: true, isWritable: false } as const;
const exactReadOnly = { isMaskable: false, isWritable: false } as const;

const plainFields = {
  // metadata
  dp_hash: { width: 32, slot: 'dp_hash', format: 'hexadecimal', ...maskedReadOnly, nxm: nxm1(35) },
  recirc_id: { width: 32, slot: 'recirc_id', format: 'decimal', ...exactReadOnly, nxm: nxm1(36) },
  packet_type: {
    width: 32,
    slot: 'packet_type',
    format: 'packetType',
    ...exactReadOnly,
    oxm: basic(44),
    oxmSince: of15,
  },
  conj_id: { width: 32, slot: 'conj_id', format: 'decimal', ...exactReadOnly, nxm: nxm1(37) },
  in_port: { width: 16, slot: 'in_port', format: 'ofPort16', ...exactWritable, nxm: nxm0(0) },
  in_port_oxm: {
    width: 32,
    slot: 'in_port',
    format: 'ofPort32',
    ...exactWritable,
    oxm: basic(0),
    oxmSince: of12,
  },
  actset_output: {
    width: 32,
    slot: 'actset_output',
    format: 'ofPort32',
    ...exactReadOnly,
    nxm: onf(43),
    oxm: basic(43),
    oxmSince: of15,
  },
  skb_priority: { width: 32, slot: 'skb_priority', format: 'hexadecimal', ...exactReadOnly },
  pkt_mark: { width: 32, slot: 'pkt_mark', format: 'hexadecimal', ...readWrite, nxm: nxm1(33) },
  metadata: {
    width: 64,
    slot: 'metadata',
    format: 'hexadecimal',
    ...readWrite,
    oxm: basic(2),
    oxmSince: of12,
  },
  // tunnel
  tun_id: {
    width: 64,
    slot: 'tun_id',
    format: 'hexadecimal',
    ...readWrite,
    aliases: ['tunnel_id'],
    nxm: nxm1(16),
    oxm: basic(38),
    oxmSince: of13,
  },
  tun_src: { width: 32, slot: 'tun_src', format: 'ipv4', ...readWrite, nxm: nxm1(31) },
  tun_dst: { width: 32, slot: 'tun_dst', format: 'ipv4', ...readWrite, nxm: nxm1(32) },
  tun_ipv6_src: { width: 128, slot: 'tun_ipv6_src', format: 'ipv6', ...readWrite, nxm: nxm1(109) },
  tun_ipv6_dst: { width: 128, slot: 'tun_ipv6_dst', format: 'ipv6', ...readWrite, nxm: nxm1(110) },
  tun_gbp_id: { width: 16, slot: 'tun_gbp_id', format: 'decimal', ...readWrite, nxm: nxm1(38) },
  tun_gbp_flags: { width: 8, slot: 'tun_gbp_flags', format: 'hexadecimal', ...readWrite, nxm: nxm1(39) },
  tun_erspan_ver: { width: 4, slot: 'tun_erspan_ver', format: 'decimal', ...readWrite, nxm: nicira(12) },
  tun_erspan_idx: {
    width: 20,
    bytes: 4,
    slot: 'tun_erspan_idx',
    format: 'hexadecimal',
    ...readWrite,
    nxm: nicira(11),
  },
  tun_erspan_dir: { width: 1, slot: 'tun_erspan_dir', format: 'decimal', ...readWrite, nxm: nicira(13) },
  tun_erspan_hwid: {
    width: 6,
    slot: 'tun_erspan_hwid',
    format: 'hexadecimal',
    ...readWrite,
    nxm: nicira(14),
  },
  tun_gtpu_flags: {
    width: 8,
    slot: 'tun_gtpu_flags',
    format: 'hexadecimal',
    ...maskedReadOnly,
    nxm: nicira(15),
  },
  tun_gtpu_msgtype: {
    width: 8,
    slot: 'tun_gtpu_msgtype',
    format: 'decimal',
    ...maskedReadOnly,
    nxm: nicira(16),
  },
  tun_flags: { width: 1, bytes: 2, slot: 'tun_flags', format: 'tunnelFlags', ...readWrite, nxm: nxm1(104) },
  // connection tracking
  ct_state: { width: 32, slot: 'ct_state', format: 'ctState', ...maskedReadOnly, nxm: nxm1(105) },
  ct_zone: { width: 16, slot: 'ct_zone', format: 'hexadecimal', ...exactReadOnly, nxm: nxm1(106) },
  ct_mark: { width: 32, slot: 'ct_mark', format: 'hexadecimal', ...readWrite, nxm: nxm1(107) },
  ct_label: { width: 128, slot: 'ct_label', format: 'hexadecimal', ...readWrite, nxm: nxm1(108) },
  ct_nw_src: {
    width: 32,
    slot: 'ct_nw_src',
    format: 'ipv4',
    ...maskedReadOnly,
    needs: 'conntrack',
    nxm: nxm1(120),
  },
  ct_nw_dst: {
    width: 32,
    slot: 'ct_nw_dst',
    format: 'ipv4',
    ...maskedReadOnly,
    needs: 'conntrack',
    nxm: nxm1(121),
  },
  ct_ipv6_src: {
    width: 128,
    slot: 'ct_ipv6_src',
    format: 'ipv6',
    ...maskedReadOnly,
    needs: 'conntrack',
    nxm: nxm1(122),
  },
  ct_ipv6_dst: {
    width: 128,
    slot: 'ct_ipv6_dst',
    format: 'ipv6',
    ...maskedReadOnly,
    needs: 'conntrack',
    nxm: nxm1(123),
  },
  ct_nw_proto: {
    width: 8,
    slot: 'ct_nw_proto',
    format: 'decimal',
    ...exactReadOnly,
    needs: 'conntrack',
    nxm: nxm1(119),
  },
  ct_tp_src: {
    width: 16,
    slot: 'ct_tp_src',
    format: 'decimal',
    ...maskedReadOnly,
    needs: 'conntrack',
    nxm: nxm1(124),
  },
  ct_tp_dst: {
    width: 16,
    slot: 'ct_tp_dst',
    format: 'decimal',
    ...maskedReadOnly,
    needs: 'conntrack',
    nxm: nxm1(125),
  },
  // Ethernet and tags
  eth_src: {
    width: 48,
    slot: 'eth_src',
    format: 'mac',
    ...readWrite,
    needs: 'ethernet',
    aliases: ['dl_src'],
    nxm: nxm0(2),
    oxm: basic(4),
    oxmSince: of12,
  },
  eth_dst: {
    width: 48,
    slot: 'eth_dst',
    format: 'mac',
    ...readWrite,
    needs: 'ethernet',
    aliases: ['dl_dst'],
    nxm: nxm0(1),
    oxm: basic(3),
    oxmSince: of12,
  },
  eth_type: {
    width: 16,
    slot: 'eth_type',
    format: 'hexadecimal',
    ...exactReadOnly,
    needs: 'ethernet',
    aliases: ['dl_type'],
    nxm: nxm0(3),
    oxm: basic(5),
    oxmSince: of12,
  },
  vlan_tci: {
    width: 16,
    slot: 'vlan_tci',
    format: 'hexadecimal',
    ...readWrite,
    needs: 'ethernet',
    nxm: nxm0(4),
  },
  dl_vlan: { width: 12, slot: 'vlan_tci', format: 'decimal', ...exactWritable, needs: 'ethernet' },
  vlan_vid: {
    width: 13,
    slot: 'vlan_tci',
    format: 'decimal',
    ...readWrite,
    needs: 'ethernet',
    oxm: basic(6),
    oxmSince: of12,
  },
  dl_vlan_pcp: {
    width: 3,
    slot: 'vlan_tci',
    low: 13,
    format: 'decimal',
    ...exactWritable,
    needs: 'ethernet',
  },
  vlan_pcp: {
    width: 3,
    slot: 'vlan_tci',
    low: 13,
    format: 'decimal',
    ...exactWritable,
    needs: 'vlan',
    oxm: basic(7),
    oxmSince: of12,
  },
  // MPLS
  mpls_label: {
    width: 20,
    bytes: 4,
    slot: 'mpls_lse',
    low: 12,
    format: 'decimal',
    ...exactWritable,
    needs: 'mpls',
    oxm: basic(34),
    oxmSince: of12,
  },
  mpls_tc: {
    width: 3,
    slot: 'mpls_lse',
    low: 9,
    format: 'decimal',
    ...exactWritable,
    needs: 'mpls',
    oxm: basic(35),
    oxmSince: of12,
  },
  mpls_bos: {
    width: 1,
    slot: 'mpls_lse',
    low: 8,
    format: 'decimal',
    ...exactReadOnly,
    needs: 'mpls',
    oxm: basic(36),
    oxmSince: of13,
  },
  mpls_ttl: { width: 8, slot: 'mpls_lse', format: 'decimal', ...exactWritable, needs: 'mpls', nxm: nxm1(30) },
  // IP
  ip_src: {
    width: 32,
    slot: 'nw_src',
    format: 'ipv4',
    ...readWrite,
    needs: 'ipv4',
    aliases: ['nw_src'],
    nxm: nxm0(7),
    oxm: basic(11),
    oxmSince: of12,
  },
  ip_dst: {
    width: 32,
    slot: 'nw_dst',
    format: 'ipv4',
    ...readWrite,
    needs: 'ipv4',
    aliases: ['nw_dst'],
    nxm: nxm0(8),
    oxm: basic(12),
    oxmSince: of12,
  },
  ipv6_src: {
    width: 128,
    slot: 'ipv6_src',
    format: 'ipv6',
    ...readWrite,
    needs: 'ipv6',
    nxm: nxm1(19),
    oxm: basic(26),
    oxmSince: of12,
  },
  ipv6_dst: {
    width: 128,
    slot: 'ipv6_dst',
    format: 'ipv6',
    ...readWrite,
    needs: 'ipv6',
    nxm: nxm1(20),
    oxm: basic(27),
    oxmSince: of12,
  },
  ipv6_label: {
    width: 20,
    bytes: 4,
    slot: 'ipv6_label',
    format: 'hexadecimal',
    ...readWrite,
    needs: 'ipv6',
    nxm: nxm1(27),
    oxm: basic(28),
    oxmSince: of12,
  },
  nw_proto: {
    width: 8,
    slot: 'nw_proto',
    format: 'decimal',
    ...exactReadOnly,
    needs: 'ip',
    aliases: ['ip_proto'],
    nxm: nxm0(6),
    oxm: basic(10),
    oxmSince: of12,
  },
  nw_ttl: { width: 8, slot: 'nw_ttl', format: 'decimal', ...exactWritable, needs: 'ip', nxm: nxm1(29) },
  ip_frag: {
    width: 2,
    slot: 'nw_frag',
    format: 'frag',
    ...maskedReadOnly,
    needs: 'ip',
    aliases: ['nw_frag'],
    nxm: nxm1(26),
  },
  nw_tos: { width: 8, slot: 'nw_tos', format: 'decimal', ...exactWritable, needs: 'ip', nxm: nxm0(5) },
  ip_dscp: {
    width: 6,
    slot: 'nw_tos',
    low: 2,
    format: 'decimal',
    ...exactWritable,
    needs: 'ip',
    oxm: basic(8),
    oxmSince: of12,
  },
  nw_ecn: {
    width: 2,
    slot: 'nw_tos',
    format: 'decimal',
    ...exactWritable,
    needs: 'ip',
    aliases: ['ip_ecn'],
    nxm: nxm1(28),
    oxm: basic(9),
    oxmSince: of12,
  },
  // ARP
  arp_op: {
    width: 8,
    bytes: 2,
    slot: 'nw_proto',
    format: 'decimal',
    ...exactWritable,
    needs: 'arp',
    nxm: nxm0(15),
    oxm: basic(21),
    oxmSince: of12,
  },
  arp_spa: {
    width: 32,
    slot: 'nw_src',
    format: 'ipv4',
    ...readWrite,
    needs: 'arp',
    nxm: nxm0(16),
    oxm: basic(22),
    oxmSince: of12,
  },
  arp_tpa: {
    width: 32,
    slot: 'nw_dst',
    format: 'ipv4',
    ...readWrite,
    needs: 'arp',
    nxm: nxm0(17),
    oxm: basic(23),
    oxmSince: of12,
  },
  arp_sha: {
    width: 48,
    slot: 'arp_sha',
    format: 'mac',
    ...readWrite,
    needs: 'arp',
    nxm: nxm1(17),
    oxm: basic(24),
    oxmSince: of12,
  },
  arp_tha: {
    width: 48,
    slot: 'arp_tha',
    format: 'mac',
    ...readWrite,
    needs: 'arp',
    nxm: nxm1(18),
    oxm: basic(25),
    oxmSince: of12,
  },
  // NSH
  nsh_flags: { width: 8, slot: 'nsh_flags', format: 'decimal', ...readWrite, needs: 'nsh', nxm: nsh(1) },
  nsh_ttl: { width: 8, slot: 'nsh_ttl', format: 'decimal', ...readWrite, needs: 'nsh', nxm: nsh(10) },
  nsh_mdtype: {
    width: 8,
    slot: 'nsh_mdtype',
    format: 'decimal',
    ...exactReadOnly,
    needs: 'nsh',
    nxm: nsh(2),
  },
  nsh_np: { width: 8, slot: 'nsh_np', format: 'decimal', ...exactReadOnly, needs: 'nsh', nxm: nsh(3) },
  nsh_spi: {
    width: 24,
    bytes: 4,
    slot: 'nsh_path',
    low: 8,
    format: 'hexadecimal',
    ...exactWritable,
    needs: 'nsh',
    aliases: ['nsp'],
    nxm: nsh(4),
  },
  nsh_si: {
    width: 8,
    slot: 'nsh_path',
    format: 'decimal',
    ...exactWritable,
    needs: 'nsh',
    aliases: ['nsi'],
    nxm: nsh(5),
  },
  nsh_c1: {
    width: 32,
    slot: 'nsh_c1',
    format: 'hexadecimal',
    ...readWrite,
    needs: 'nsh',
    aliases: ['nshc1'],
    nxm: nsh(6),
  },
  nsh_c2: {
    width: 32,
    slot: 'nsh_c2',
    format: 'hexadecimal',
    ...readWrite,
    needs: 'nsh',
    aliases: ['nshc2'],
    nxm: nsh(7),
  },
  nsh_c3: {
    width: 32,
    slot: 'nsh_c3',
    format: 'hexadecimal',
    ...readWrite,
    needs: 'nsh',
    aliases: ['nshc3'],
    nxm: nsh(8),
  },
  nsh_c4: {
    width: 32,
    slot: 'nsh_c4',
    format: 'hexadecimal',
    ...readWrite,
    needs: 'nsh',
    aliases: ['nshc4'],
    nxm: nsh(9),
  },
  // layer 4
  tcp_src: {
    width: 16,
    slot: 'tp_src',
    format: 'decimal',
    ...readWrite,
    needs: 'tcp',
    aliases: ['tp_src'],
    nxm: nxm0(9),
    oxm: basic(13),
    oxmSince: of12,
  },
  tcp_dst: {
    width: 16,
    slot: 'tp_dst',
    format: 'decimal',
    ...readWrite,
    needs: 'tcp',
    aliases: ['tp_dst'],
    nxm: nxm0(10),
    oxm: basic(14),
    oxmSince: of12,
  },
  tcp_flags: {
    width: 12,
    bytes: 2,
    slot: 'tcp_flags',
    format: 'tcpFlags',
    ...maskedReadOnly,
    needs: 'tcp',
    nxm: nxm1(34),
    oxm: basic(42),
    oxmSince: of15,
  },
  udp_src: {
    width: 16,
    slot: 'tp_src',
    format: 'decimal',
    ...readWrite,
    needs: 'udp',
    nxm: nxm0(11),
    oxm: basic(15),
    oxmSince: of12,
  },
  udp_dst: {
    width: 16,
    slot: 'tp_dst',
    format: 'decimal',
    ...readWrite,
    needs: 'udp',
    nxm: nxm0(12),
    oxm: basic(16),
    oxmSince: of12,
  },
  sctp_src: {
    width: 16,
    slot: 'tp_src',
    format: 'decimal',
    ...readWrite,
    needs: 'sctp',
    oxm: basic(17),
    oxmSince: of12,
  },
  sctp_dst: {
    width: 16,
    slot: 'tp_dst',
    format: 'decimal',
    ...readWrite,
    needs: 'sctp',
    oxm: basic(18),
    oxmSince: of12,
  },
  icmp_type: {
    width: 8,
    slot: 'tp_src',
    format: 'decimal',
    ...exactWritable,
    needs: 'icmpv4',
    nxm: nxm0(13),
    oxm: basic(19),
    oxmSince: of12,
  },
  icmp_code: {
    width: 8,
    slot: 'tp_dst',
    format: 'decimal',
    ...exactWritable,
    needs: 'icmpv4',
    nxm: nxm0(14),
    oxm: basic(20),
    oxmSince: of12,
  },
  icmpv6_type: {
    width: 8,
    slot: 'tp_src',
    format: 'decimal',
    ...exactWritable,
    needs: 'icmpv6',
    nxm: nxm1(21),
    oxm: basic(29),
    oxmSince: of12,
  },
  icmpv6_code: {
    width: 8,
    slot: 'tp_dst',
    format: 'decimal',
    ...exactWritable,
    needs: 'icmpv6',
    nxm: nxm1(22),
    oxm: basic(30),
    oxmSince: of12,
  },
  nd_target: {
    width: 128,
    slot: 'nd_target',
    format: 'ipv6',
    ...readWrite,
    needs: 'nd',
    nxm: nxm1(23),
    oxm: basic(31),
    oxmSince: of12,
  },
  nd_sll: {
    width: 48,
    slot: 'arp_sha',
    format: 'mac',
    ...readWrite,
    needs: 'ndSolicit',
    nxm: nxm1(24),
    oxm: basic(32),
    oxmSince: of12,
  },
  nd_tll: {
    width: 48,
    slot: 'arp_tha',
    format: 'mac',
    ...readWrite,
    needs: 'ndAdvert',
    nxm: nxm1(25),
    oxm: basic(33),
    oxmSince: of12,
  },
  nd_reserved: {
    width: 32,
    slot: 'nd_reserved',
    format: 'decimal',
    ...exactWritable,
    needs: 'nd',
    nxm: eric(1),
  },
  nd_options_type: {
    width: 8,
    slot: 'nd_options_type',
    format: 'decimal',
    ...exactWritable,
    needs: 'nd',
    nxm: eric(2),
  },
} as const satisfies Record<string, FieldDef>;

type Numbered = `reg${number}` | `xreg${number}` | `xxreg${number}` | `tun_metadata${number}`;
export type FieldName = keyof typeof plainFields | Numbered;

/** Registers overlap: xreg0 is reg0 and reg1, xxreg0 is reg0 to reg3, the first one the most significant. */
function register(name: string, index: number, words: number, more: Partial<FieldDef>): [string, FieldDef] {
  const low = 512 - 32 * words * (index + 1);
  return [
    `${name}${index}`,
    { width: 32 * words, slot: 'regs', low, format: 'hexadecimal', ...readWrite, ...more },
  ];
}

function count<T>(size: number, make: (index: number) => T): T[] {
  return Array.from({ length: size }, (_, index) => make(index));
}

/** Every field by its name. `low` of a slot longer than a word counts from its last bit. */
export const fields: ReadonlyMap<string, FieldDef> = new Map<string, FieldDef>([
  ...Object.entries(plainFields),
  ...count(16, (n) => register('reg', n, 1, { nxm: nxm1(n) })),
  ...count(8, (n) => register('xreg', n, 2, { oxm: [0x8001, n], oxmSince: of14 })),
  ...count(4, (n) => register('xxreg', n, 4, { nxm: nxm1(111 + n) })),
  ...count(64, (n): [string, FieldDef] => [
    `tun_metadata${n}`,
    // Where its bytes lie in the slot is decided by the bridge's TLV table.
    { width: 992, slot: 'tun_metadata', format: 'hexadecimal', ...readWrite, nxm: nxm1(40 + n) },
  ]),
]);

const byAnyName = new Map<string, FieldName>();
for (const [name, field] of fields) {
  for (const known of [name, ...(field.aliases ?? [])]) byAnyName.set(known, name as FieldName); // keys of `fields` are FieldNames
}

/** Finds a field by its name or an alias of it. */
export function fieldNamed(name: string): { name: FieldName; field: FieldDef } | undefined {
  const found = byAnyName.get(name);
  const field = found === undefined ? undefined : fields.get(found);
  return found === undefined || field === undefined ? undefined : { name: found, field };
}
