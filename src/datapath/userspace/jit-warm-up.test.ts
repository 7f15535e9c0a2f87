import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { WarmUpPort } from '../../netdev/provider.ts';
import { openWarmUpPort } from '../../netdev/registry.ts';
import { warmUp } from './jit-warm-up.ts';

function openDescriptorCount(): number {
  return readdirSync('/proc/self/fd').length;
}

test('Every port receives and sends, and what is sent at last is refused', () => {
  const opened: WarmUpPort[] = [];
  for (const _ of warmUp((kind) => opened[opened.push(openWarmUpPort(kind)) - 1] as WarmUpPort));
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
  for (const _ of warmUp(openWarmUpPort));
  const before = openDescriptorCount();
  for (const _ of warmUp(openWarmUpPort));
  const started = warmUp(openWarmUpPort);
  for (let n = 0; n < 100; n++) started.next();
  expect(openDescriptorCount()).toBeGreaterThan(before);
  started.return();
  expect(openDescriptorCount()).toBe(before);
});

test('A port that cannot be opened closes those before it', () => {
  for (const _ of warmUp(openWarmUpPort));
  const before = openDescriptorCount();
  const failing = warmUp((kind) => {
    if (kind === 'tap') throw new Error('no more descriptors');
    return openWarmUpPort(kind);
  });
  expect(() => failing.next()).toThrow('no more descriptors');
  expect(openDescriptorCount()).toBe(before);
});
