import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Malformed } from '../base/errors.ts';
import type { PortText } from './fields/text.ts';
import { formatMatch } from './format-match.ts';
import { newKey, setSlot, writeSlot } from './key.ts';
import { keyValues } from './key-values.ts';
import { MatchBuilder, mayMatch, readPacketMatch } from './match-text.ts';
import type { SlotName } from './slots.ts';

function packet(values: Partial<Record<SlotName, number>>): Uint32Array {
  const key = newKey();
  for (const [slot, value] of Object.entries(values)) setSlot(key, slot as SlotName, value); // keys are slot names
  return key;
}

const ports: PortText = {
  read: (name) => (/^\d+$/.test(name) ? Number(name) : name === 'second' ? 2 : undefined),
  format: String,
};

const tcp = packet({
  in_port: 1,
  eth_type: 0x0800,
  nw_src: 0x0a000001,
  nw_proto: 6,
  tp_src: 80,
  tp_dst: 1000,
});
const tagged = packet({ in_port: 2, eth_type: 0x0806, vlan_tpid: 0x8100, vlan_tci: 0x3005, nw_proto: 1 });
writeSlot(tagged, 'eth_src', [0x50, 0x54, 0, 0, 0, 9]);

describe('a description of packets', () => {
  test.each([
    ['', true, true],
    ['ip', true, false],
    ['arp', false, true],
    ['tcp', true, false],
    ['udp', false, false],
    ['tcp,tp_src=80', true, false],
    ['tcp,tcp_src=81', false, false],
    ['tcp tp_dst=0x3e8/0xff8', true, false],
    ['ip,nw_src=10.0.0.0/8', true, false],
    ['ip,nw_src=10.0.0.2/255.255.255.254', false, false],
    ['dl_vlan=5', false, true],
    ['dl_vlan=5,dl_vlan_pcp=1', false, true],
    ['dl_vlan=0', false, false],
    ['dl_vlan=0xffff', true, false],
    ['vlan_tci=0', true, false],
    ['dl_src=50:54:00:00:00:09', false, true],
    ['arp,arp_op=1', false, true],
    ['arp,nw_src=0.0.0.0', false, true],
    ['in_port=1', true, false],
    ['in_port=second', false, true],
    ['dl_type=0x0806', false, true],
  ])('%s', (text, matchesTcp, matchesTagged) => {
    const match = readPacketMatch(text, ports);
    const all = newKey().fill(0xffffffff);
    expect([mayMatch(match, tcp, all), mayMatch(match, tagged, all)]).toEqual([matchesTcp, matchesTagged]);
  });

  test('asks only for what is known', () => {
    expect(mayMatch(readPacketMatch('udp', ports), tcp, packet({ eth_type: 0xffff }))).toBe(true);
  });

  test.each([
    ['nonsense', 'nonsense: unknown field nonsense'],
    ['ip,what=1', 'ip,what=1: unknown field what'],
    ['nw_dst=10.0.0.1', 'nw_dst=10.0.0.1: prerequisites not met for setting nw_dst'],
    ['ip,arp', 'ip,arp: Ethernet type set multiple times'],
    ['ip,nw_proto=6,nw_proto=6', 'ip,nw_proto=6,nw_proto=6: field nw_proto set multiple times'],
    ['in_port=x', 'in_port=x: bad value for in_port (x: invalid or unknown port for in_port)'],
    ['dl_vlan=x', 'dl_vlan=x: bad value for dl_vlan (x: bad syntax for dl_vlan value)'],
    [
      'ip,nw_src=10.0.0.0/33',
      'ip,nw_src=10.0.0.0/33: bad value for nw_src (10.0.0.0/33: IPv4 network prefix bits not between 0 and 32, inclusive)',
    ],
  ])('is refused: %s', (text, why) => {
    expect(() => readPacketMatch(text, ports)).toThrow(new Malformed('match', 0, why));
  });
});

describe('names and values', () => {
  test.each([
    ['a=1, b:2\tc(3) d', 'a=1 b:2 c(3 d'],
    ['set(x(1,2),y)', 'set(x(1,2),y'],
    ['load(5)->reg0[0..3],drop', 'load(5)->reg0[0..3] drop'],
    ['f=(1,0x800),g', 'f=(1,0x800) g'],
    ['a(unclosed', 'a(unclosed'],
    ['a=(unclosed', 'a=(unclosed'],
    [' , ', ''],
  ])('%s', (text, parts) => {
    const found = [...keyValues(text)].map(({ name, value, delimiter }) => name + delimiter + value);
    expect(found.join(' ')).toBe(parts);
  });

  test('come to an end in any text', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-c=:(), ->]{0,30}$/), (text) => {
        expect([...keyValues(text)].length).toBeLessThanOrEqual(text.length);
      }),
    );
  });
});

describe('a match', () => {
  test.each([
    ['dl_vlan=5', 'dl_vlan=0x5'],
    ['dl_vlan=0xffff', 'dl_vlan=0177777'],
    ['vlan_vid=0x1005/0x1fff', 'vlan_vid=010005/0x1fff'],
    ['vlan_tci=0', 'vlan_tci=00'],
    ['dl_src=00:11:22:33:44:55/ff:ff:ff:00:00:00', 'dl_src=0:11:22:ff:ff:ff/ff:ff:ff:0:0:0'],
    ['ip,nw_src=10.1.2.3/08', 'ip,nw_src=10.0.0.0/255.0.0.0'],
    ['tcp,tp_dst=*', 'tcp,tp_dst=0/0'],
    ['mpls,mpls_label=5', 'mpls,mpls_label=05'],
    ['in_port=2', 'in_port=second'],
  ])('is the same for %s and %s', (short, long) => {
    const [a, b] = [short, long].map((text) => {
      const match = new MatchBuilder();
      for (const { name, value } of keyValues(text)) match.take(name, value, ports);
      return [match.key, match.mask];
    });
    expect(a).toEqual(b);
  });

  test('reads what it prints, whichever bits it has', () => {
    const parts = [
      'tcp',
      'udp6',
      'arp',
      'in_port=3',
      'dl_vlan=7',
      'nw_src=10.0.0.0/8',
      'ipv6_dst=fe80::/10',
      'tp_dst=80/0xfff0',
      'tcp_flags=+syn-ack',
      'ct_state=+trk-new',
      'nw_frag=not_later',
      'reg3=0/0xff',
      'metadata=0x5',
      'dl_dst=01:00:00:00:00:00/01:00:00:00:00:00',
      'vlan_tci=0x1000/0x1000',
    ];
    fc.assert(
      fc.property(fc.subarray(parts), (chosen) => {
        const match = new MatchBuilder();
        for (const { name, value } of keyValues(chosen.join(',')))
          expect(match.take(name, value, ports)).toBeDefined();
        const text = formatMatch(match.key, match.mask, { ports });
        const again = new MatchBuilder();
        for (const { name, value } of keyValues(text))
          expect(again.take(name, value, ports), text).toBeDefined();
        expect(formatMatch(again.key, again.mask, { ports })).toBe(text);
      }),
    );
  });
});
