import fc from 'fast-check';
import { expect, test } from 'vitest';
import { newKey, readSlot, setSlot, writeSlot } from '../../flow/key.ts';
import { type SlotName, slots } from '../../flow/slots.ts';
import { etherType, vlanPresent } from '../../wire/ethernet.ts';
import { ipProtocol } from '../../wire/ip.ts';
import { formatKey, readKey } from './key.ts';

const metadata = ['skb_priority', 'pkt_mark', 'ct_zone', 'ct_mark', 'ct_label', 'dp_hash'] as const;
const link = ['eth_src', 'eth_dst'] as const;
const ip = ['nw_tos', 'nw_ttl'] as const;
const ports = ['tp_src', 'tp_dst'] as const;
const ofIpv4 = ['nw_src', 'nw_dst', ...ip] as const;
const ofIpv6 = ['ipv6_src', 'ipv6_dst', ...ip] as const;

interface Kind {
  readonly type: number;
  readonly protocol?: number;
  readonly slots: readonly SlotName[];
}

/** Every group of a packet, by what it takes to have it. */
const kinds: readonly Kind[] = [
  { type: 0x1234, slots: [] },
  { type: etherType.arp, slots: ['nw_src', 'nw_dst', 'arp_sha', 'arp_tha'] },
  ...[etherType.ipv4, etherType.ipv6].flatMap((type) => {
    const own = type === etherType.ipv4 ? ofIpv4 : ofIpv6;
    const { tcp, udp, sctp } = ipProtocol;
    return [
      { type, protocol: 200, slots: own },
      ...[tcp, udp, sctp].map((protocol) => ({ type, protocol, slots: [...own, ...ports] })),
    ];
  }),
  {
    type: etherType.nsh,
    slots: ['nsh_flags', 'nsh_ttl', 'nsh_path', 'nsh_c1', 'nsh_c2', 'nsh_c3', 'nsh_c4'],
  },
];

const bytesOf = (slot: SlotName) => {
  const { size } = slots[slot];
  return fc.uint8Array({ minLength: size, maxLength: size });
};

/** All or nothing of a slot is looked at, or some bits. */
const maskOf = (slot: SlotName) => {
  const whole = (value: number) => fc.constant(new Uint8Array(slots[slot].size).fill(value));
  return fc.oneof(whole(0xff), whole(0), bytesOf(slot));
};

interface Written {
  readonly slot: SlotName;
  readonly value: Uint8Array;
  readonly mask: Uint8Array;
}

const written = (names: readonly SlotName[]): fc.Arbitrary<Written[]> =>
  fc.tuple(
    ...names.map((slot) => fc.record({ slot: fc.constant(slot), value: bytesOf(slot), mask: maskOf(slot) })),
  );

const packets = fc.constantFrom(...kinds).chain((kind) =>
  fc.record({
    kind: fc.constant(kind),
    tag: fc.option(fc.nat(0xffff)),
    written: written([...metadata, ...link, ...kind.slots]),
  }),
);

test('any key under any mask is printed and read back as it was', () => {
  fc.assert(
    fc.property(packets, ({ kind, tag, written: parts }) => {
      const key = newKey();
      const mask = newKey();
      for (const name of ['recirc_id', 'in_port', 'packet_type', 'eth_type'] as const)
        writeSlot(mask, name, new Uint8Array(slots[name].size).fill(0xff));
      setSlot(key, 'in_port', 1);
      setSlot(key, 'eth_type', kind.type);
      if (kind.protocol !== undefined) {
        setSlot(key, 'nw_proto', kind.protocol);
        setSlot(mask, 'nw_proto', 0xff);
      }
      if (kind.type === etherType.nsh) {
        setSlot(key, 'nsh_mdtype', 1);
        setSlot(mask, 'nsh_mdtype', 0xff);
      }
      if (tag !== null) {
        setSlot(key, 'vlan_tpid', etherType.vlan);
        setSlot(key, 'vlan_tci', tag | vlanPresent);
        setSlot(mask, 'vlan_tpid', 0xffff);
        setSlot(mask, 'vlan_tci', 0xffff);
      }
      for (const { slot, value, mask: bits } of parts) {
        writeSlot(key, slot, value);
        writeSlot(mask, slot, bits);
      }
      const text = formatKey(key, mask);
      const read = readKey(text);
      expect(formatKey(read.key, read.mask)).toBe(text);
      for (const { slot, value, mask: bits } of parts) {
        const under = (bytes: Uint8Array): number[] => [...bytes].map((byte, n) => byte & (bits[n] ?? 0));
        expect([slot, under(readSlot(read.key, slot))], text).toEqual([slot, under(value)]);
        expect([slot, [...readSlot(read.mask, slot)]], text).toEqual([slot, [...bits]]);
      }
    }),
    { numRuns: 1000 },
  );
});
