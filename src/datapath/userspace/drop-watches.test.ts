import { beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { Timers } from '../../base/timers.ts';
import { ms } from '../../base/units.ts';
import { newKey } from '../../flow/key.ts';
import { Frame } from '../../wire/frame.ts';
import type { WorkerCommand } from './commands.ts';
import { DropWriter } from './drop-ring.ts';
import { DropWatches } from './drop-watches.ts';

describe('watched drops of several workers', () => {
  const clock = new FakeClock(1000);
  const timers = new Timers(clock);
  let writers: DropWriter[];
  let tellings: number;
  let watches: DropWatches;
  let seen: number[][];

  /** A worker that writes to what it is told to. */
  function worker(): { tell(command: WorkerCommand): void } {
    return {
      tell(command) {
        if (command.do === 'unwatchDrops') writers = [];
        if (command.do !== 'watchDrops') return;
        const tell = (): void => {
          tellings++;
          watches.receive(command.id);
        };
        writers.push(new DropWriter(command.memory, tell));
      },
    };
  }

  const drop = (from: number, size: number): void => {
    const frame = new Frame(new Uint8Array(size));
    frame.end = size;
    writers[from]?.put('meter', frame, newKey(), clock.now());
  };

  function watch(by: Timers | undefined): () => void {
    watches = new DropWatches([worker(), worker()], by);
    const { stop } = watches.add({ rate: 1, headSize: 0, match: undefined }, (drops) => {
      seen.push(drops.map(({ size }) => size));
    });
    return stop;
  }

  const advance = (milliseconds: number): void => timers.advance(clock, ms(milliseconds));

  beforeEach(() => {
    writers = [];
    seen = [];
    tellings = 0;
  });

  test('are handed over at once when they are rare, and together while they keep coming', () => {
    watch(timers);
    drop(0, 20);
    expect(seen).toEqual([[20]]);
    drop(0, 21);
    drop(1, 22);
    advance(50);
    drop(1, 23);
    expect(seen).toEqual([[20]]);
    advance(50);
    expect(seen).toEqual([[20], [21, 22, 23]]);
    const before = tellings;
    drop(0, 24);
    expect(tellings).toBe(before); // it is looked at anyway
    advance(500);
    drop(0, 25);
    expect(seen).toEqual([[20], [21, 22, 23], [24], [25]]);
  });

  test('are handed over at once where there are no timers', () => {
    watch(undefined);
    for (const size of [20, 21]) drop(0, size);
    drop(1, 22);
    expect(seen).toEqual([[20], [21], [22]]);
  });

  test('are all handed over when the watch ends, and none after it', () => {
    const stop = watch(timers);
    drop(0, 20);
    drop(1, 21);
    stop();
    stop();
    expect(seen).toEqual([[20], [21]]);
    advance(1000);
    drop(0, 22);
    expect(seen).toHaveLength(2);
  });
});
