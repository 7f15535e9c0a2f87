import { describe, expect, test } from 'vitest';
import { MemoryPort } from '../../../test/conformance/memory-port.ts';
import {
  bytesOf,
  get16,
  hasGoodChecksums,
  hex,
  tagged,
  tcpPacket,
  udpPacket,
} from '../../../test/conformance/packets.ts';
import { seededRandom } from '../../base/random.ts';
import { dpPort, ms } from '../../base/units.ts';
import { newKey, writeSlot } from '../../flow/key.ts';
import { type SlotName, slots } from '../../flow/slots.ts';
import { Frame, gso } from '../../wire/frame.ts';
import type { DpAction, SlotWrite } from '../actions.ts';
import { ConnectionTracker } from '../conntrack/tracker.ts';
import type { DpDropReason } from '../drops.ts';
import { egressPortsAtStart, type SentUp } from '../provider.ts';
import { SharedPortCounters } from './counters.ts';
import { type ExecutionHost, PacketExecution, type RestOfList } from './execute.ts';
import { FrameArena } from './frame-arena.ts';
import { HeldFragments } from './held-fragments.ts';
import { lowerActions } from './lower.ts';
import type { Output } from './packet-outputs.ts';

function field(slot: SlotName, value: string, mask = 'ff'.repeat(slots[slot].size)): SlotWrite {
  const { word, at, size } = slots[slot];
  const count = ((at + size - 1) >> 2) - word + 1;
  const words = (text: string): number[] => {
    const key = newKey();
    writeSlot(key, slot, bytesOf(text));
    return [...key.subarray(word, word + count)];
  };
  return { slot, value: words(value), mask: words(mask) };
}

const output = (port: number): DpAction => ({ do: 'output', port: dpPort(port) });

/** A bench for one execution: port 1 takes offloads, port 2 does not. */
class Rig implements ExecutionHost {
  /** Of bond 7, by the last bit of the hash. */
  readonly memberOf = (bond: number, hash: number): number | undefined =>
    bond === 7 ? 1 + (hash & 1) : undefined;
  readonly tracker = new ConnectionTracker(seededRandom(1));
  readonly held = new HeldFragments<RestOfList>(this.tracker.fragments);
  readonly now = ms(1000);
  readonly able = new MemoryPort(true);
  readonly plain = new MemoryPort(false);
  readonly drops: DpDropReason[] = [];
  readonly upcalls: string[] = [];
  readonly sentUp: Uint8Array[] = [];
  readonly #outputs: Output[];
  readonly #arena: FrameArena;

