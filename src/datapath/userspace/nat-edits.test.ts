import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesOf, get16, hex, tcpPacket, udpPacket } from '../../../test/conformance/packets.ts';
import { ms } from '../../base/units.ts';
import { Frame } from '../../wire/frame.ts';
import { TrackedConnection } from '../conntrack/connection.ts';
import { newDatagramState } from '../conntrack/exchange.ts';
import { TrackedPacket } from '../conntrack/tracked-packet.ts';
import {
  copyTuple,
  newTuple,
  reverse,
  setAddress,
  setPorts,
  type Tuple,
  tupleWord,
} from '../conntrack/tuple.ts';
import { Headers } from './headers.ts';
import { translatePacket } from './nat-edits.ts';

/** Addresses of a test network: of the client, what it is seen as, what the server is. */
const client4 = '0a010101';
const outside4 = '0a0101f0';
const inside4 = '0a030303';
const outside6 = 'fd000000000000000000000000000240';

interface Translation {
  readonly source?: string;
  readonly destination?: string;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
}

/** Of a connection that the first row of that name begins. */
const translations = {
  udp4Source: { source: outside4, sourcePort: 150 },
  tcp4Destination: { destination: inside4, destinationPort: 80 },
  icmp4Source: { source: outside4 },
  sctp4Source: { source: outside4 },
  udp6Source: { source: outside6, sourcePort: 150 },
  icmp6Source: { source: outside6 },
} satisfies Record<string, Translation>;

interface Row {
  readonly name: string;
  readonly of: keyof typeof translations;
  readonly isReply: boolean;
  /** IP packets, as Open vSwitch 3.1 got and sent them. */
  readonly before: string;
  readonly after: string;
}

