import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { seededRandom } from '../base/random.ts';
import { matchOn } from '../flow/match.ts';
import type { Action } from './actions/index.ts';
import { Writer } from './bytes.ts';
import {
  decodeMessage,
  type EntryOf,
  encodeMessage,
  encodeParts,
  headerSize,
  messageSize,
  type Sent,
} from './codec.ts';
import { OpenFlowError } from './errors.ts';
import { damaged, leastCost, readOrRefuse } from './message-fixture/damage.ts';
import { anyMessage, inVersion, messageNames, messageOf } from './message-fixture.ts';
import { formsToSend, formToSend } from './message-table.ts';
import { messages } from './messages/index.ts';
import { allVersions, type WireVersion } from './versions.ts';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const version = fc.constantFrom(...allVersions);

/** Damaged messages; more by e.g. FUZZ_MESSAGES=1000000, others by another FUZZ_SEED. */
const damagedCount = Number(process.env.FUZZ_MESSAGES ?? 5000);
const firstSeed = Number(process.env.FUZZ_SEED ?? 1);
const messagesPerSeed = 20_000;

function encoded(of: WireVersion, message: Sent, xid = 1): Uint8Array {
  const to = new Writer(8);
  encodeMessage(to, of, message, xid);
  return to.written.slice();
}

/** Each form that the version has of the message. */
function allForms(of: WireVersion, message: Sent): Sent[] {
  return formsToSend(of, message.name).map(({ printed }) => ({ ...message, form: printed }));
}

describe('messages', () => {
  it('come back as they went, in every version and form, as far as these can say it', () => {
    fc.assert(
      fc.property(version, anyMessage, fc.nat(), fc.boolean(), (of, message, xid, more) => {
        for (const sent of allForms(of, { ...inVersion(message, of, xid), more })) {
          const first = encoded(of, sent, xid);
          expect(messageSize(first)).toBe(first.length);
          const read = decodeMessage(first);
          expect(read).toMatchObject({ name: message.name, version: of, xid, form: sent.form });
          const again = encoded(of, read, xid);
          expect(decodeMessage(again)).toEqual(read);
          // The fixed matches of OpenFlow 1.1 have places for what cannot be meant, and fill them.
          if (of !== 2) expect(Buffer.from(again).toString('hex')).toBe(Buffer.from(first).toString('hex'));
        }
      }),
      { numRuns: 1500 },
    );
  });

  it('are all in the test above', () => {
    expect(new Set(messageNames)).toEqual(new Set(messages.map(({ name }) => name)));
  });

  it('that a version does not have are refused', () => {
    fc.assert(
      fc.property(version, anyMessage, (of, message) => {
        if (formToSend(of, message.name) !== undefined) return;
        expect(() => encoded(of, message)).toThrow(OpenFlowError);
      }),
    );
  });

  test.each([
    ['errors of Nicira before 1.2', 1, '01010014 00000001 b0c20000 00002320 00010200'],
    ['errors of Nicira since 1.2', 4, '04010010 00000001 ffff0005 00002320'],
    ['parts of a multipart', 4, '04130010 00000001 000d000100000000'],
  ] as const)('have %s', (_, of, hex) => {
    const read = decodeMessage(bytes(hex));
    expect(Buffer.from(encoded(of, read)).toString('hex')).toBe(hex.replaceAll(' ', ''));
  });

  test.each([
    ['07050008 00000001', 'OFPBRC_BAD_TYPE'],
    ['04630008 00000001', 'OFPBRC_BAD_TYPE'],
    ['04000009 00000001', 'OFPBRC_BAD_LEN'],
    ['04050009 00000001 00', 'OFPBRC_BAD_LEN'],
    ['04010008 00000001', 'OFPBRC_BAD_LEN'],
    ['04040010 00000001 00001234 00000001', 'OFPBRC_BAD_VENDOR'],
    ['01100016 00000001 ffff0000 00002320 00db0007 0000', 'OFPBRC_BAD_LEN'],
    ['04040010 00000001 00002320 00009999', 'OFPBRC_BAD_SUBTYPE'],
    ['04120010 00000001 7777000000000000', 'OFPBRC_BAD_STAT'],
    ['0409000c 00000001 00100000', 'OFPSCFC_BAD_FLAGS'],
  ] as const)('are refused: %s (%s)', (hex, errorName) => {
    expect(() => decodeMessage(bytes(hex))).toThrow(expect.objectContaining({ errorName }) as OpenFlowError);
  });

  it('of versions to come are read where every version has them', () => {
    const hello = decodeMessage(bytes('07000010 00000001 00010008 000000f2'));
    expect(hello).toMatchObject({ name: 'HELLO', version: 6, value: { versions: [1, 4, 5, 6, 7] } });
  });

  it('that are too long to say so are refused, and nothing of them is sent', () => {
    const to = new Writer();
    const message = { name: 'ECHO_REQUEST', value: { data: new Uint8Array(0x10000) } } as const;
    expect(() => encodeMessage(to, 4, message, 1)).toThrow(OpenFlowError);
    expect(to.size).toBe(0);
  });
});

