import { describe, expect, it } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { Timers } from '../base/timers.ts';
import { ms } from '../base/units.ts';
import { ChangeTurns } from './change-turns.ts';

function world() {
  const clock = new FakeClock(0);
  const timers = new Timers(clock);
  const done: string[] = [];
  /** Each step takes a millisecond. */
  function* change(name: string, steps: number): Generator<void, void> {
    for (let n = 0; n < steps; n++) {
      clock.advance(ms(1));
      yield;
    }
    done.push(name);
  }
  return { clock, timers, done, change, turns: new ChangeTurns(timers) };
}

describe('changes of a switch', () => {
  it('are over at once when they are short', () => {
    const { turns, done, change } = world();
    expect(turns.make(change('a', 5))).toBeUndefined();
    expect(done).toEqual(['a']);
    expect(turns.isTaken).toBe(false);
  });

  it('are made in slices when they are long, one after the other', async () => {
    const { timers, turns, done, change } = world();
    const all = [
      turns.make(change('long', 500)),
      turns.make(change('next', 100)),
      turns.make(change('last', 1)),
    ];
    turns.whenFree(() => done.push('small'));
    let slices = 0;
    for (; turns.isTaken; slices++) {
      timers.run();
      await Promise.resolve();
      await Promise.resolve();
    }
    await Promise.all(all);
    expect(done).toEqual(['long', 'next', 'last', 'small']);
    expect(slices).toBeGreaterThan(10);
  });

  it('let others have their turn when they fail', async () => {
    const { timers, turns, done, change } = world();
    function* failing(steps: number): Generator<void, void> {
      yield* change('begun', steps);
      throw new Error('no');
    }
    expect(() => turns.make(failing(1))).toThrow('no');
    const failed = expect(turns.make(failing(100))).rejects.toThrow('no');
    const waiting = expect(turns.make(failing(1))).rejects.toThrow('no');
    turns.whenFree(() => done.push('after'));
    while (turns.isTaken) {
      timers.run();
      await Promise.resolve();
      await Promise.resolve();
    }
    await Promise.all([failed, waiting]);
    expect(done.at(-1)).toBe('after');
  });
});