const rows: readonly Row[] = [
  {
    name: 'a datagram',
    of: 'udp4Source',
    isReply: false,
    before: '4500001e00010000401163c90a0101010a0202029c400035000ae3f56869',
    after: '4500001e00010000401162da0a0101f00a02020200960035000a7eb16869',
  },
  {
    name: 'an answer',
    of: 'udp4Source',
    isReply: true,
    before: '4500001e00010000401162da0a0202020a0101f000350096000a7eb16869',
    after: '4500001e00010000401163c90a0202020a01010100359c40000ae3f56869',
  },
  {
    name: 'a datagram without a checksum',
    of: 'udp4Source',
    isReply: false,
    before: '4500001e00010000401163c90a0101010a0202029c400035000a00006869',
    after: '4500001e00010000401162da0a0101f00a02020200960035000a00006869',
  },
  {
    name: 'an error from a router on the way',
    of: 'udp4Source',
    isReply: true,
    before:
      '450000400001000040015bba0a0909090a0101f003011515000000004500002400010000401162d40a0101f00a02020200960035001029be7061796c6f616421',
    after:
      '450000400001000040015ca90a0909090a01010103011426000000004500002400010000401163c30a0101010a0202029c40003500108f027061796c6f616421',
  },
  {
    name: 'an error that quotes no data',
    of: 'udp4Source',
    isReply: true,
    before:
      '4500003800010000400162d00a0202020a0101f00301d265000000004500002400010000401162d40a0101f00a02020200960035001029be',
    after:
      '4500003800010000400163bf0a0202020a0101010301d176000000004500002400010000401163c30a0101010a0202029c40003500108f02',
  },
  {
    name: 'an error about a datagram without a checksum',
    of: 'udp4Source',
    isReply: true,
    before:
      '4500003a0001000040015bc00a0909090a0101f0030193c0000000004500001e00010000401162da0a0101f00a02020200960035000a00006869',
    after:
      '4500003a0001000040015caf0a0909090a0101010301f815000000004500001e00010000401163c90a0101010a0202029c400035000a00006869',
  },
  {
    name: 'an error about an answer',
    of: 'udp4Source',
    isReply: false,
    before:
      '450000400001000040015ba70a0909090a02020203011426000000004500002400010000401163c30a0202020a01010100359c4000108f027061796c6f616421',
    after:
      '4500004000010000400162c80a0101f00a02020203011515000000004500002400010000401162d40a0202020a0101f000350096001029be7061796c6f616421',
  },
  {
    name: 'a segment',
    of: 'tcp4Destination',
    isReply: false,
    before: '4500002800010000400663ca0a0101010a0202029c4000350000000100000000500203e8f87e0000',
    after: '4500002800010000400662c80a0101010a0303039c4000500000000100000000500203e8f7610000',
  },
  {
    name: 'a segment that answers',
    of: 'tcp4Destination',
    isReply: true,
    before: '4500002800010000400662c80a0303030a01010100509c400000000900000002501203e8f7470000',
    after: '4500002800010000400663ca0a0202020a01010100359c400000000900000002501203e8f8640000',
  },
  {
    name: 'an error about a segment',
    of: 'tcp4Destination',
    isReply: true,
    before:
      '450000440001000040015ca50a0909090a01010103011521000000004500002800010000400662c80a0101010a0303039c4000500000000100000000500203e8f7610000',
    after:
      '4500004400010000400163b30a0202020a0101010301141f000000004500002800010000400663ca0a0101010a0202029c4000350000000100000000500203e8f87e0000',
  },
  {
    name: 'an error that quotes eight bytes of a segment',
    of: 'tcp4Destination',
    isReply: true,
    before:
      '4500003800010000400162bd0a0303030a0101010301606d000000004500002800010000400662c80a0101010a0303039c40005000000001',
    after:
      '4500003800010000400163bf0a0202020a01010103016088000000004500002800010000400663ca0a0101010a0202029c40003500000001',
  },
  {
    name: 'an error about a segment that answers',
    of: 'tcp4Destination',
    isReply: false,
    before:
      '450000440001000040015ba30a0909090a0202020301141f000000004500002800010000400663ca0a0202020a01010100359c400000000100000000501203e8f86e0000',
    after:
      '450000440001000040015aa10a0909090a03030303011521000000004500002800010000400662c80a0303030a01010100509c400000000100000000501203e8f7510000',
  },
  {
    name: 'an echo request',
    of: 'icmp4Source',
    isReply: false,
    before: '4500002400010000400163d30a0101010a02020208006662000700016162636465666768',
    after: '4500002400010000400162e40a0101f00a02020208006662000700016162636465666768',
  },
  {
    name: 'an echo reply',
    of: 'icmp4Source',
    isReply: true,
    before: '4500002400010000400162e40a0202020a0101f000006e62000700016162636465666768',
    after: '4500002400010000400163d30a0202020a01010100006e62000700016162636465666768',
  },
  {
    name: 'an error about an echo request',
    of: 'icmp4Source',
    isReply: true,
    before:
      '450000400001000040015bba0a0909090a0101f00301fcfe000000004500002400010000400162e40a0101f00a02020208006663000700006162636465666768',
    after:
      '450000400001000040015ca90a0909090a0101010301fcfe000000004500002400010000400163d30a0101010a02020208006663000700006162636465666768',
  },
  {
    name: 'a packet of SCTP',
    of: 'sctp4Source',
    isReply: false,
    before:
      '4500003400010000408463400a0101010a0202029c40003500000000000000000100001400000000000000000000000000000000',
    after:
      '4500003400010000408462510a0101f00a0202029c40003500000000000000000100001400000000000000000000000000000000',
  },
  {
    name: 'a datagram over IPv6',
    of: 'udp6Source',
    isReply: false,
    before:
      '60000000000a1140fd000000000000000000000000000001fd0100000000000000000000000000019c400035000a00f76869',
    after:
      '60000000000a1140fd000000000000000000000000000240fd01000000000000000000000000000100960035000a9a626869',
  },
  {
    name: 'an answer over IPv6',
    of: 'udp6Source',
    isReply: true,
    before:
      '60000000000a1140fd010000000000000000000000000001fd00000000000000000000000000024000350096000a9a626869',
    after:
      '60000000000a1140fd010000000000000000000000000001fd00000000000000000000000000000100359c40000a00f76869',
  },
  {
    name: 'an error about a datagram over IPv6',
    of: 'udp6Source',
    isReply: true,
    before:
      '6000000000403a40fd090000000000000000000000000009fd000000000000000000000000000240010490fe000000006000000000101140fd000000000000000000000000000240fd010000000000000000000000000001009600350010456f7061796c6f616421',
    after:
      '6000000000403a40fd090000000000000000000000000009fd0000000000000000000000000000010104933d000000006000000000101140fd000000000000000000000000000001fd0100000000000000000000000000019c4000350010ac037061796c6f616421',
  },
  {
    name: 'an echo request over IPv6',
    of: 'icmp6Source',
    isReply: false,
    before:
      '6000000000103a40fd000000000000000000000000000001fd0100000000000000000000000000018000f412000700016162636465666768',
    after:
      '6000000000103a40fd000000000000000000000000000240fd0100000000000000000000000000018000f1d3000700016162636465666768',
  },
  {
    name: 'an echo reply over IPv6',
    of: 'icmp6Source',
    isReply: true,
    before:
      '6000000000103a40fd010000000000000000000000000001fd0000000000000000000000000002408100f0d3000700016162636465666768',
    after:
      '6000000000103a40fd010000000000000000000000000001fd0000000000000000000000000000018100f312000700016162636465666768',
  },
  {
    name: 'an error about an echo request over IPv6',
    of: 'icmp6Source',
    isReply: true,
    before:
      '6000000000403a40fd090000000000000000000000000009fd00000000000000000000000000024001046827000000006000000000103a40fd000000000000000000000000000240fd0100000000000000000000000000018000f1d4000700006162636465666768',
    after:
      '6000000000403a40fd090000000000000000000000000009fd00000000000000000000000000000101046a66000000006000000000103a40fd000000000000000000000000000001fd0100000000000000000000000000018000f413000700006162636465666768',
  },
];

