import { expect, test } from 'vitest';
import { ms } from '../../base/units.ts';
import { newKey, setSlot } from '../../flow/key.ts';
import { Frame } from '../../wire/frame.ts';
import { DropReader, DropWriter, makeDropMemory } from './drop-ring.ts';

function frameOf(bytes: Uint8Array): Frame {
  const frame = new Frame(bytes);
  frame.end = bytes.length;
  return frame;
}

function ring(headSize: number): { writer: DropWriter; reader: DropReader; tellings: number[] } {
  const memory = makeDropMemory(headSize);
  const tellings: number[] = [];
  const writer = new DropWriter(memory, () => tellings.push(tellings.length));
  return { writer, reader: new DropReader(memory), tellings };
}

test('dropped packets come out as they went in, cut to what is shown of each', () => {
  const { writer, reader, tellings } = ring(5);
  const key = newKey();
  setSlot(key, 'in_port', 7);
  setSlot(key, 'eth_type', 0xffff);
  const packets = [Uint8Array.of(1, 2, 3), Uint8Array.from({ length: 100 }, (_, n) => n)];
  for (const [n, packet] of packets.entries())
    writer.put(n === 0 ? 'meter' : 'tooLong', frameOf(packet), key, ms(n + 0.5));
  expect(tellings).toHaveLength(1);
  const taken = reader.take();
  expect(taken.map(({ reason, at, size, head }) => [reason, at, size, [...head]])).toEqual([
    ['meter', 0.5, 3, [1, 2, 3]],
    ['tooLong', 1.5, 100, [0, 1, 2, 3, 4]],
  ]);
  for (const drop of taken) expect([...drop.key]).toEqual([...key.subarray(0, drop.key.length)]);
  expect(reader.take()).toEqual([]);
  expect(reader.rearm()).toBe(false);
});

test.each([0, 64, 2048, 0xffff])(
  'with heads of %i bytes, what finds no room is refused until something is taken',
  (size) => {
    const { writer, reader, tellings } = ring(size);
    const key = newKey();
    const put = (n: number): boolean => writer.put('meter', frameOf(new Uint8Array(14 + n)), key, ms(n));
    let next = 0;
    for (let round = 0; round < 5; round++) {
      const first = next;
      while (put(next)) next++;
      expect(next - first).toBeGreaterThanOrEqual(8);
      expect(next - first).toBeLessThanOrEqual(256);
      expect(reader.rearm()).toBe(true);
      expect(reader.take().map(({ at }) => at)).toEqual(
        Array.from({ length: next - first }, (_, n) => first + n),
      );
    }
    expect(tellings).toHaveLength(5);
    writer.countMissed();
    expect(reader.missedCount).toBe(1);
  },
);
