import { describe, expect, test } from 'vitest';
import { Malformed } from '../base/errors.ts';
import { newKey, setSlot, writeSlot } from './key.ts';
import { isMatching, readMatch } from './match-text.ts';
import type { SlotName } from './slots.ts';

function packet(values: Partial<Record<SlotName, number>>): Uint32Array {
  const key = newKey();
  for (const [slot, value] of Object.entries(values)) setSlot(key, slot as SlotName, value); // keys are slot names
  return key;
}

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

describe('a match in text', () => {
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
    ['dl_src=50:54:00:00:00:09', false, true],
    ['arp,arp_op=1', false, true],
    ['in_port=1', true, false],
    ['in_port=second', false, true],
    ['dl_type=0x0806', false, true],
  ])('%s', (text, matchesTcp, matchesTagged) => {
    const match = readMatch(text, (name) => (name === 'second' ? 2 : undefined));
    const all = newKey().fill(0xffffffff);
    expect([isMatching(match, tcp, all), isMatching(match, tagged, all)]).toEqual([
      matchesTcp,
      matchesTagged,
    ]);
  });

  test('asks only for what is known', () => {
    expect(
      isMatching(
        readMatch('udp', () => undefined),
        tcp,
        packet({ eth_type: 0xffff }),
      ),
    ).toBe(true);
  });

  test.each([
    ['nonsense', 'nonsense: unknown field nonsense'],
    ['ip,what=1', 'ip,what=1: unknown field what'],
    ['nw_dst=10.0.0.1', 'nw_dst=10.0.0.1: prerequisites not met for setting nw_dst'],
    ['in_port=none', 'none: invalid or unknown port for in_port'],
    ['dl_vlan=x', 'x: bad value'],
    ['dl_vlan=4096', '4096: value too large for 12-bit field'],
    ['ip,nw_src=10.0.0.0/33', '33: network prefix bits not between 0 and 32'],
  ])('is refused: %s', (text, why) => {
    expect(() => readMatch(text, () => undefined)).toThrow(new Malformed('match', 0, why));
  });
});