const link4 = '020000000002 020000000001 0800';
const link6 = '020000000002 020000000001 86dd';

function frameOf(packet: string): Frame {
  return inFrame(bytesOf((packet.startsWith('6') ? link6 : link4) + packet));
}

/** Somewhere inside of its memory. */
function inFrame(bytes: Uint8Array): Frame {
  const memory = new Uint8Array(bytes.length + 32);
  memory.set(bytes, 16);
  const frame = new Frame(memory);
  frame.start = 16;
  frame.end = 16 + bytes.length;
  return frame;
}

function bytesIn(frame: Frame): Uint8Array {
  return frame.bytes.slice(frame.start, frame.end);
}

function packetIn(frame: Frame): string {
  return hex(bytesIn(frame).subarray(14));
}

const headers = new Headers();
const tracked = new TrackedPacket();

/** Its tuple; throws where the packet is not right. */
function tupleOf(frame: Frame): Tuple {
  if (!headers.locate(frame)) throw new Error('cut short');
  if (!tracked.parse(frame, headers.etherType, headers.network, 1)) throw new Error('not tracked');
  return copyTuple(tracked.tuple);
}

function connectionOf(frame: Frame, translation: Translation): TrackedConnection {
  const original = tupleOf(frame);
  const after = copyTuple(original);
  const { source, destination, sourcePort, destinationPort } = translation;
  if (source !== undefined) setAddress(after, tupleWord.source, [...bytesOf(source)]);
  if (destination !== undefined) setAddress(after, tupleWord.destination, [...bytesOf(destination)]);
  const ports = original[tupleWord.ports] ?? 0;
  if (sourcePort !== undefined || destinationPort !== undefined)
    setPorts(after, sourcePort ?? ports >>> 16, destinationPort ?? ports & 0xffff);
  const reply = newTuple();
  reverse(after, reply);
  const connection = new TrackedConnection(original, reply, newDatagramState(), ms(1000), ms(0));
  connection.natSource = source !== undefined;
  connection.natDestination = destination !== undefined;
  return connection;
}

function apply(frame: Frame, connection: TrackedConnection, isReply: boolean): void {
  tupleOf(frame);
  translatePacket({ frame, headers }, tracked, connection, isReply);
}

function connectionOfRow({ of }: Row): TrackedConnection {
  const first = rows.find((row) => row.of === of);
  if (first === undefined) throw new Error(`no row of ${of}`);
  return connectionOf(frameOf(first.before), translations[of]);
}

/** The connection as the other side of the translation has it: its translated packets are the original ones. */
function inverted(connection: TrackedConnection): TrackedConnection {
  const original = newTuple();
  const reply = newTuple();
  reverse(connection.reply, original);
  reverse(connection.original, reply);
  const inverse = new TrackedConnection(original, reply, connection.state, connection.lifetime, ms(0));
  inverse.natSource = connection.natSource;
  inverse.natDestination = connection.natDestination;
  return inverse;
}

