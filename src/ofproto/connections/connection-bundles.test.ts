import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { Timers } from '../../base/timers.ts';
import { ms } from '../../base/units.ts';
import { ConnectionBundles } from './connection-bundles.ts';

const opener = Uint8Array.of(5, 33, 0, 16);

function world() {
  const clock = new FakeClock(0);
  const timers = new Timers(clock);
  const timedOut: Uint8Array[] = [];
  const bundles = new ConnectionBundles<string>({
    timers,
    idleTimeout: () => 10_000,
    timedOut: (bytes) => timedOut.push(bytes),
  });
  const advance = (time: number): void => {
    for (let passed = 0; passed < time; passed += 500) {
      clock.advance(ms(500));
      timers.run();
    }
  };
  return { timers, bundles, timedOut, advance };
}

const add = (bundles: ConnectionBundles<string>, id: number, message: string): void =>
  bundles.add(id, 3, message, opener);

describe('a bundle', () => {
  it('gives its messages in order, once', () => {
    const { bundles } = world();
    bundles.open(1, 3, opener);
    add(bundles, 1, 'first');
    add(bundles, 1, 'second');
    bundles.close(1, 3);
    expect(bundles.take(1, 3).messages).toEqual(['first', 'second']);
    expect(() => bundles.take(1, 3)).toThrow('there is no bundle 1');
  });

  it('is over with whatever is wrong about it', () => {
    const { bundles } = world();
    const wrongs: [(id: number) => void, string][] = [
      [(id) => bundles.open(id, 3, opener), 'is open already'],
      [(id) => bundles.close(id, 1), 'had other flags'],
      [(id) => bundles.add(id, 1, '', opener), 'has other flags'],
      [(id) => void bundles.take(id, 1), 'has other flags'],
    ];
    wrongs.forEach(([wrong, why], id) => {
      add(bundles, id, 'opens it');
      expect(() => wrong(id)).toThrow(why);
      expect(() => bundles.close(id, 3)).toThrow(`there is no bundle ${id}`);
    });
  });

  it('is given up when nothing is said about it for long enough', () => {
    const { bundles, timedOut, advance } = world();
    bundles.open(1, 3, opener);
    advance(8000);
    add(bundles, 1, 'goes on');
    add(bundles, 2, 'is alone');
    advance(8000);
    bundles.close(1, 3);
    expect(timedOut).toEqual([]);
    advance(3000);
    expect(timedOut).toEqual([opener]);
    expect(() => bundles.take(2, 3)).toThrow('there is no bundle 2');
    advance(8000);
    expect(timedOut.length).toBe(2);
    expect(() => bundles.take(1, 3)).toThrow('there is no bundle 1');
  });

  it('leaves no timer when its connection ends', () => {
    const { timers, bundles, timedOut, advance } = world();
    bundles.open(1, 3, opener);
    bundles.stop();
    expect(timers.nextDue).toBe(Number.POSITIVE_INFINITY);
    advance(20_000);
    expect(timedOut).toEqual([]);
  });
});
