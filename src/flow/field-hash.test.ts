import { describe, expect, test } from 'vitest';
import { type HashedFields, hashFields, unwildcardHashed, weigh } from './field-hash.ts';
import type { PortText } from './fields/text.ts';
import { newKey } from './key.ts';
import { readPacket } from './match-text.ts';

const ports: PortText = { read: () => undefined, format: String };
const macs = 'dl_src=00:01:02:03:04:05,dl_dst=00:11:22:33:44:55';
const v4 = 'nw_src=10.0.0.1,nw_dst=10.0.1.2';
const v6 = 'ipv6_src=fe80::1,ipv6_dst=fd00::1:2';

/**
 * The lower 16 bits of hashes with basis 50, as `multipath(..., 50, modulo_n, 65536, ...)` of ovs-vswitchd 3.1 shows
 * them.
 */
const seen: readonly [HashedFields, string, number][] = [
  ['eth_src', macs, 0xa281],
  ['symmetric_l4', `tcp,${macs},${v4},tcp_src=1000,tcp_dst=80`, 0x72e1],
  ['symmetric_l4', `udp,${macs},${v4},udp_src=1000,udp_dst=80`, 0x7f94],
  ['symmetric_l4', `tcp6,${macs},${v6},tcp_src=1000,tcp_dst=80`, 0xd9f2],
  ['symmetric_l4', `arp,${macs},dl_vlan=5,dl_vlan_pcp=3`, 0x5500],
  ['symmetric_l3l4', `tcp,${macs},${v4},tcp_src=1000,tcp_dst=80`, 0x1b20],
  ['symmetric_l3l4', `udp,${macs},${v4},udp_src=1000,udp_dst=80`, 0x13b9],
  ['symmetric_l3l4', `tcp6,${macs},${v6},tcp_src=1000,tcp_dst=80`, 0x71f0],
  ['symmetric_l3l4', `arp,${macs},dl_vlan=5,dl_vlan_pcp=3`, 0x2c45],
  ['symmetric_l3l4+udp', `udp,${macs},${v4},udp_src=1000,udp_dst=80`, 0x54e9],
  ['symmetric_l3', `udp,${macs},${v4}`, 0x2e8e],
  ['symmetric_l3', `tcp6,${macs},${v6}`, 0xe2b8],
  ['symmetric_l3', `arp,${macs}`, 0x7f81],
  ['nw_src', `udp,${v4}`, 0x3000],
  ['nw_dst', `udp,${v4}`, 0x78d3],
  ['nw_src', `tcp6,${v6}`, 0x5ef4],
  ['nw_dst', 'arp', 50],
];

describe('the hash of a packet', () => {
  test.each(seen)('%s of %s', (fields, packet, expected) => {
    const { key } = readPacket(packet, ports);
    expect(hashFields(key, fields, 50) & 0xffff).toBe(expected);
  });

  test.each(seen)('%s of %s depends on no other bits than it says', (fields, packet) => {
    const { key } = readPacket(packet, ports);
    const mask = newKey();
    unwildcardHashed(mask, key, fields);
    const eth = readPacket(packet.split(',')[0] ?? '', ports).key; // keeps the packet one of its kind
    const other = key.map((word, n) => ((word & (mask[n] ?? 0)) | ((eth[n] ?? 0) & ~(mask[n] ?? 0))) >>> 0);
    expect(hashFields(other, fields, 50)).toBe(hashFields(key, fields, 50));
  });

  test('spreads over members', () => {
    const counts = new Array(4).fill(0);
    for (let hash = 0; hash < 400; hash++) {
      const weights = [0, 1, 2, 3].map((n) => weigh(hash, n));
      counts[weights.indexOf(Math.max(...weights))]++;
    }
    expect(Math.min(...counts)).toBeGreaterThan(60);
  });
});
