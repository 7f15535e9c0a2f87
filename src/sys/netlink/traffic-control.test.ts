import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectReadOrMalformed } from '../../base/malformed-fixture.ts';
import { emitMessage, MessageWriter, messagesOf, type NetlinkMessage } from './message.ts';
import {
  codelOptions,
  emitHtbClass,
  fqCodelOptions,
  hfscClassOptions,
  hfscOptions,
  htbOptions,
  netemOptions,
  type OptionsCodec,
  parseHtbClass,
  sfqOptions,
} from './qdisc-options.ts';
import { emitTcRequest, parseTcObject } from './traffic-control.ts';

const newClass = 40;
const codecs: readonly (readonly [string, (options: DataView) => unknown])[] = [
  ...Object.entries<Pick<OptionsCodec<unknown>, 'parse'>>({
    ...{ codelOptions, fqCodelOptions, sfqOptions, netemOptions, hfscOptions, htbOptions, hfscClassOptions },
  }).map(([name, { parse }]) => [name, parse] as const),
  ['parseHtbClass', parseHtbClass],
];

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function message(payload: Uint8Array): NetlinkMessage {
  const [only] = [...messagesOf(emitMessage(newClass, 0, 1, payload))];
  if (only === undefined) throw new Error('no message');
  return only;
}

/** Runs `act`, which may only fail as a parser may. */
function orMalformed(act: () => unknown): void {
  expectReadOrMalformed(() => act());
}

describe('messages of traffic control', () => {
  test('A class tells what it is and what it counted', () => {
    const made = emitTcRequest(
      { ifindex: 7, handle: 0x10002, parent: 0x1fffe },
      { kind: 'htb', options: Uint8Array.of(4, 0, 9, 0) },
    );
    const counted = new MessageWriter().nested(7, (statistics) =>
      statistics
        .attribute(1, new MessageWriter().u32(5000).u32(1).u32(70).u32(0).finish())
        .attribute(3, new MessageWriter().u32(0).u32(0).u32(3).u32(0).u32(9).finish()),
    );
    const { options, ...told } = parseTcObject(message(Buffer.concat([made, counted.finish()])));
    expect(told).toEqual({
      ifindex: 7,
      handle: 0x10002,
      kind: 'htb',
      statistics: { bytes: 5000 + 2 ** 32, packets: 70, drops: 3 },
    });
    expect(options.byteLength).toBe(4);
  });

  test('What was emitted is parsed, whatever the numbers', () => {
    const u32 = fc.nat({ max: 0xffffffff });
    const quantities = fc.record({ target: u32, limit: u32, interval: u32, flows: u32, quantum: u32 });
    fc.assert(
      fc.property(quantities, (values) => {
        expect(fqCodelOptions.parse(viewOf(fqCodelOptions.emit(values)))).toEqual(values);
      }),
    );
    const rate = fc.nat({ max: 2 ** 40 });
    const one = fc.record({ rate, ceil: rate, buffer: u32, ceilBuffer: u32, quantum: u32, priority: u32 });
    const tables = { cellLog: 3, minSize: 60, ticksAt: () => Array.from({ length: 256 }, () => 0) };
    fc.assert(
      fc.property(one, (values) => {
        expect(parseHtbClass(viewOf(emitHtbClass(values, tables)))).toEqual(values);
      }),
    );
  });

  test('Random bytes are a message or Malformed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) =>
        orMalformed(() => parseTcObject(message(bytes))),
      ),
    );
  });

  test.each(codecs)(
    '%s takes random bytes, and cut ones of others, or finds them Malformed',
    (_name, parse) => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => orMalformed(() => parse(viewOf(bytes)))),
      );
      const whole = fqCodelOptions.emit({ target: 1, limit: 2, interval: 3, flows: 4, quantum: 5 });
      for (let size = 0; size <= whole.byteLength; size++)
        orMalformed(() => parse(viewOf(whole.slice(0, size))));
    },
  );
});
