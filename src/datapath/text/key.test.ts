import fc from 'fast-check';
import { expect, test } from 'vitest';
import { newKey, readSlot, setSlot, writeSlot } from '../../flow/key.ts';
import { type SlotName, slots } from '../../flow/slots.ts';
import { etherType, vlanPresent } from '../../wire/ethernet.ts';
import { ipProtocol } from '../../wire/ip.ts';
import { mplsBottom } from '../../wire/mpls.ts';
import { formatKey, readKey } from './key.ts';

/** A slot of a packet as a flow has it. */
interface Written {
  readonly slot: SlotName;
  readonly value: Uint8Array;
  readonly mask: Uint8Array;
  /** Bytes of it in use, where that is told. */
  readonly usedSize?: number;
}

type Part = fc.Arbitrary<Written>;

const bytesOf = (slot: SlotName) => {
  const { size } = slots[slot];
  return fc.uint8Array({ minLength: size, maxLength: size });
};

/** All or nothing of a slot is looked at, or some bits. */
const maskOf = (slot: SlotName) => {
  const whole = (value: number) => fc.constant(new Uint8Array(slots[slot].size).fill(value));
  return fc.oneof(whole(0xff), whole(0), bytesOf(slot));
};

const numbered = (slot: SlotName, value: number): Uint8Array => {
  const key = newKey();
  setSlot(key, slot, value);
  return readSlot(key, slot);
};

/** Any value under any mask. */
const any = (slot: SlotName): Part =>
  fc.record({ slot: fc.constant(slot), value: bytesOf(slot), mask: maskOf(slot) });

/** What is only there where it is not zero. */
const there = (slot: SlotName): Part =>
  any(slot).map(({ value, mask }) => ({ slot, value: value.map((byte) => byte | 1), mask }));

/** The id of a tunnel: some of it is always looked at. */
const tunnelId: Part = there('tun_id').map(({ slot, value, mask }) => ({
  slot,
  value,
  mask: Uint8Array.of(0xff, ...mask.subarray(1)),
}));

/** Of which only some bits have a name. */
const named = (slot: SlotName, bits: number): Part =>
  any(slot).map(({ value, mask }) => {
    const known = numbered(slot, bits);
    const only = (bytes: Uint8Array): Uint8Array => bytes.map((byte, n) => byte & (known[n] ?? 0));
    return { slot, value: only(value), mask: only(mask) };
  });

/** What a packet is known by. */
const exactly = (slot: SlotName, value: number): Part =>
  fc.constant({ slot, value: numbered(slot, value), mask: new Uint8Array(slots[slot].size).fill(0xff) });

/** Type and code of ICMP are one byte each. */
const exactByte = (slot: SlotName, value: number): Part =>
  fc.constant({ slot, value: numbered(slot, value), mask: numbered(slot, 0xff) });

const exactlyThere = (slot: SlotName): Part =>
  there(slot).map(({ value }) => ({ slot, value, mask: value.map(() => 0xff) }));

const all = (...names: readonly SlotName[]): Part[] => names.map(any);

const metadata = [
  ...all('skb_priority', 'pkt_mark', 'ct_zone', 'ct_mark', 'ct_label', 'dp_hash', 'eth_src', 'eth_dst'),
  named('ct_state', 0xff),
];

/** The first packet of the connection, by family. */
const tupleOf = (family: number): Part[] => [
  exactlyThere('ct_nw_proto'),
  ...all(
    ...(family === etherType.ipv4
      ? (['ct_nw_src', 'ct_nw_dst'] as const)
      : (['ct_ipv6_src', 'ct_ipv6_dst'] as const)),
  ),
  ...all('ct_tp_src', 'ct_tp_dst'),
];

const transport = (family: number): Part[][] => {
  const { tcp, udp, sctp, icmp, icmpv6 } = ipProtocol;
  const oneByte = [named('tp_src', 0xff), named('tp_dst', 0xff)];
  const neighbour = (message: number): Part[] => [
    ...[exactly('nw_proto', icmpv6), exactByte('tp_src', message), exactByte('tp_dst', 0)],
    ...all('nd_target', 'arp_sha', 'arp_tha'),
  ];
  const own =
    family === etherType.ipv4 ? [[exactly('nw_proto', icmp), ...oneByte]] : [neighbour(135), neighbour(136)];
  return [
    [exactly('nw_proto', 200)],
    ...[tcp, udp, sctp].map((protocol) => [exactly('nw_proto', protocol), ...all('tp_src', 'tp_dst')]),
    ...own,
  ];
};

const ip = [etherType.ipv4, etherType.ipv6].flatMap((family) => {
  const addresses: Part[] =
    family === etherType.ipv4
      ? all('nw_src', 'nw_dst')
      : [...all('ipv6_src', 'ipv6_dst'), named('ipv6_label', 0xfffff)];
  const header = [exactly('eth_type', family), ...addresses, ...all('nw_tos', 'nw_ttl')];
  return transport(family).flatMap((parts) => [
    [...header, ...parts],
    [...header, ...parts, ...tupleOf(family)],
  ]);
});

