import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectReadOrMalformed } from '../base/malformed-fixture.ts';
import { CaptureFile, emitPcapHeader, emitPcapRecord } from './pcap.ts';

const writeCapture = (bytes: Uint8Array, time: number): Uint8Array =>
  Uint8Array.from([...emitPcapHeader(), ...emitPcapRecord(bytes, time)]);

const frame = Uint8Array.from({ length: 60 }, (_, n) => n);

/** The same capture in the other byte order, or with other units. */
function changed(bytes: Uint8Array, { isBig, isNano }: { isBig: boolean; isNano: boolean }): Uint8Array {
  const from = new DataView(bytes.buffer, bytes.byteOffset);
  const copy = bytes.slice();
  const to = new DataView(copy.buffer);
  for (const at of [0, 16, 20, 24, 28, 32, 36]) to.setUint32(at, from.getUint32(at, true), !isBig);
  if (isNano) {
    to.setUint32(0, 0xa1b23c4d, !isBig);
    to.setUint32(28, from.getUint32(28, true) * 1000, !isBig);
  }
  return copy;
}

describe('a capture file', () => {
  test.each([
    [false, false],
    [false, true],
    [true, false],
    [true, true],
  ])('is read in either byte order and unit: %s, %s', (isBig, isNano) => {
    const file = new CaptureFile(changed(writeCapture(frame, 1_700_000_000_123), { isBig, isNano }));
    expect([...file]).toEqual([{ time: 1_700_000_000_123, bytes: frame }]);
  });

  test('of a cooked device has frames with an Ethernet header', () => {
    const cooked = Uint8Array.from([0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0, 0x45, 0]);
    const bytes = writeCapture(cooked, 0);
    bytes[20] = 113;
    const [one] = new CaptureFile(bytes);
    expect(Buffer.from(one?.bytes ?? []).toString('hex')).toBe('00000000000002000000000108004500');
  });

  test.each([
    ['cut short', 10, 'failed to read pcap header: End of file'],
    ['of no known kind', 0, 'bad magic 0x00000000'],
  ])('%s is refused', (_, size, why) => {
    expect(() => new CaptureFile(new Uint8Array(size === 0 ? 24 : size))).toThrow(why);
  });

  test('that ends in the middle of a frame gives those before it', () => {
    const seen: number[] = [];
    const two = Buffer.concat([writeCapture(frame, 0), writeCapture(frame, 0).subarray(24, 60)]);
    expect(() => {
      for (const { bytes } of new CaptureFile(two)) seen.push(bytes.length);
    }).toThrow('failed to read pcap packet: End of file');
    expect(seen).toEqual([60]);
  });

  test('of any bytes is read or is Malformed', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.tuple(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(1, 113)).map(([body, link]) => {
        const all = Uint8Array.from([...writeCapture(frame, 5).subarray(0, 24), ...body]);
        all[20] = link;
        return all;
      }),
    );
    fc.assert(
      fc.property(bytes, (file) => {
        expectReadOrMalformed(() => {
          for (const { bytes: read } of new CaptureFile(file)) expect(read.length).toBeGreaterThan(0);
        });
      }),
    );
  });
});
