import { beforeEach, describe, expect, test } from 'vitest';
import { ms } from '../../../base/units.ts';
import type { Fragment } from './fragment.ts';
import { FragmentTable } from './fragment-table.ts';
import { configureFragments, reportFragments } from './report.ts';

const stage = { zone: 7, recirculation: 0 };
const some: Fragment = {
  version: 4,
  source: [10, 0, 0, 1],
  destination: [10, 0, 0, 2],
  id: 1,
  protocol: 17,
  offset: 0,
  isLast: false,
  network: 14,
  dataAt: 34,
  size: 480,
  packetSize: 500,
  headerSize: 20,
  header: undefined,
};

let table: FragmentTable;

beforeEach(() => {
  table = new FragmentTable();
  configureFragments(table, { of: { version: 4, minSize: 400 } });
});

/** What became of the part of a packet: "invalid", "held", or the numbers of all in their order. */
function offer(
  offset: number,
  size: number,
  more: Partial<Fragment> = {},
  { at = 0, zone = 7, recirculation = 0, byteCount = 514 } = {},
): unknown {
  const fragment = { ...some, offset, size, packetSize: size + 20, ...more };
  const accepted = table.offer(fragment, { zone, recirculation }, byteCount, ms(at));
  return accepted === undefined ? 'invalid' : (accepted.whole ?? 'held');
}

const last = { isLast: true } as const;

describe('a packet', () => {
  test.each([
    [
      [0, 1, 2],
      [1, 2, 3],
    ],
    [
      [2, 1, 0],
      [3, 2, 1],
    ],
    [
      [1, 0, 2],
      [2, 1, 3],
    ],
    [
      [1, 2, 0],
      [3, 1, 2],
    ],
  ])('is whole when all have come, whatever the order: %o', (order, numbers) => {
    const parts = [[0], [480], [960, last]] as const;
    const outcomes = order.map((n) => offer(parts[n]?.[0] ?? 0, 480, parts[n]?.[1]));
    expect(outcomes).toEqual(['held', 'held', numbers]);
    expect(table.heldCount).toBe(0);
    expect(table.counts[4]).toMatchObject({ accepted: 3, completed: 3 });
  });

  test('is told by zone, place in the pipeline, addresses, protocol and identification', () => {
    offer(0, 480);
    expect(offer(480, 48, last, { zone: 8 })).toBe('held');
    expect(offer(480, 48, last, { recirculation: 5 })).toBe('held');
    for (const other of [
      { id: 2 },
      { protocol: 6 },
      { source: [10, 0, 0, 3] },
      { destination: [1, 2, 3, 4] },
    ])
      expect(offer(480, 48, { ...last, ...other })).toBe('held');
    expect(offer(480, 48, last)).toEqual([1, 8]);
  });

  test('is not whole with a part behind the last one', () => {
    offer(0, 480);
    offer(960, 480);
    expect(offer(480, 480, last)).toBe('held');
  });

  test('that would be too long is none, and takes nothing more', () => {
    configureFragments(table, { of: { version: 4, minSize: 20_000 } });
    offer(0, 32_000);
    offer(32_000, 32_000);
    expect(offer(64_000, 1516, last)).toBe('held');
    expect(reportFragments(table).lists).toMatchObject([{ count: 3, state: 'reassemble fail' }]);
    expect(offer(65_520, 8, last)).toBe('invalid');
  });

  test('may be as long as one can say', () => {
    configureFragments(table, { of: { version: 4, minSize: 20_000 } });
    offer(0, 32_000);
    offer(32_000, 32_000);
    expect(offer(64_000, 1515, last)).toEqual([1, 2, 3]);
  });

  test('of IPv4 has no more fragments than the least size allows', () => {
    configureFragments(table, { of: { version: 4, minSize: 30_000 } });
    for (const offset of [0, 480, 960]) expect(offer(offset, 480, { packetSize: 30_000 })).toBe('held');
    expect(offer(1440, 480, last)).toBe('invalid');
  });
});

test.each([
  ['the same', 480, 480],
  ['one over its begin', 472, 16],
  ['one over its end', 952, 16],
  ['one in it', 488, 8],
  ['one around it', 400, 800],
])('what overlaps is invalid: %s', (_, offset, size) => {
  offer(480, 480);
  expect(offer(offset, size, { packetSize: 500 })).toBe('invalid');
  expect(table.counts[4].overlapped).toBe(1);
  expect(table.heldCount).toBe(1);
});

