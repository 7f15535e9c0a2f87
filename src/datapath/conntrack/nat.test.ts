import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../base/random.ts';
import { ms } from '../../base/units.ts';
import { ipProtocol } from '../../wire/ip.ts';
import type { DpNatRange, Nat } from '../actions.ts';
import { TrackedConnection } from './connection.ts';
import { ConnectionTable } from './connection-table.ts';
import { newDatagramState } from './exchange.ts';
import { chooseTranslation } from './nat.ts';
import {
  destinationPortOf,
  icmpOf,
  isSameTuple,
  newTuple,
  reverse,
  setAddress,
  setIcmp,
  setKind,
  setPorts,
  sourcePortOf,
  type Tuple,
  tupleAddressOf,
  tupleWord,
} from './tuple.ts';

const now = ms(0);
const client = [10, 1, 1, 1];
const server = [10, 2, 2, 2];
const outside = [10, 1, 1, 240];

interface Packet {
  readonly source?: readonly number[];
  readonly destination?: readonly number[];
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly protocol?: number;
  readonly zone?: number;
}

function connectionOf({
  source = client,
  destination = server,
  sourcePort = 40000,
  destinationPort = 53,
  protocol = ipProtocol.udp,
  zone = 1,
}: Packet): TrackedConnection {
  const original = newTuple();
  setKind(original, zone, source.length === 4 ? 4 : 6, protocol);
  setAddress(original, tupleWord.source, source);
  setAddress(original, tupleWord.destination, destination);
  if (protocol === ipProtocol.icmp) setIcmp(original, sourcePort, 8, 0);
  else if (protocol === ipProtocol.icmpv6) setIcmp(original, sourcePort, 128, 0);
  else if (protocol === ipProtocol.tcp || protocol === ipProtocol.udp)
    setPorts(original, sourcePort, destinationPort);
  const reply = newTuple();
  reverse(original, reply);
  return new TrackedConnection(original, reply, newDatagramState(), ms(1000), now);
}

class Bench {
  readonly table: ConnectionTable;
  readonly #random = seededRandom(7);

  constructor(seed = 3) {
    this.table = new ConnectionTable(seed);
  }