describe('a translation', () => {
  test.each(rows)('of $name ($of) is what the reference sends', (row) => {
    const frame = frameOf(row.before);
    apply(frame, connectionOfRow(row), row.isReply);
    expect(packetIn(frame)).toBe(row.after);
  });

  test.each(rows)('of $name ($of) leaves a packet of the connection', (row) => {
    const connection = connectionOfRow(row);
    const frame = frameOf(row.before);
    apply(frame, connection, row.isReply);
    const expected = newTuple();
    reverse(row.isReply ? connection.original : connection.reply, expected);
    expect(tupleOf(frame)).toEqual(expected);
  });

  // An error of a router that was hidden does not come out again.
  const hidden = new Set(['an error about an answer', 'an error about a segment']);
  test.each(rows.filter(({ name }) => !hidden.has(name)))('of $name ($of) can be undone', (row) => {
    const connection = connectionOfRow(row);
    const frame = frameOf(row.before);
    apply(frame, connection, row.isReply);
    apply(frame, inverted(connection), row.isReply);
    expect(packetIn(frame)).toBe(row.before);
  });
});

test('the source port of a translated destination changes where that tells connections apart', () => {
  const frame = frameOf(rows[0]?.before ?? '');
  const connection = connectionOf(frame, { destination: inside4, sourcePort: 40001 });
  apply(frame, connection, false);
  const bytes = bytesIn(frame);
  expect(get16(bytes, 34)).toBe(40001);
  expect(hex(bytes.subarray(30, 34))).toBe(inside4);
  expect(hex(bytes.subarray(26, 30))).toBe(client4);
});

test('a connection that is not translated leaves its packets alone', () => {
  for (const { before } of rows.filter(({ isReply, name }) => !isReply && !name.includes('error'))) {
    const frame = frameOf(before);
    apply(frame, connectionOf(frame, {}), false);
    expect(packetIn(frame)).toBe(before);
  }
});

describe('a checksum that a device is to finish', () => {
  test.each([
    ['UDP', udpPacket({ isPartial: true }), 6],
    ['TCP', tcpPacket(3000), 16],
  ])('of %s is still the sum of the pseudo header', (_, bytes, offset) => {
    const frame = inFrame(bytes);
    frame.checksumStart = 34;
    frame.checksumOffset = offset;
    const connection = connectionOf(frame, { source: outside4, sourcePort: 150 });
    const before = get16(bytes, 34 + offset);
    apply(frame, connection, false);
    const after = bytesIn(frame);
    // 10.0.0.1 became 10.1.1.240: its words grew by so much.
    expect(get16(after, 34 + offset)).toBe((before + 0x0001 + 0x01ef) % 0xffff);
    expect(get16(after, 34)).toBe(150);
  });
});

test('whatever is chosen, checksums stay right, and the way back is the packet as it was', () => {
  const bytes = (size: number): fc.Arbitrary<string> =>
    fc.uint8Array({ minLength: size, maxLength: size }).map(hex);
  const port = fc.integer({ min: 1, max: 65535 });
  for (const [row, size] of rows.flatMap((each) =>
    each.isReply ? [] : ([[each, each.before.startsWith('6') ? 16 : 4]] as const),
  )) {
    if (row.name.includes('error')) continue;
    fc.assert(
      fc.property(
        bytes(size),
        bytes(size),
        port,
        port,
        (source, destination, sourcePort, destinationPort) => {
          const hasPorts = row.of.startsWith('udp') || row.of.startsWith('tcp');
          const frame = frameOf(row.before);
          const connection = connectionOf(frame, {
            source,
            destination,
            ...(hasPorts ? { sourcePort, destinationPort } : {}),
          });
          apply(frame, connection, false);
          const expected = newTuple();
          reverse(connection.reply, expected);
          expect(tupleOf(frame)).toEqual(expected);
          apply(frame, inverted(connection), false);
          expect(packetIn(frame)).toBe(row.before);
        },
      ),
      { numRuns: 50 },
    );
  }
});