describe('any bytes', () => {
  it('are read, or refused in the words of OpenFlow', () => {
    const head = fc.record({ of: fc.integer({ min: 0, max: 7 }), type: fc.integer({ min: 0, max: 35 }) });
    fc.assert(
      fc.property(head, fc.uint8Array({ maxLength: 80 }), fc.boolean(), ({ of, type }, body, isLong) => {
        const size = headerSize + body.length + (isLong ? 1 : 0);
        readOrRefuse(Uint8Array.of(of, type, 0, size, 0, 0, 0, 1, ...body));
      }),
      { numRuns: 3000 },
    );
  });

  /** Messages of every type, form and version, of other values for each seed. */
  function everyMessage(seed: number): Uint8Array[] {
    return messageNames.flatMap((name) => {
      const [message] = fc.sample(messageOf(name), { numRuns: 1, seed });
      if (message === undefined) return [];
      return allVersions.flatMap((of) =>
        allForms(of, inVersion(message, of, 1)).map((sent) => encoded(of, sent)),
      );
    });
  }

  const limit = { microseconds: 1000, bytes: 1024 * 1024 };

  it('that promise more counts than there are cost no room for them', () => {
    const counts = (count: number): Uint8Array => {
      const property = `ffff0010 0000aa01 00000002 0000${count.toString(16).padStart(4, '0')}`;
      return bytes(`05130070 00000001 0004000000000000 00600000${'00'.repeat(76)} ${property}`);
    };
    expect(decodeMessage(counts(0))).toMatchObject({ name: 'PORT_REPLY', value: [{ custom: [] }] });
    expect(() => decodeMessage(counts(0xffff))).toThrow(OpenFlowError);
    const cost = leastCost(() => readOrRefuse(counts(0xffff)), { microseconds: 0, bytes: 0 });
    expect(cost.bytes).toBeLessThan(limit.bytes / 8);
  });

  it('that are nearly a message are read or refused, in a millisecond and a megabyte', () => {
    const random = seededRandom(firstSeed);
    const pick = (from: readonly Uint8Array[]): Uint8Array =>
      from[random.u32() % from.length] ?? new Uint8Array(headerSize);
    let seeds: readonly Uint8Array[] = [];
    for (let n = 0; n < damagedCount; n++) {
      if (n % messagesPerSeed === 0) seeds = everyMessage(firstSeed + n);
      const all = damaged(pick(seeds), pick(seeds), random);
      const { microseconds, bytes: size } = leastCost(() => readOrRefuse(all), limit);
      if (microseconds > limit.microseconds || size > limit.bytes)
        expect.fail(`${microseconds} us, ${size} bytes: ${Buffer.from(all).toString('hex')}`);
    }
  });
});

describe('a list of flows in several messages', () => {
  const actions = (count: number): Action[] => Array.from({ length: count }, () => ({ do: 'dec_mpls_ttl' }));
  const flowOf = (priority: number, list: readonly Action[]): EntryOf<'FLOW_REPLY'> => ({
    table: 0,
    match: matchOn({}),
    priority,
    cookie: 0n,
    duration: { seconds: 0, nanoseconds: 0 },
    idleTimeout: 0,
    hardTimeout: 0,
    importance: 0,
    flags: 0,
    idleAge: undefined,
    hardAge: undefined,
    packets: 0n,
    bytes: 0n,
    actions: list,
  });

  it('leaves a flow out that no message has room for, wherever it is', () => {
    const flows = [1, 2, 3, 4, 5].map((n) => flowOf(n, actions(n % 2 === 0 ? 9000 : 3000)));
    const parts = Array.from(encodeParts(4, { name: 'FLOW_REPLY' }, flows, 7), (part) =>
      decodeMessage(part.slice()),
    );
    expect(parts.map(({ more }) => more)).toEqual([true, false]);
    const listed = parts.flatMap((message) => (message.name === 'FLOW_REPLY' ? message.value : []));
    expect(listed.map(({ priority }) => priority)).toEqual([1, 3, 5]);
  });
});
