import { describe, expect, test } from 'vitest';
import { frameOf } from '../../../test/conformance/memory-port.ts';
import { newKey } from '../../flow/key.ts';
import type { Frame } from '../../wire/frame.ts';
import { Misses, missMemorySize } from './misses.ts';

function make(): Misses {
  return new Misses({ bytes: new Uint8Array(missMemorySize), address: 0 });
}

function keyOf(connection: number): Uint32Array {
  const key = newKey();
  key[5] = connection;
  return key;
}

function packet(mark: number): Frame {
  return frameOf(new Uint8Array(60).fill(mark));
}

function released(misses: Misses, sequence: number): number[] {
  const marks: number[] = [];
  misses.finish(sequence, (frame) => marks.push(frame.bytes[frame.start] ?? -1));
  return marks;
}

describe('misses under way', () => {
  test('hold what follows the first packet and give it back in order once that was answered', () => {
    const misses = make();
    expect(misses.offer(packet(1), keyOf(1), 11)).toBe('goesUp');
    misses.begin(keyOf(1), 11, 1);
    expect(misses.offer(packet(2), keyOf(1), 11)).toBe('held');
    expect(misses.offer(packet(9), keyOf(2), 12)).toBe('goesUp');
    misses.begin(keyOf(2), 12, 2);
    expect(misses.offer(packet(10), keyOf(2), 12)).toBe('held');
    expect(misses.offer(packet(3), keyOf(1), 11)).toBe('held');
    expect(released(misses, 1)).toEqual([2, 3]);
    expect(misses.offer(packet(4), keyOf(1), 11)).toBe('goesUp');
    expect(released(misses, 2)).toEqual([10]);
    expect(released(misses, 2)).toEqual([]);
  });

  test('never take one connection for another whose hash is the same', () => {
    const misses = make();
    misses.begin(keyOf(1), 11, 1);
    expect(misses.offer(packet(1), keyOf(2), 11)).toBe('goesUp');
  });

  test('refuse beyond the share of one connection, and hold others still', () => {
    const misses = make();
    misses.begin(keyOf(1), 1, 1);
    misses.begin(keyOf(2), 2, 2);
    const verdicts = Array.from({ length: 80 }, (_, n) => misses.offer(packet(n), keyOf(1), 1));
    expect(verdicts.filter((verdict) => verdict === 'held').length).toBe(64);
    expect(verdicts[79]).toBe('refused');
    expect(misses.offer(packet(1), keyOf(2), 2)).toBe('held');
  });

  test('send long packets up, since their memory is for short ones', () => {
    const misses = make();
    misses.begin(keyOf(1), 1, 1);
    expect(misses.offer(frameOf(new Uint8Array(5000)), keyOf(1), 1)).toBe('goesUp');
  });

  test('reuse their memory for ever', () => {
    const misses = make();
    for (let round = 1; round < 1000; round++) {
      const connection = round % 10;
      misses.begin(keyOf(connection), connection, round);
      for (let n = 0; n < 5; n++) expect(misses.offer(packet(n), keyOf(connection), connection)).toBe('held');
      expect(released(misses, round)).toEqual([0, 1, 2, 3, 4]);
    }
  });
});
