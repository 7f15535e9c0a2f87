import { describe, expect, it } from 'vitest';
import { MeterTable, SharedMeter } from './meter.ts';

const packets = (...bands: [rate: number, burst: number][]) =>
  new SharedMeter({ unit: 'packets', bands: bands.map(([rate, burst]) => ({ rate, burst })) });

/** Sizes of bands' drops. */
const dropped = (meter: SharedMeter) => meter.stats().bands.map(({ packetCount }) => packetCount);

describe('a meter', () => {
  it('lets a burst pass, and then no more than its rate', () => {
    const meter = packets([10, 3]);
    expect([0, 0, 0, 0, 99, 100, 101].map((now) => meter.admits(64, now))).toEqual([
      true,
      true,
      true,
      false,
      false,
      true,
      false,
    ]);
    expect(meter.stats()).toEqual({
      packetCount: 7,
      byteCount: 7 * 64,
      bands: [{ packetCount: 3, byteCount: 3 * 64 }],
    });
  });

  it('saves no more than a burst', () => {
    const meter = packets([1000, 2]);
    expect([0, 0, 10_000, 10_000, 10_000].map((now) => meter.admits(64, now))).toEqual([
      true,
      true,
      true,
      true,
      false,
    ]);
  });

  it('counts bits in kb/s', () => {
    const meter = new SharedMeter({ unit: 'kilobits', bands: [{ rate: 8, burst: 8 }] });
    expect([meter.admits(600, 0), meter.admits(600, 0), meter.admits(400, 0)]).toEqual([true, false, true]);
    expect([meter.admits(1000, 500), meter.admits(1000, 1000)]).toEqual([false, true]);
  });

  it('drops by the band of the highest rate that refuses', () => {
    const meter = new SharedMeter({
      unit: 'kilobits',
      bands: [
        { rate: 1, burst: 1 },
        { rate: 2, burst: 2 },
      ],
    });
    for (let n = 0; n < 5; n++) meter.admits(118, 0);
    expect(dropped(meter)).toEqual([1, 3]);
  });

  it('goes on where it was in another thread', () => {
    const meter = packets([1, 2]);
    const other = new SharedMeter(meter.config, meter.buffer);
    expect([meter.admits(64, 0), other.admits(64, 0), meter.admits(64, 0)]).toEqual([true, true, false]);
    expect(other.stats()).toEqual(meter.stats());
  });

  it('takes a clock that stands still or goes back for no time', () => {
    const meter = packets([1000, 1]);
    expect([5, 5, 4].map((now) => meter.admits(64, now))).toEqual([true, false, false]);
  });
});

describe('the meters of a datapath', () => {
  const config = { unit: 'packets', bands: [] } as const;

  it('get the lowest number that is free', () => {
    const table = new MeterTable();
    expect([1, 2, 3].map(() => table.add(config)?.id)).toEqual([0, 1, 2]);
    table.delete(0);
    table.delete(1);
    expect([1, 2, 3].map(() => table.add(config)?.id)).toEqual([0, 1, 3]);
  });

  it('are limited', () => {
    const table = new MeterTable(2);
    expect([1, 2, 3].map(() => table.add(config)?.id)).toEqual([0, 1, undefined]);
    table.delete(1);
    expect([table.stats(1), table.add(config)?.id]).toEqual([undefined, 1]);
  });
});