/** Labels down to the bottom of the stack, or as many as a key holds. */
const labelled = (count: number): Part[] => [
  exactly('eth_type', etherType.mpls),
  ...(['mpls_lse', 'mpls_lse2', 'mpls_lse3'] as const).slice(0, count).map((slot, n) =>
    any(slot).map(({ value, mask }) => {
      const isLast = n === count - 1;
      const bottom = mplsBottom >> 8;
      const third = ((value[2] ?? 0) & ~bottom) | (isLast && count < 3 ? bottom : 0);
      return { slot, value: Uint8Array.of((value[0] ?? 0) | 1, value[1] ?? 0, third, value[3] ?? 0), mask };
    }),
  ),
];

const packets: Part[][] = [
  [exactly('eth_type', 0x1234)],
  [exactly('eth_type', etherType.arp), ...all('nw_src', 'nw_dst', 'nw_proto', 'arp_sha', 'arp_tha')],
  ...ip,
  ...[1, 2, 3].map(labelled),
  [
    ...[exactly('eth_type', etherType.nsh), exactly('nsh_mdtype', 1)],
    ...all('nsh_flags', 'nsh_ttl', 'nsh_np', 'nsh_path', 'nsh_c1', 'nsh_c2', 'nsh_c3', 'nsh_c4'),
  ],
];

/** Options of Geneve as on the wire: two bytes of class, type, length in words, data. */
const geneve: Part = fc
  .array(
    fc.record({
      head: bytesOf('nw_src'),
      bits: bytesOf('nw_src'),
      size: fc.nat(3),
      data: bytesOf('ct_label'),
    }),
    {
      minLength: 1,
      maxLength: 4,
    },
  )
  .map((options) => {
    const padded = (bytes: number[]): Uint8Array => {
      const whole = new Uint8Array(slots.tun_metadata.size);
      whole.set(bytes);
      return whole;
    };
    const value = options.flatMap(({ head: [a = 0, b = 0, c = 0], size, data }) => [
      a,
      b,
      c,
      size,
      ...data.subarray(0, 4 * size),
    ]);
    // Of data that is not looked at at all nothing is said, which is read as if all were.
    const mask = options.flatMap(({ bits: [a = 0, b = 0, c = 0], size, data }) => [
      ...[a, b, c, 0x1f],
      ...[0xff, ...data.subarray(1)].slice(0, 4 * size),
    ]);
    return { slot: 'tun_metadata', value: padded(value), mask: padded(mask), usedSize: value.length };
  });

const tunnelProtocols: Part[][] = [
  [],
  [there('tun_gbp_id'), exactlyThere('tun_gbp_flags')],
  [exactly('tun_erspan_ver', 1), any('tun_erspan_idx')],
  [exactly('tun_erspan_ver', 2), ...all('tun_erspan_dir', 'tun_erspan_hwid')],
  [exactlyThere('tun_gtpu_flags'), exactlyThere('tun_gtpu_msgtype')],
  [geneve],
];

const tunnels: Part[][] = (
  [
    ['tun_src', 'tun_dst'],
    ['tun_ipv6_src', 'tun_ipv6_dst'],
  ] as const
).flatMap(([source, destination]) =>
  tunnelProtocols.map((protocol) => [
    ...[exactlyThere(destination), there(source), tunnelId, named('tun_flags', 7)],
    ...[there('tun_tos'), any('tun_ttl'), there('tun_tp_src'), there('tun_tp_dst'), ...protocol],
  ]),
);

const written = (parts: readonly Part[]): fc.Arbitrary<Written[]> => fc.tuple(...parts);

const flows = fc
  .tuple(fc.constantFrom(...packets), fc.constantFrom([], ...tunnels), fc.option(fc.nat(0xffff)))
  .chain(([packet, tunnel, tag]) =>
    fc.record({ tag: fc.constant(tag), written: written([...metadata, ...packet, ...tunnel]) }),
  );

test('any key under any mask is printed and read back as it was', () => {
  fc.assert(
    fc.property(flows, ({ tag, written: parts }) => {
      const key = newKey();
      const mask = newKey();
      for (const name of ['recirc_id', 'in_port', 'packet_type'] as const)
        writeSlot(mask, name, new Uint8Array(slots[name].size).fill(0xff));
      setSlot(key, 'in_port', 1);
      if (tag !== null) {
        setSlot(key, 'vlan_tpid', etherType.vlan);
        setSlot(key, 'vlan_tci', tag | vlanPresent);
        setSlot(mask, 'vlan_tpid', 0xffff);
        setSlot(mask, 'vlan_tci', 0xffff);
      }
      for (const { slot, value, mask: bits, usedSize } of parts) {
        writeSlot(key, slot, value);
        writeSlot(mask, slot, bits);
        if (usedSize === undefined) continue;
        key[slots.tun_metadata_present.word + 1] = usedSize;
        mask[slots.tun_metadata_present.word + 1] = 0xffffffff;
      }
      const text = formatKey(key, mask);
      const read = readKey(text);
      expect(formatKey(read.key, read.mask)).toBe(text);
      for (const { slot, value, mask: bits } of parts) {
        const under = (bytes: Uint8Array): number[] => [...bytes].map((byte, n) => byte & (bits[n] ?? 0));
        expect([slot, under(readSlot(read.key, slot))], text).toEqual([slot, under(value)]);
        // That a tunnel has a key is said by its id.
        const readBits = readSlot(read.mask, slot).map((byte, n) =>
          slot === 'tun_flags' && n === 1 ? byte & 7 : byte,
        );
        expect([slot, [...readBits]], text).toEqual([slot, [...bits]]);
      }
    }),
    { numRuns: 1000 },
  );
});