  /** The connection, if it could be translated, and it is remembered then. */
  begin(nat: Nat, packet: Packet = {}): TrackedConnection | undefined {
    const connection = connectionOf(packet);
    if (!chooseTranslation(connection, nat, this.table, this.#random, now)) return undefined;
    this.table.add(connection);
    return connection;
  }

  /** Source and destination, with ports, of a translated packet. */
  ends(nat: Nat, packet: Packet = {}): string | undefined {
    const connection = this.begin(nat, packet);
    return connection && endsOf(connection.reply);
  }
}

function endsOf(reply: Tuple): string {
  const source = tupleAddressOf(reply, tupleWord.destination).join('.');
  const destination = tupleAddressOf(reply, tupleWord.source).join('.');
  return `${source}:${destinationPortOf(reply)}>${destination}:${sourcePortOf(reply)}`;
}

const clients = (count: number): number[][] => Array.from({ length: count }, (_, n) => [10, 1, 1, n + 1]);
const servers = (count: number): number[][] => Array.from({ length: count }, (_, n) => [10, 2, 2, n + 1]);

describe('a source address', () => {
  test('is the one asked for, and the port stays', () => {
    const connection = new Bench().begin({ direction: 'src', range: { min: outside } });
    expect(connection).toMatchObject({ natSource: true, natDestination: false });
    expect(connection && endsOf(connection.reply)).toBe('10.1.1.240:40000>10.2.2.2:53');
    expect(connection && endsOf(connectionOf({}).reply)).toBe('10.1.1.1:40000>10.2.2.2:53');
  });

  test.each([
    [1, 2, 3],
    [511, 1, 2],
    [512, 600, 601],
    [1023, 600, 601],
    [1024, 1025, 1026],
    [65535, 1024, 1025],
    [40000, 40001, 40002],
  ])('keeps port %i where it is free, then takes %i and %i', (port, second, third) => {
    const bench = new Bench();
    const nat: Nat = { direction: 'src', range: { min: outside } };
    const chosen = clients(3).map((source) => bench.ends(nat, { source, sourcePort: port }));
    expect(chosen).toEqual([port, second, third].map((each) => `10.1.1.240:${each}>10.2.2.2:53`));
  });

  test('runs out of ports of a class', () => {
    const bench = new Bench();
    const nat: Nat = { direction: 'src', range: { min: outside } };
    const sources = Array.from({ length: 430 }, (_, n) => [10, 3, n >> 8, n & 0xff]);
    const chosen = sources.map((source) => bench.ends(nat, { source, sourcePort: 700 }));
    expect(new Set(chosen.slice(0, 424)).size).toBe(424);
    expect(chosen.slice(424)).toEqual(Array(6).fill(undefined));
  });

  test('gets all ports of a range, and no others', () => {
    const bench = new Bench();
    const nat: Nat = { direction: 'src', range: { min: outside, minPort: 100, maxPort: 104 } };
    const ports = clients(6).map((source) => bench.begin(nat, { source })?.reply);
    expect(ports.map((reply) => reply && destinationPortOf(reply)).sort()).toEqual([
      100,
      101,
      102,
      103,
      104,
      undefined,
    ]);
  });

  test('is any of a range while one of them is free', () => {
    const bench = new Bench();
    const nat: Nat = {
      direction: 'src',
      range: { min: [10, 1, 0, 254], max: [10, 1, 1, 1], minPort: 150 },
    };
    const chosen = clients(5).map((source) => bench.ends(nat, { source }));
    expect(chosen.slice(0, 4).sort()).toEqual([
      '10.1.0.254:150>10.2.2.2:53',
      '10.1.0.255:150>10.2.2.2:53',
      '10.1.1.0:150>10.2.2.2:53',
      '10.1.1.1:150>10.2.2.2:53',
    ]);
    expect(chosen[4]).toBeUndefined();
  });

  test('of all zeros is the packet’s own: only the port changes, and only where it is taken', () => {
    for (const range of [undefined, { min: [0, 0, 0, 0] }]) {
      const bench = new Bench();
      const nat: Nat = range === undefined ? { direction: 'src' } : { direction: 'src', range };
      bench.begin({ direction: 'dst', range: { min: server } }, { destination: [10, 2, 2, 1] });
      expect(bench.ends(nat)).toBe('10.1.1.1:40001>10.2.2.2:53');
      expect(bench.ends(nat, { sourcePort: 50000 })).toBe('10.1.1.1:50000>10.2.2.2:53');
    }
  });

  test('does not make answers what packets of another connection are', () => {
    const bench = new Bench();
    bench.table.add(
      connectionOf({ source: server, destination: outside, sourcePort: 53, destinationPort: 40000 }),
    );
    const nat: Nat = { direction: 'src', range: { min: outside } };
    expect(bench.ends(nat)).toBe('10.1.1.240:40001>10.2.2.2:53');
    expect(bench.ends(nat, { zone: 2 })).toBe('10.1.1.240:40000>10.2.2.2:53');
  });

  test('is free again when its connection has expired', () => {
    const bench = new Bench();
    const nat: Nat = { direction: 'src', range: { min: outside, minPort: 150 } };
    bench.begin(nat);
    const next = connectionOf({ source: [10, 1, 1, 2] });
    expect(chooseTranslation(next, nat, bench.table, seededRandom(1), now)).toBe(false);
    expect(chooseTranslation(next, nat, bench.table, seededRandom(1), ms(1000))).toBe(true);
  });
});

describe('a destination address', () => {
  const range: DpNatRange = { min: [10, 3, 3, 3] };

  test('is the one asked for; the source port tells apart what would be alike', () => {
    const bench = new Bench();
    const connection = bench.begin({ direction: 'dst', range }, { destination: [10, 2, 2, 9] });
    expect(connection).toMatchObject({ natSource: false, natDestination: true });
    const chosen = servers(2).map((destination) => bench.ends({ direction: 'dst', range }, { destination }));
    expect(chosen).toEqual(['10.1.1.1:40001>10.3.3.3:53', '10.1.1.1:40002>10.3.3.3:53']);
  });

  test('gets all ports of a range first', () => {
    const bench = new Bench();
    const nat: Nat = { direction: 'dst', range: { ...range, minPort: 80, maxPort: 82 } };
    const chosen = servers(6).map((destination) => bench.ends(nat, { destination }));
    const of = (port: number): string[] => [80, 81, 82].map((each) => `10.1.1.1:${port}>10.3.3.3:${each}`);
    expect(chosen.slice(0, 3).sort()).toEqual(of(40000));
    expect(chosen.slice(3).sort()).toEqual(of(40001));
  });
});

describe('what has no ports', () => {
  test.each([ipProtocol.icmp, ipProtocol.gre, ipProtocol.sctp])(
    'of protocol %i is told apart by its address alone',
    (protocol) => {
      const bench = new Bench();
      const nat: Nat = { direction: 'src', range: { min: outside, max: [10, 1, 1, 241], minPort: 7 } };
      const [first, second, third] = clients(3).map((source) => bench.begin(nat, { source, protocol }));
      const addresses = [first, second].map(
        (connection) => connection && tupleAddressOf(connection.reply, tupleWord.destination).join('.'),
      );
      expect(addresses.sort()).toEqual(['10.1.1.240', '10.1.1.241']);
      expect(third).toBeUndefined();
    },
  );

  test('of ICMP keeps its identifier', () => {
    const connection = new Bench().begin(
      { direction: 'src', range: { min: outside } },
      { protocol: ipProtocol.icmp, sourcePort: 7 },
    );
    expect(connection && icmpOf(connection.reply)).toEqual({ id: 7, type: 0, code: 0 });
  });
});

describe('a choice', () => {
  const range: DpNatRange = { min: [10, 4, 0, 0], max: [10, 4, 255, 255], minPort: 1000, maxPort: 60000 };

  test('by hash is the same in every process, one that nothing is said of in this one only', () => {
    const of = (nat: Nat, seed: number): string | undefined => new Bench(seed).ends(nat);
    const byHash: Nat = { direction: 'src', range, choosesPortBy: 'hash' };
    expect(of(byHash, 1)).toBe(of(byHash, 2));
    expect(of({ direction: 'src', range }, 1)).toBe(of({ direction: 'src', range }, 1));
    expect(of({ direction: 'src', range }, 1)).not.toBe(of({ direction: 'src', range }, 2));
  });

  test('at random is another one each time', () => {
    const bench = new Bench();
    const nat: Nat = { direction: 'src', range, choosesPortBy: 'random' };
    expect(new Set(Array.from({ length: 5 }, () => bench.ends(nat))).size).toBe(5);
  });

  test('that persists gives a client one address whatever it speaks to, in every process', () => {
    const nat: Nat = { direction: 'src', range, isPersistent: true, choosesPortBy: 'random' };
    const chosen = [1, 2].flatMap((seed) =>
      servers(4).map((destination) => new Bench(seed).ends(nat, { destination })?.split(':')[0]),
    );
    expect(new Set(chosen).size).toBe(1);
    expect(new Bench().ends(nat, { source: [10, 1, 1, 2] })?.split(':')[0]).not.toBe(chosen[0]);
  });
});

test('nothing is translated where no direction is given', () => {
  const connection = new Bench().begin({});
  expect(connection).toMatchObject({ natSource: false, natDestination: false });
  expect(connection?.reply).toEqual(connectionOf({}).reply);
});

test('an address of the other version of IP is refused', () => {
  const min = [0xfd, ...Array<number>(15).fill(1)];
  expect(new Bench().begin({ direction: 'src', range: { min } })).toBeUndefined();
});

const byte = fc.nat(255);
const port = fc.nat(65535);
const address = (size: 4 | 16): fc.Arbitrary<number[]> =>
  fc.array(byte, { minLength: size, maxLength: size });
const optional = <T>(name: string, value: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> =>
  fc.oneof(
    fc.constant({}),
    value.map((each) => ({ [name]: each })),
  );

/** A range as action lists have it: a maximum is above the minimum. */
function ranges(size: 4 | 16): fc.Arbitrary<DpNatRange> {
  return fc
    .tuple(address(size), address(size), fc.boolean(), port, fc.nat(40), fc.constantFrom(0, 1, 2))
    .map(([a, b, isLong, low, more, portCount]) => {
      const [min = a, last = b] = [a, b].sort((x, y) => compare(x, y));
      const max = isLong ? last : [...min.slice(0, -1), 255];
      return {
        min,
        ...(compare(max, min) > 0 ? { max } : {}),
        ...(portCount > 0 ? { minPort: low } : {}),
        ...(portCount > 1 && more > 0 ? { maxPort: Math.min(65535, low + more) } : {}),
      };
    });
}

function compare(a: readonly number[], b: readonly number[]): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function requests(size: 4 | 16): fc.Arbitrary<Nat> {
  return fc
    .tuple(
      optional('direction', fc.constantFrom('src' as const, 'dst' as const)),
      optional('range', ranges(size)),
      optional('isPersistent', fc.constant(true as const)),
      optional('choosesPortBy', fc.constantFrom('hash' as const, 'random' as const)),
    )
    .map((parts) => Object.assign({}, ...parts) as Nat); // made of nothing but its members
}

const protocols = fc.constantFrom(6, 17, 1, 58, 47, 132);

function packets(size: 4 | 16): fc.Arbitrary<Packet> {
  return fc.record({
    source: fc.nat(3).map((n) => [...Array<number>(size - 1).fill(10), n]),
    destination: fc.nat(1).map((n) => [...Array<number>(size - 1).fill(11), n]),
    sourcePort: fc.oneof(fc.constantFrom(1, 511, 1023, 65535), port),
    destinationPort: fc.constantFrom(53, 80),
    protocol: protocols,
  });
}

describe.each([4, 16] as const)('addresses of %i bytes', (size) => {
  test('and ports that were chosen are in their range, and no two connections’ answers are alike', () => {
    fc.assert(
      fc.property(
        requests(size),
        fc.array(packets(size), { minLength: 1, maxLength: 12 }),
        (nat, connections) => {
          const bench = new Bench();
          for (const packet of connections) {
            const wanted = connectionOf(packet);
            if (bench.table.find(wanted.original, now) !== undefined) continue;
            const connection = bench.begin(nat, packet);
            if (connection === undefined || nat.direction === undefined) continue;
            const replies = [...bench.table].map(({ reply }) => reply);
            expect(replies.filter((reply) => isSameTuple(reply, connection.reply))).toHaveLength(1);
            expectInside(nat, connection);
          }
        },
      ),
    );
  });
});

test('requests of any kind are answered', () => {
  fc.assert(
    fc.property(
      fc.oneof(requests(4), requests(16)),
      fc.oneof(packets(4), packets(16)),
      fc.option(port, { nil: undefined }),
      (nat, packet, maxPort) => {
        const range = nat.range && { ...nat.range, ...(maxPort === undefined ? {} : { maxPort }) };
        const bench = new Bench();
        bench.begin(range === undefined ? nat : { ...nat, range }, packet);
        expect(bench.table.size).toBeLessThanOrEqual(1);
      },
    ),
  );
});

function expectInside({ direction, range }: Nat, { original, reply }: TrackedConnection): void {
  const isSource = direction === 'src';
  const chosen = tupleAddressOf(reply, isSource ? tupleWord.destination : tupleWord.source);
  const other = tupleAddressOf(reply, isSource ? tupleWord.source : tupleWord.destination);
  expect(other).toEqual(tupleAddressOf(original, isSource ? tupleWord.destination : tupleWord.source));
  if (range === undefined || range.min.every((each) => each === 0)) return;
  expect(compare(chosen, range.min)).toBeGreaterThanOrEqual(0);
  expect(compare(chosen, range.max ?? range.min)).toBeLessThanOrEqual(0);
  const protocol = (original[0] ?? 0) & 0xff;
  if (range.minPort === undefined || (protocol !== ipProtocol.tcp && protocol !== ipProtocol.udp)) return;
  const chosenPort = isSource ? destinationPortOf(reply) : sourcePortOf(reply);
  expect(chosenPort).toBeGreaterThanOrEqual(range.minPort);
  expect(chosenPort).toBeLessThanOrEqual(range.maxPort ?? range.minPort);
}
