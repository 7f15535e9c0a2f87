import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Frame } from '../wire/frame.ts';
import { extractKey } from './extract.ts';
import { readSlot } from './key.ts';
import { hotWordCount, keyWordCount, type SlotName, slots } from './slots.ts';

function frameOf(hex: string): Frame {
  const bytes = Uint8Array.from(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'));
  const frame = new Frame(bytes);
  frame.end = bytes.length;
  frame.inPort = 3;
  return frame;
}

function extract(hex: string, vlanLimit = 1): Uint32Array {
  const key = new Uint32Array(keyWordCount).fill(0xdeadbeef, 0, hotWordCount);
  extractKey(frameOf(hex), key, vlanLimit);
  return key;
}

/** All non-zero slots, as hex text. */
function shown(key: Uint32Array): Record<string, string> {
  const seen: Record<string, string> = {};
  for (const name of Object.keys(slots) as SlotName[]) {
    const hex = Buffer.from(readSlot(key, name)).toString('hex');
    if (/[1-9a-f]/.test(hex)) seen[name] = hex;
  }
  return seen;
}

const macs = '020000000002 020000000001';
const l2 = { in_port: '00000003', eth_dst: '020000000002', eth_src: '020000000001' };
const udp4 = '4500 001e 0000 0000 4011 0000 0a000001 0a000002  03e8 07d0 000a 0000 4142';
const udpKey = {
  eth_type: '0800',
  nw_src: '0a000001',
  nw_dst: '0a000002',
  nw_proto: '11',
  nw_ttl: '40',
  tp_src: '03e8',
  tp_dst: '07d0',
};
const v6 = (next: string, payload: string, size: number): string =>
  `6a512345 ${size.toString(16).padStart(4, '0')} ${next} 40 20010db8000000000000000000000001 fe800000000000000000000000000002 ${payload}`;
const l6 = {
  ...l2,
  eth_type: '86dd',
  nw_tos: 'a5',
  nw_ttl: '40',
  ipv6_src: '20010db8000000000000000000000001',
  ipv6_dst: 'fe800000000000000000000000000002',
  ipv6_label: '00012345',
};

const rows: [name: string, hex: string, expected: Record<string, string>][] = [
  ['UDP over IPv4', `${macs} 0800 ${udp4}`, { ...l2, ...udpKey }],
  [
    'a tagged frame',
    `${macs} 8100 6064 0800 ${udp4}`,
    {
      ...l2,
      vlan_tpid: '8100',
      vlan_tci: '7064',
      ...udpKey,
    },
  ],
  [
    'a tag beyond the limit as the EtherType',
    `${macs} 88a8 0005 8100 0006 0800`,
    { ...l2, vlan_tpid: '88a8', vlan_tci: '1005', eth_type: '8100' },
  ],
  ['an 802.3 frame without SNAP', `${macs} 0026 424203000000`, { ...l2, eth_type: '05ff' }],
  ['an 802.3 frame with SNAP', `${macs} 0008 aaaa03 000000 0842`, { ...l2, eth_type: '0842' }],
  [
    'a later fragment without ports',
    `${macs} 0800 4500 001e 0000 0010 4011 0000 0a000001 0a000002  03e8 07d0 000a 0000 4142`,
    {
      ...l2,
      eth_type: '0800',
      nw_src: '0a000001',
      nw_dst: '0a000002',
      nw_proto: '11',
      nw_ttl: '40',
      nw_frag: '03',
    },
  ],
  [
    'a first fragment with ports',
    `${macs} 0800 4500 001e 0000 2000 4011 0000 0a000001 0a000002  03e8 07d0 000a 0000 4142`,
    {
      ...l2,
      eth_type: '0800',
      nw_src: '0a000001',
      nw_dst: '0a000002',
      nw_proto: '11',
      nw_ttl: '40',
      nw_frag: '01',
      tp_src: '03e8',
      tp_dst: '07d0',
    },
  ],
  [
    'TCP with its flags',
    `${macs} 0800 4502 0028 0000 0000 4006 0000 0a000001 0a000002 0050 1f90 00000001 00000002 5812 ffff 0000 0000`,
    {
      ...l2,
      eth_type: '0800',
      nw_src: '0a000001',
      nw_dst: '0a000002',
      nw_proto: '06',
      nw_tos: '02',
      nw_ttl: '40',
      tp_src: '0050',
      tp_dst: '1f90',
      tcp_flags: '0812',
    },
  ],
  [
    'ICMP type and code',
    `${macs} 0800 4500 001c 0000 0000 4001 0000 0a000001 0a000002 0301 0000 00000000`,
    {
      ...l2,
      eth_type: '0800',
      nw_src: '0a000001',
      nw_dst: '0a000002',
      nw_proto: '01',
      nw_ttl: '40',
      tp_src: '0003',
      tp_dst: '0001',
    },
  ],
  [
    'the group of an IGMP report',
    `${macs} 0800 4500 001c 0000 0000 0102 0000 0a000001 e0000005 1600 0000 e0000005`,
    {
      ...l2,
      eth_type: '0800',
      nw_src: '0a000001',
      nw_dst: 'e0000005',
      nw_proto: '02',
      nw_ttl: '01',
      tp_src: '0016',
      nd_target: 'e0000005000000000000000000000000',
    },
  ],
  [
    'IPv4 that claims more than there is as layer 2',
    `${macs} 0800 4500 0100 0000 0000 4011 0000 0a000001 0a000002`,
    { ...l2, eth_type: '0800' },
  ],
  [
    'ARP',
    `${macs} 0806 0001 0800 0604 0002 020000000001 0a000001 020000000002 0a000002`,
    {
      ...l2,
      eth_type: '0806',
      nw_src: '0a000001',
      nw_dst: '0a000002',
      nw_proto: '02',
      arp_sha: '020000000001',
      arp_tha: '020000000002',
    },
  ],
  [
    'three MPLS labels of four',
    `${macs} 8847 00010040 00020040 00030040 00040140`,
    { ...l2, eth_type: '8847', mpls_lse: '00010040', mpls_lse2: '00020040', mpls_lse3: '00030040' },
  ],
  [
    'MPLS only to the bottom of its stack',
    `${macs} 8847 00010140 00020040`,
    { ...l2, eth_type: '8847', mpls_lse: '00010140' },
  ],
  [
    'UDP over IPv6',
    `${macs} 86dd ${v6('11', '0035 0036 0008 0000', 8)}`,
    { ...l6, nw_proto: '11', tp_src: '0035', tp_dst: '0036' },
  ],
  [
    'IPv6 behind extension headers',
    `${macs} 86dd ${v6('00', '3c00000000000000 1100000000000000 0035 0036 0008 0000', 24)}`,
    { ...l6, nw_proto: '11', tp_src: '0035', tp_dst: '0036' },
  ],
  [
    'a later IPv6 fragment',
    `${macs} 86dd ${v6('2c', '1100 0008 00000001 00350036', 12)}`,
    { ...l6, nw_proto: '2c', nw_frag: '03' },
  ],
  [
    'only the addresses of IPv6 with a broken extension header',
    `${macs} 86dd ${v6('00', '3c05000000000000', 8)}`,
    { ...l2, eth_type: '86dd', ipv6_src: l6.ipv6_src, ipv6_dst: l6.ipv6_dst },
  ],
  [
    'a neighbour solicitation',
    `${macs} 86dd ${v6('3a', '8700 0000 00000000 fe80000000000000000000000000000a 0101 020000000001', 32)}`,
    {
      ...l6,
      nw_proto: '3a',
      tp_src: '0087',
      nd_target: 'fe80000000000000000000000000000a',
      arp_sha: '020000000001',
      nd_options_type: '01',
    },
  ],
  [
    'a neighbour advertisement',
    `${macs} 86dd ${v6('3a', '8800 0000 60000000 fe80000000000000000000000000000a 0201 020000000009', 32)}`,
    {
      ...l6,
      nw_proto: '3a',
      tp_src: '0088',
      nd_target: 'fe80000000000000000000000000000a',
      nd_reserved: '60000000',
      arp_tha: '020000000009',
      nd_options_type: '02',
    },
  ],
  [
    'a neighbour message up to an option of length zero',
    `${macs} 86dd ${v6('3a', '8700 0000 00000000 fe80000000000000000000000000000a 0101 020000000001 0200 000000000000', 40)}`,
    {
      ...l6,
      nw_proto: '3a',
      tp_src: '0087',
      nd_target: 'fe80000000000000000000000000000a',
      arp_sha: '020000000001',
      nd_options_type: '01',
    },
  ],
  [
    'no target of a neighbour message that names a link-layer address twice',
    `${macs} 86dd ${v6('3a', '8800 0000 60000000 fe80000000000000000000000000000a 0201 020000000009 0101 020000000001 0201 020000000009', 48)}`,
    { ...l6, nw_proto: '3a', tp_src: '0088', nd_reserved: '60000000', nd_options_type: '02' },
  ],
  [
    'no ports of TCP whose header claims to be longer than the packet',
    `${macs} 0800 4500 0028 0000 0000 4006 0000 0a000001 0a000002 0050 1f90 00000001 00000002 6012 ffff 0000 0000`,
    { ...l2, eth_type: '0800', nw_src: '0a000001', nw_dst: '0a000002', nw_proto: '06', nw_ttl: '40' },
  ],
  ['IPv4 in front of much padding', `${macs} 0800 ${udp4} ${'00'.repeat(300)}`, { ...l2, ...udpKey }],
  [
    'NSH with metadata of a type that has none',
    `${macs} 894f 0fc1 45 03 000005ff`,
    { ...l2, eth_type: '894f', nsh_ttl: '3f', nsh_mdtype: '45', nsh_np: '03', nsh_path: '000005ff' },
  ],
  [
    'NSH with its context',
    `${macs} 894f 0fc6 01 03 000005ff 00000001 00000002 00000003 00000004`,
    {
      ...l2,
      eth_type: '894f',
      nsh_ttl: '3f',
      nsh_mdtype: '01',
      nsh_np: '03',
      nsh_path: '000005ff',
      nsh_c1: '00000001',
      nsh_c2: '00000002',
      nsh_c3: '00000003',
      nsh_c4: '00000004',
    },
  ],
];

describe('extractKey', () => {
  it.each(rows)('reads %s', (_name, hex, expected) => {
    expect(shown(extract(hex))).toEqual(expected);
  });

  it('reads two tags when the limit allows', () => {
    const seen = shown(extract(`${macs} 88a8 0005 8100 0006 0800 ${udp4}`, 2));
    expect(seen).toMatchObject({
      vlan_tci: '1005',
      vlan_tpid2: '8100',
      vlan_tci2: '1006',
      eth_type: '0800',
      tp_dst: '07d0',
    });
  });

  it('takes any bytes, at any offset, without reading outside the frame', () => {
    const start = fc.constantFrom(...rows.map((row) => Buffer.from(row[1].replaceAll(/\s/g, ''), 'hex')));
    fc.assert(
      fc.property(start, fc.nat(80), fc.array(fc.tuple(fc.nat(80), fc.nat(255))), (bytes, size, edits) => {
        const twisted = Uint8Array.from(bytes.subarray(0, size));
        for (const [at, value] of edits) if (at < twisted.length) twisted[at] = value;
        const keys = [0x00, 0xff].map((around) => {
          const memory = new Uint8Array(twisted.length + 200).fill(around);
          memory.set(twisted, 60);
          const frame = new Frame(memory);
          frame.start = 60;
          frame.end = 60 + twisted.length;
          const key = new Uint32Array(keyWordCount);
          extractKey(frame, key, 2);
          return key;
        });
        expect(keys[0]).toEqual(keys[1]);
      }),
      { numRuns: 2000 },
    );
  });
});