  constructor(arenaSize = 1 << 20) {
    this.#arena = new FrameArena({ bytes: new Uint8Array(arenaSize), address: 0 });
    const counters = new SharedPortCounters();
    this.#outputs = [this.able, this.plain].map((tx) => ({
      ...{ tx, counters, maxSize: 1514, isDirty: false, queuedCount: 0 },
    }));
  }

  run(frame: Frame, ...actions: readonly DpAction[]): void {
    new PacketExecution(this, this.#arena, new Frame()).run(lowerActions(actions), frame, newKey());
    this.flushOutputs();
  }

  get outputs(): readonly (Output | undefined)[] {
    return [undefined, ...this.#outputs];
  }
  markDirty(): void {}
  flushOutputs(): void {
    this.able.flush();
    this.plain.flush();
  }
  drop(reason: DpDropReason): void {
    this.drops.push(reason);
  }
  sendUp({ cookie }: SentUp, frame: Frame): void {
    this.upcalls.push(`${cookie.type} ${frame.size}`);
    this.sentUp.push(frame.bytes.slice(frame.start, frame.end));
  }
  /** No flow is ever found again. */
  stepsFor(): undefined {
    return undefined;
  }
  /** No meter lets anything pass but the first. */
  admits = (meter: number): boolean => meter === 0;
  random = (): number => 0;
  readonly vlanLimit = 1;
  readonly egressPorts = egressPortsAtStart;
  readonly wall = (): number => 0;
}

function frameOf(bytes: Uint8Array, headroom = 16): Frame {
  const memory = new Uint8Array(headroom + bytes.length);
  memory.set(bytes, headroom);
  const frame = new Frame(memory);
  frame.start = headroom;
  frame.end = memory.length;
  frame.headroom = headroom;
  return frame;
}

function partial(bytes: Uint8Array, checksumOffset: number, gsoType: number = gso.none, gsoSize = 0): Frame {
  const frame = frameOf(bytes);
  frame.checksumStart = 34;
  frame.checksumOffset = checksumOffset;
  frame.gsoType = gsoType;
  frame.gsoSize = gsoSize;
  return frame;
}

describe('tags', () => {
  const push: DpAction = { do: 'push_vlan', tpid: 0x88a8, tci: 0x3007 };

  test('are pushed and popped in place, with or without headroom', () => {
    for (const headroom of [0, 3, 4, 64]) {
      const rig = new Rig();
      rig.run(frameOf(udpPacket(), headroom), push, output(1), { do: 'pop_vlan' }, output(1));
      expect(rig.able.sent.map((sent) => hex(sent.bytes))).toEqual([
        hex(tagged(udpPacket(), 0x2007, 0x88a8)),
        hex(udpPacket()),
      ]);
    }
  });

  test('move the offsets of an open checksum', () => {
    const rig = new Rig();
    rig.run(partial(udpPacket({ isPartial: true }), 6), push, output(1));
    expect(rig.able.sent[0]?.checksumStart).toBe(38);
  });

  test('leave frames that are too short for them as they are', () => {
    const rig = new Rig();
    rig.run(frameOf(new Uint8Array(13)), push, { do: 'pop_vlan' }, output(1));
    rig.run(frameOf(new Uint8Array(17)), { do: 'pop_vlan' }, output(1));
    expect(rig.able.sent.map((sent) => sent.bytes.length)).toEqual([13, 17]);
  });
});

describe('set', () => {
  const set = (...fields: readonly SlotWrite[]): DpAction => ({ do: 'set', header: 'eth', fields });
  const arp =
    'ffffffffffff 020000000001 0806 0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002';
  const icmp6 = `333300000001 020000000001 86dd 60000000 0020 3a ff
    fe800000000000000000000000000001 ff020000000000000000000000000001
    88 00 ${'5c6e'} 20000000 fe800000000000000000000000000009 02 01 020000000001`.replaceAll(/\s/g, '');

  test.each([
    ['an ARP address', arp, field('nw_src', '0a0000ff'), 28, '0a0000ff'],
    ['an ARP hardware address', arp, field('arp_tha', '020000000007'), 32, '020000000007'],
    ['an ARP operation', arp, field('nw_proto', '02'), 20, '0002'],
    ['half of a MAC address', arp, field('eth_dst', '112233445566', 'ffffff000000'), 0, '112233ffffff'],
    ['an IPv6 label', icmp6, field('ipv6_label', '000abcde', '000fffff'), 14, '600abcde'],
    ['an IPv6 traffic class', icmp6, field('nw_tos', 'b9', 'ff'), 14, '6b900000'],
    ['a hop limit', icmp6, field('nw_ttl', '07'), 21, '07'],
    ['a neighbour target', icmp6, field('nd_target', `${'00'.repeat(15)}01`), 62, `${'00'.repeat(15)}01`],
    ['a neighbour link address', icmp6, field('arp_tha', '02000000000a'), 80, '02000000000a'],
    ['an ICMPv6 code', icmp6, field('tp_dst', '0005'), 55, '05'],
    ['a tag', hex(tagged(udpPacket(), 5)), field('vlan_tci', '1064', '1fff'), 12, '81000064'],
  ])('writes %s and nothing else', (_, packet, change, at, expected) => {
    const rig = new Rig();
    const before = bytesOf(packet);
    rig.run(frameOf(before), set(change), output(1));
    const after = rig.able.sent[0]?.bytes ?? new Uint8Array();
    const size = expected.length / 2;
    expect(hex(after.subarray(at, at + size))).toBe(expected);
    const blank = (bytes: Uint8Array): string => {
      const copy = bytes.slice();
      copy.fill(0, at, at + size);
      if (packet === icmp6) copy.fill(0, 56, 58); // the checksum follows
      return hex(copy);
    };
    expect(blank(after)).toBe(blank(before));
  });

  test('keeps an ICMPv6 checksum right when the target changes', () => {
    const rig = new Rig();
    const before = bytesOf(icmp6);
    rig.run(frameOf(before), set(field('nd_target', 'fe80000000000000000000000000000a')), output(1));
    // The last word of the target grew by one, so the checksum shrinks by one.
    expect(get16(rig.able.sent[0]?.bytes ?? before, 56)).toBe(get16(before, 56) - 1);
  });

  test('leaves a UDP checksum of zero, which means none', () => {
    const packet = udpPacket();
    packet.fill(0, 40, 42);
    const rig = new Rig();
    rig.run(frameOf(packet), set(field('nw_dst', '0a000063'), field('tp_src', '0001')), output(1));
    expect(get16(rig.able.sent[0]?.bytes ?? packet, 40)).toBe(0);
  });

  test('an open checksum that is finished afterwards is right', () => {
    const rig = new Rig();
    const change = set(field('nw_dst', '0a0100fe'), field('tp_src', '0001'));
    rig.run(partial(udpPacket({ isPartial: true }), 6), change, output(2));
    expect(hasGoodChecksums(rig.plain.sent[0]?.bytes ?? new Uint8Array())).toBe(true);
  });

  test('writes the ports of SCTP and its CRC32c', () => {
    const sctp =
      '0200000000020200000000010800 4500002800000000408400000a0000010a000002 03e807d000000001 00000000 00030010 00000001';
    const rig = new Rig();
    rig.run(frameOf(bytesOf(sctp)), set(field('tp_dst', '1388')), output(1));
    const sent = rig.able.sent[0]?.bytes ?? new Uint8Array();
    expect(hex(sent.subarray(34, 38))).toBe('03e81388');
    // What was wrong with the checksum still is.
    const [before, after] = [crc32c(bytesOf(sctp).subarray(34), 8), crc32c(sent.subarray(34, 54), 8)];
    expect(BigInt(`0x${hex(sent.subarray(42, 46))}`)).toBe(BigInt(`0x${before}`) ^ BigInt(`0x${after}`));
  });

  test('metadata has no bytes in the frame', () => {
    const rig = new Rig();
    rig.run(frameOf(udpPacket()), set(field('skb_priority', '00000005')), output(1));
    expect(hex(rig.able.sent[0]?.bytes ?? new Uint8Array())).toBe(hex(udpPacket()));
  });

  test('the priority is the queue that a packet leaves by, for as long as it has it', () => {
    const rig = new Rig();
    const priority = (value: string): DpAction => set(field('skb_priority', value));
    const aside: DpAction = { do: 'clone', actions: [priority('00000007'), output(1)] };
    rig.run(frameOf(udpPacket()), output(1), priority('00000005'), output(1), aside, output(1));
    rig.run(frameOf(udpPacket()), output(1));
    expect(rig.able.queues).toEqual([0, 5, 7, 5, 0]);
  });
});

/** Bit by bit, with the field at `zeroAt` as zero; low byte first. */
function crc32c(bytes: Uint8Array, zeroAt: number): string {
  const copy = bytes.slice();
  copy.fill(0, zeroAt, zeroAt + 4);
  let crc = 0xffffffff;
  for (const byte of copy) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  const swapped = Buffer.alloc(4);
  swapped.writeUInt32LE(~crc >>> 0);
  return swapped.toString('hex');
}

describe('outputs that take only finished frames', () => {
  test('get a finished checksum while others share the open frame', () => {
    const rig = new Rig();
    rig.run(partial(udpPacket({ isPartial: true }), 6), output(1), output(2), output(1));
    expect(hex(rig.plain.sent[0]?.bytes ?? new Uint8Array())).toBe(hex(udpPacket()));
    expect(rig.able.sent.map((sent) => [hex(sent.bytes), sent.checksumStart])).toEqual(
      Array.from({ length: 2 }, () => [hex(udpPacket({ isPartial: true })), 34]),
    );
  });

  test('get segments of TCP with right sums, numbers and flags', () => {
    const rig = new Rig();
    rig.run(partial(tcpPacket(3500), 16, gso.tcp4, 1448), output(2), output(1));
    const sizes = rig.plain.sent.map((sent) => sent.bytes.length);
    expect(sizes).toEqual([54 + 1448, 54 + 1448, 54 + 604]);
    expect(rig.plain.sent.every((sent) => hasGoodChecksums(sent.bytes))).toBe(true);
    const sequences = rig.plain.sent.map((sent) => Buffer.from(sent.bytes).readUInt32BE(38));
    expect(sequences).toEqual([100, 1548, 2996]);
    expect(rig.plain.sent.map((sent) => sent.bytes[47])).toEqual([0x10, 0x10, 0x18]);
    expect(rig.plain.sent.map((sent) => get16(sent.bytes, 18))).toEqual([0x1234, 0x1235, 0x1236]);
    const joined = Buffer.concat(rig.plain.sent.map((sent) => sent.bytes.subarray(54)));
    expect(joined.equals(tcpPacket(3500).subarray(54))).toBe(true);
    expect(rig.able.sent[0]?.gsoSize).toBe(1448);
  });

  test('segment more than the arena holds at once', () => {
    const rig = new Rig(4096);
    rig.run(partial(tcpPacket(20_000), 16, gso.tcp4, 1000), output(2));
    expect(rig.plain.sent.length).toBe(20);
    expect(rig.plain.sent.every((sent) => hasGoodChecksums(sent.bytes))).toBe(true);
  });

  test.each([
    ['no payload size', partial(tcpPacket(100), 16, gso.tcp4, 0)],
    ['TCP that is UDP', partial(udpPacket(), 6, gso.tcp4, 100)],
    ['an unknown kind', partial(tcpPacket(100), 16, 77, 100)],
    ['a checksum behind the end', partial(udpPacket(), 100)],
  ])('drop a frame whose offload makes no sense: %s', (_, frame) => {
    const rig = new Rig();
    rig.run(frame, output(2));
    expect(rig.plain.sent).toEqual([]);
    expect(rig.drops).toEqual(['badOffload']);
  });
});

describe('limits', () => {
  test('a copy that never fits the arena is a named drop', () => {
    const rig = new Rig(512);
    rig.run(frameOf(tcpPacket(1000), 0), { do: 'push_vlan', tpid: 0x8100, tci: 0x1001 }, output(1));
    expect(rig.drops).toEqual(['tooLarge']);
    expect(rig.able.sent).toEqual([]);
  });

  test('many copies of one packet pass through a small arena in order', () => {
    const rig = new Rig(2048);
    const actions: DpAction[] = [];
    for (let vlan = 1; vlan <= 50; vlan++) {
      actions.push({ do: 'push_vlan', tpid: 0x8100, tci: 0x1000 | vlan }, output(1), { do: 'pop_vlan' });
    }
    rig.run(frameOf(tcpPacket(500)), ...actions, output(1));
    const vlans = rig.able.sent.map(({ bytes }) => get16(bytes, 14));
    expect(vlans.slice(0, 50)).toEqual(Array.from({ length: 50 }, (_, n) => n + 1));
    expect(hex(rig.able.sent[50]?.bytes ?? new Uint8Array())).toBe(hex(tcpPacket(500)));
  });

  test('a clone leaves the packet behind it whole when the memory for copies runs out in it', () => {
    const rig = new Rig(4096);
    const inside: DpAction[] = [];
    for (let vlan = 1; vlan <= 30; vlan++)
      inside.push({ do: 'push_vlan', tpid: 0x8100, tci: 0x1000 | vlan }, output(2), { do: 'pop_vlan' });
    const outer: DpAction = { do: 'push_vlan', tpid: 0x8100, tci: 0x1063 };
    const innermost: DpAction = { do: 'clone', actions: [...inside, output(2)] };
    rig.run(
      frameOf(tcpPacket(500)),
      outer,
      output(1),
      outer,
      { do: 'clone', actions: [outer, innermost, output(1)] },
      output(1),
    );
    const once = tagged(tcpPacket(500), 0x63);
    const sent = rig.able.sent.map(({ bytes }) => hex(bytes));
    expect(sent).toEqual([once, tagged(tagged(once, 0x63), 0x63), tagged(once, 0x63)].map(hex));
    const vlans = rig.plain.sent.map(({ bytes }) => get16(bytes, 14));
    expect(vlans).toEqual([...Array.from({ length: 30 }, (_, n) => n + 1), 0x63]);
    expect(rig.drops).toEqual([]);
  });

  test('a frame to be segmented may be longer than the MTU', () => {
    const rig = new Rig();
    rig.run(partial(tcpPacket(3500), 16, gso.tcp4, 1448), output(1));
    rig.run(frameOf(tcpPacket(3500)), output(1));
    expect(rig.able.sent.length).toBe(1);
    expect(rig.drops).toEqual(['tooLong']);
  });

  test('who gets packets in user space gets them as they would be on the wire', () => {
    const rig = new Rig();
    const up: DpAction = { do: 'userspace', pid: 0, cookie: { type: 'ipfix', outputPort: dpPort(1) } };
    rig.run(partial(udpPacket({ isPartial: true }), 6), up, output(1));
    expect(rig.sentUp.map(hex)).toEqual([hex(udpPacket())]);
    expect(rig.able.sent[0]?.checksumStart).toBe(34);
    rig.run(partial(tcpPacket(3500), 16, gso.tcp4, 1448), up);
    expect(rig.sentUp.slice(1).map(({ length }) => length)).toEqual([54 + 1448, 54 + 1448, 54 + 604]);
    expect(rig.sentUp.every(hasGoodChecksums)).toBe(true);
  });

  test('a cut goes for one output or upcall', () => {
    const rig = new Rig();
    const up: DpAction = { do: 'userspace', pid: 0, cookie: { type: 'ipfix', outputPort: dpPort(1) } };
    rig.run(frameOf(udpPacket()), { do: 'trunc', maxSize: 30 }, up, up);
    expect(rig.upcalls).toEqual(['ipfix 30', `ipfix ${udpPacket().length}`]);
  });
});
