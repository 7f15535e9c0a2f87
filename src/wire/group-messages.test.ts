import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatIpv4, formatIpv6 } from '../base/addresses.ts';
import { Malformed } from '../base/errors.ts';
import { expectReadOrMalformed } from '../base/malformed-fixture.ts';
import { type GroupRecord, recordModes } from './group-records.ts';
import { emitIgmp, type IgmpMessage, parseIgmp } from './igmp.ts';
import { findIpPayload } from './ip-payload.ts';
import { emitMld, type MldMessage, parseMld } from './mld.ts';

const address = (size: number, format: (bytes: Uint8Array) => string): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: size, maxLength: size }).map(format);
const ipv4 = address(4, formatIpv4);
const ipv6 = address(16, formatIpv6);
const records = (of: fc.Arbitrary<string>): fc.Arbitrary<GroupRecord[]> =>
  fc.array(fc.record({ mode: fc.constantFrom(...recordModes), group: of, sources: fc.array(of) }));

const igmpMessage: fc.Arbitrary<IgmpMessage> = fc.oneof(
  fc.record({ type: fc.constantFrom('query', 'leave'), group: ipv4 }),
  fc.record({ type: fc.constant('report'), version: fc.constantFrom(1, 2), group: ipv4 }),
  fc.record({ type: fc.constant('records'), records: records(ipv4) }),
);
const mldMessage: fc.Arbitrary<MldMessage> = fc.oneof(
  fc.record({ type: fc.constantFrom('query', 'report', 'done'), group: ipv6 }),
  fc.record({ type: fc.constant('records'), records: records(ipv6) }),
);
const pseudoSum = fc.nat(0xfffff);

test('messages are read as they were written', () => {
  fc.assert(
    fc.property(igmpMessage, mldMessage, pseudoSum, (one, other, sum) => {
      expect(parseIgmp(emitIgmp(one))).toEqual(one);
      expect(parseMld(emitMld(other, sum), sum)).toEqual(other);
    }),
  );
});

test('a changed bit makes a message Malformed', () => {
  const flipped = (bytes: Uint8Array, bit: number): Uint8Array => {
    const at = bit % (8 * bytes.length);
    return bytes.map((byte, n) => (n === at >> 3 ? byte ^ (1 << (at & 7)) : byte));
  };
  fc.assert(
    fc.property(igmpMessage, mldMessage, pseudoSum, fc.nat(), (one, other, sum, bit) => {
      expect(() => parseIgmp(flipped(emitIgmp(one), bit))).toThrow(Malformed);
      expect(() => parseMld(flipped(emitMld(other, sum), bit), sum)).toThrow(Malformed);
    }),
  );
});

test('bytes from outside are a message or Malformed', () => {
  const begin = fc.constantFrom(0x11, 0x12, 0x16, 0x17, 0x22, 130, 131, 132, 143);
  fc.assert(
    fc.property(begin, fc.uint8Array(), (type, rest) => {
      const bytes = Uint8Array.of(type, ...rest);
      for (const parse of [parseIgmp, (b: Uint8Array) => parseMld(b, 0)])
        expectMessageOrMalformed(bytes, parse);
    }),
  );
});

/** With the checksum that it has, and with the right one. */
function expectMessageOrMalformed(bytes: Uint8Array, parse: (bytes: Uint8Array) => unknown): void {
  for (const sums of [[], [0, 0]]) {
    const tried = bytes.map((byte, n) => (n === 2 || n === 3 ? (sums[n - 2] ?? byte) : byte));
    expectReadOrMalformed(() => {
      expect(parse(tried)).toHaveProperty('type');
    });
  }
}

test('records that are not all there are read as far as they are, and those of no known type are passed over', () => {
  const known = { mode: 'isExclude', group: '239.1.1.1', sources: ['10.0.0.1'] } as const;
  const last = { mode: 'changeToInclude', group: '239.1.1.2', sources: [] } as const;
  const whole = emitIgmp({ type: 'records', records: [known, known, last] });
  const second = 8 + 12;
  const unknown = whole.with(second, 9);
  expect(parseIgmp(withChecksum(unknown))).toEqual({ type: 'records', records: [known, last] });
  expect(parseIgmp(withChecksum(whole.slice(0, -1)))).toEqual({ type: 'records', records: [known, known] });
});

function withChecksum(bytes: Uint8Array): Uint8Array {
  const summed = bytes.with(2, 0).with(3, 0);
  let sum = 0;
  summed.forEach((byte, n) => {
    sum += n % 2 === 0 ? byte << 8 : byte;
  });
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return summed.with(2, (~sum >> 8) & 0xff).with(3, ~sum & 0xff);
}

test('what an IP packet carries is found behind tags, options and extension headers, without padding', () => {
  const report = '160008fce1010101';
  const ipv4Header = '460000200000400001020000000000000101010194040000';
  const overIpv4 = `01005e010101020000000001810000020800${ipv4Header}${report}`;
  const padded = Buffer.from(`${overIpv4}${'00'.repeat(20)}`, 'hex');
  expect(findIpPayload(padded)).toMatchObject({ protocol: 2, bytes: Buffer.from(report, 'hex') });

  const query = '8200000003e80000'.padEnd(48, '0');
  const ipv6Header = `6000000000200001${'fe80'.padEnd(32, '0')}${'ff02'.padEnd(31, '0')}1`;
  const overIpv6 = Buffer.from(`33330000000102000000000186dd${ipv6Header}3a00050200000100${query}`, 'hex');
  expect(findIpPayload(overIpv6)).toMatchObject({ protocol: 58, bytes: Buffer.from(query, 'hex') });
});

test('of any bytes, what an IP packet carries is found or not', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('0800', '86dd', '81000001', '8100000186dd', '080045', '86dd60'),
      fc.uint8Array({ maxLength: 90 }),
      (types, rest) => {
        const frame = Buffer.concat([new Uint8Array(12), Buffer.from(types, 'hex'), rest]);
        expect(findIpPayload(frame)?.bytes.length ?? 0).toBeLessThanOrEqual(frame.length);
      },
    ),
  );
});
