import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Malformed } from '../base/errors.ts';
import { packetBytes, packetText } from './packets.ts';

const port = fc.integer({ min: 0, max: 0xffff });
const ipv4 = fc.tuple(...Array(4).fill(fc.integer({ min: 0, max: 255 }))).map((parts) => parts.join('.'));
const ipv6 = fc.integer({ min: 1, max: 0xffff }).map((n) => `2001:db8::${n.toString(16)}`);
const mac = fc.integer({ min: 0, max: 255 }).map((n) => `02:00:00:00:00:${n.toString(16).padStart(2, '0')}`);
const tag = fc.option(fc.integer({ min: 1, max: 4095 }));

const flow = fc.record({ src: mac, dst: mac, tag }).chain(({ src, dst, tag: vlan }) => {
  const head = `dl_src=${src},dl_dst=${dst}${vlan === null ? '' : `,dl_vlan=${vlan}`}`;
  const v4 = fc.tuple(ipv4, ipv4, fc.integer({ min: 1, max: 255 }));
  return fc.oneof(
    fc
      .tuple(fc.constantFrom('tcp', 'udp', 'sctp'), v4, port, port)
      .map(
        ([kind, [from, to, ttl], tp_src, tp_dst]) =>
          `${kind},${head},nw_src=${from},nw_dst=${to},nw_ttl=${ttl},tp_src=${tp_src},tp_dst=${tp_dst}`,
      ),
    fc
      .tuple(ipv6, ipv6, port)
      .map(([from, to, tp_dst]) => `udp6,${head},ipv6_src=${from},ipv6_dst=${to},tp_dst=${tp_dst}`),
    v4.map(([from, to]) => `icmp,${head},nw_src=${from},nw_dst=${to},icmp_type=8,icmp_code=0`),
    v4.map(([from, to]) => `arp,${head},arp_spa=${from},arp_tpa=${to},arp_op=1,arp_sha=${src}`),
    port.map(
      (type) =>
        `dl_type=0x${Math.max(0x600, type | 1)
          .toString(16)
          .replace(/^8(100|8a8|847|848)$/, '1234')},${head}`,
    ),
  );
});

test('the text of a packet makes the same packet', () => {
  fc.assert(
    fc.property(flow, (text) => {
      const bytes = packetBytes(text);
      expect(packetBytes(packetText(bytes))).toEqual(bytes);
      expect(packetBytes(Buffer.from(bytes).toString('hex'))).toEqual(bytes);
    }),
    { numRuns: 300 },
  );
});

test('a flow says what is in the packet', () => {
  expect(packetText(packetBytes('tcp,dl_vlan=7,nw_src=10.0.0.1,tp_dst=80'))).toBe(
    'tcp,dl_vlan=7,dl_vlan_pcp=0,dl_src=00:00:00:00:00:00,dl_dst=00:00:00:00:00:00,nw_src=10.0.0.1,nw_dst=0.0.0.0,nw_tos=0,nw_ecn=0,nw_ttl=64,nw_frag=no,tp_src=0,tp_dst=80,tcp_flags=0',
  );
});

const word = fc.constantFrom(
  ...[
    'tcp',
    'dl_vlan=5',
    'nw_src=10.0.0.0/8',
    'nw_src=1.2.3.4',
    'tp_dst=80',
    'in_port=1',
    'tun_id=5',
    'reg0=1',
  ],
  ...[
    'arp',
    'nd_target=::1',
    'eth(src=',
    'eth()',
    'eth_type(0x0800)',
    'ipv4()',
    'mpls',
    'mpls_label=3',
    '0x',
    '=',
  ],
  ...[
    'tun_metadata0=1',
    'tun_metadata0',
    'metadata=1/1',
    'packet_type=(1,0x800)',
    'nsh',
    'ct_state=+trk',
    'vlan_tci=0',
  ],
);

test('any text is a packet, or is refused with the reason', () => {
  const words = fc.array(fc.oneof({ weight: 6, arbitrary: word }, fc.string()), { maxLength: 6 });
  fc.assert(
    fc.property(words, (parts) => {
      let bytes: Uint8Array;
      try {
        bytes = packetBytes(parts.join(','));
      } catch (why) {
        expect(why).toBeInstanceOf(Malformed);
        return;
      }
      expect(packetText(bytes)).not.toBe('');
    }),
    { numRuns: 2000 },
  );
});

test('any bytes have a text', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 14, maxLength: 100 }), (bytes) => {
      expect(packetText(packetBytes(bytes))).not.toBe('');
    }),
  );
});
