import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { PracticePort } from '../../netdev/provider.ts';
import { openPracticePort } from '../../netdev/registry.ts';
import { practise } from './practice.ts';

function openDescriptorCount(): number {
  return readdirSync('/proc/self/fd').length;
}

test('Every port receives and sends, and what is sent at last is refused', () => {
  const opened: PracticePort[] = [];
  for (const _ of practise((kind) => opened[opened.push(openPracticePort(kind)) - 1] as PracticePort));
  expect(opened).toHaveLength(12);
  for (const [n, { io }] of opened.entries()) {
    const least = n < 9 ? 20 : 900;
    expect(io.counters).toMatchObject({ rxErrors: 0, rxDropped: 0, txErrors: 0 });
    expect(io.counters.rxPackets).toBeGreaterThan(least);
    expect(io.counters.txPackets).toBeGreaterThan(least / 2);
    expect(io.counters.txDropped).toBeGreaterThan(0);
    expect(io.counters.txDropped).toBeLessThan(30);
  }
});

test('Nothing stays open, ended early or not', () => {
  for (const _ of practise(openPracticePort));
  const before = openDescriptorCount();
  for (const _ of practise(openPracticePort));
  const started = practise(openPracticePort);
  for (let n = 0; n < 100; n++) started.next();
  expect(openDescriptorCount()).toBeGreaterThan(before);
  started.return();
  expect(openDescriptorCount()).toBe(before);
});

test('A port that cannot be opened closes those before it', () => {
  for (const _ of practise(openPracticePort));
  const before = openDescriptorCount();
  const failing = practise((kind) => {
    if (kind === 'tap') throw new Error('no more descriptors');
    return openPracticePort(kind);
  });
  expect(() => failing.next()).toThrow('no more descriptors');
  expect(openDescriptorCount()).toBe(before);
});
