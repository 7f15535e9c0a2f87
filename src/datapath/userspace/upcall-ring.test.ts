import { describe, expect, test } from 'vitest';
import { frameOf } from '../../../test/conformance/memory-port.ts';
import { udpPacket } from '../../../test/conformance/packets.ts';
import { seededRandom } from '../../base/random.ts';
import { newKey } from '../../flow/key.ts';
import { hotWordCount, slots } from '../../flow/slots.ts';
import type { Frame } from '../../wire/frame.ts';
import type { SentUp } from '../provider.ts';
import { makeUpcallMemory, UpcallReader, UpcallWriter } from './upcall-ring.ts';

function ends() {
  const memory = makeUpcallMemory();
  let added = 0;
  const writer = new UpcallWriter(memory, () => {
    added++;
  });
  return { writer, reader: new UpcallReader(memory), addedCount: () => added };
}

function frameFrom(port: number, size = 60): Frame {
  const frame = frameOf(new Uint8Array(size).fill(port));
  frame.inPort = port;
  return frame;
}

describe('the upcall ring', () => {
  test('carries reason, key, bytes and offloads over, in order, and tells how many were taken', () => {
    const { writer, reader, addedCount } = ends();
    const frame = frameOf(udpPacket());
    Object.assign(frame, { checksumStart: 34, checksumOffset: 6, gsoType: 5, gsoSize: 100, headerSize: 42 });
    const reason: SentUp = { cookie: { type: 'slow_path', reasons: ['cfm'] }, actions: [{ do: 'pop_vlan' }] };
    const key = newKey();
    key[3] = 0xffffffff;
    expect(writer.add(reason, frame, key)).toBe(1);
    const withMetadata = key.slice();
    withMetadata[slots.tun_id.word] = 7; // rare metadata
    expect(writer.add('miss', frameFrom(2), withMetadata)).toBe(2);
    const [first, second] = reader.take(10);
    expect(first).toEqual({
      reason,
      key: key.slice(0, hotWordCount),
      bytes: udpPacket(),
      offload: { checksumStart: 34, checksumOffset: 6, gsoType: 5, gsoSize: 100, headerSize: 42 },
    });
    expect(second?.offload).toBeUndefined();
    expect(second?.key[slots.tun_id.word]).toBe(7);
    expect([reader.lastSequence, addedCount(), writer.isEmpty]).toEqual([2, 2, true]);
  });

  test.each([60, 1500])(
    'a port that floods with %i bytes leaves room for the first packets of every other',
    (size) => {
      const { writer } = ends();
      let flooded = 0;
      while (writer.add('miss', frameFrom(1, size), newKey()) !== 0) flooded++;
      expect(flooded).toBeGreaterThan(500);
      for (let port = 2; port < 300; port++)
        expect(writer.add('miss', frameFrom(port), newKey())).toBeGreaterThan(0);
    },
  );

  test('is bounded in packets, small ones too, and has room again when they were taken', () => {
    const { writer, reader } = ends();
    let count = 0;
    for (let port = 1; port < 10_000; port++)
      if (writer.add('miss', frameFrom(port), newKey()) !== 0) count++;
    expect(count).toBe(4096);
    expect(reader.take(10_000).length).toBe(4096);
    expect(writer.add('miss', frameFrom(1), newKey())).toBe(4097);
  });

  test('keeps every byte while it goes round many times', () => {
    const { writer, reader } = ends();
    const random = seededRandom(1);
    const waiting: { port: number; size: number }[] = [];
    for (let n = 0; n < 4000; n++) {
      const port = random.u32() % 7;
      const size = random.u32() % 9000;
      if (writer.add('miss', frameFrom(port, size), newKey()) !== 0) waiting.push({ port, size });
      if (random.u32() % 3 !== 0) continue;
      for (const { bytes } of reader.take(random.u32() % 8)) {
        const wanted = waiting.shift();
        expect(bytes.length).toBe(wanted?.size);
        expect(bytes.every((byte) => byte === wanted?.port)).toBe(true);
      }
    }
    expect(waiting.length).toBeLessThan(4096);
  });
});