describe('what is short', () => {
  test('is invalid but for the last one', () => {
    expect(offer(0, 376)).toBe('invalid');
    expect(offer(480, 8, last)).toBe('held');
    expect(offer(0, 480)).toEqual([2, 1]);
    expect(table.counts[4]).toMatchObject({ tooSmall: 1, accepted: 2 });
  });

  test('may be as short as is set, within bounds', () => {
    expect(configureFragments(table, { of: { version: 6, minSize: 399 } })).toBe(false);
    expect(table.settings[6].minSize).toBe(1280);
    expect(offer(0, 1200, { version: 6, packetSize: 1279 })).toBe('invalid');
    expect(offer(0, 1200, { version: 6, packetSize: 1280 })).toBe('held');
  });
});

describe('memory', () => {
  test('is bounded by the number of fragments', () => {
    expect(configureFragments(table, { limit: 5001 })).toBe(false);
    expect(configureFragments(table, { limit: 2 })).toBe(true);
    expect([offer(0, 480), offer(480, 480), offer(960, 8, last)]).toEqual(['held', 'held', 'invalid']);
    configureFragments(table, { limit: 3 });
    expect(offer(960, 8, last)).toEqual([1, 2, 3]);
  });

  test('is bounded by their bytes', () => {
    configureFragments(table, { limit: 5000 });
    const outcomes = Array.from({ length: 600 }, (_, id) => offer(0, 480, { id }, { byteCount: 65_536 }));
    expect(outcomes.filter((outcome) => outcome === 'held')).toHaveLength(512);
    expect(table.takePurged(ms(100_000))).toHaveLength(512);
    expect(offer(0, 480)).toBe('held');
  });
});

test('where it is off, nothing is held; where it is off for both, nothing is counted', () => {
  configureFragments(table, { of: { version: 4, isEnabled: false } });
  expect([offer(0, 480), offer(0, 80)]).toEqual(['invalid', 'invalid']);
  expect(table.counts[4]).toMatchObject({ accepted: 0, tooSmall: 1 });
  configureFragments(table, { of: { version: 6, isEnabled: false } });
  expect(offer(0, 80)).toBe('invalid');
  expect(table.counts[4].tooSmall).toBe(1);
});

describe('what waits in vain', () => {
  test('goes on after fifteen seconds, a packet at a time', () => {
    offer(0, 480, { id: 1 }, { at: 0 });
    offer(480, 480, { id: 1 }, { at: 14_000 });
    offer(0, 480, { id: 2 }, { at: 1 });
    expect(table.takeExpired(ms(15_000))).toEqual([]);
    expect(table.takeExpired(ms(15_500))).toEqual([1, 2]);
    expect(table.takeExpired(ms(15_500))).toEqual([3]);
    expect(table.takeExpired(ms(15_500))).toEqual([]);
    expect(table.counts[4]).toMatchObject({ expired: 3, purged: 0 });
  });

  test('is dropped ten seconds later', () => {
    offer(0, 480, { id: 1 }, { at: 0 });
    offer(0, 480, { id: 2 }, { at: 1 });
    expect(table.takePurged(ms(24_999))).toEqual([]);
    expect(table.takePurged(ms(25_000))).toEqual([1]);
    expect(table.counts[4]).toMatchObject({ expired: 0, purged: 1 });
    expect(table.heldCount).toBe(1);
  });
});

test('a packet goes as a whole when one of its fragments does', () => {
  offer(0, 480);
  offer(480, 480);
  offer(0, 480, { id: 2 });
  expect(table.takeWith((number) => number === 2)).toEqual([1, 2]);
  expect(offer(960, 8, last)).toBe('held');
});

test('lists are told with what has come of them', () => {
  const states = [
    [],
    [[480, {}]],
    [[0, {}]],
    [[960, last]],
    [
      [960, last],
      [0, {}],
    ],
  ] as const;
  states.forEach((parts, id) => {
    for (const [offset, more] of parts) offer(offset, 480, { id, ...more });
  });
  expect(reportFragments(table)).toMatchObject({
    limit: 1000,
    heldCount: 5,
    versions: { 4: { isEnabled: true, minSize: 400, accepted: 5 }, 6: { isEnabled: true, minSize: 1280 } },
    lists: [
      { id: 1, zone: stage.zone, count: 1, state: 'other frag' },
      { id: 2, count: 1, state: 'first frag' },
      { id: 3, count: 1, state: 'last frag' },
      { id: 4, count: 2, state: 'first/last frag' },
    ],
  });
});
