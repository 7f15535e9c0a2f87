import { afterEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { logRegistry } from '../../base/log.ts';
import { Timers } from '../../base/timers.ts';
import { ms } from '../../base/units.ts';
import { FlowModLog } from './flow-mod-log.ts';

afterEach(() => logRegistry.setSink('file', undefined));

function begin() {
  const said: string[] = [];
  logRegistry.setSink('file', { write: ({ text }) => void said.push(text) });
  const clock = new FakeClock(1000);
  const timers = new Timers(clock);
  const log = new FlowModLog(timers, () => 'br0<->unix#0');
  const count = (adds = 0, deletes = 0, modifications = 0): void =>
    log.count({ adds, deletes, modifications });
  return { said, log, count, advance: (seconds: number) => timers.advance(clock, ms(1000 * seconds)) };
}

describe('changes of flows in the log', () => {
  test('are told of ten seconds after the first', () => {
    const { said, count, advance } = begin();
    count(1);
    advance(4);
    count(2, 3);
    advance(5);
    expect(said).toEqual([]);
    advance(1);
    expect(said).toEqual(['br0<->unix#0: 6 flow_mods in the 4 s starting 10 s ago (3 adds, 3 deletes)']);
  });

  test('are told of no more than once in a minute and ten seconds', () => {
    const { said, count, advance } = begin();
    for (let n = 0; n < 141; n++) {
      count(0, 0, 1);
      advance(1);
    }
    expect(said).toEqual([
      'br0<->unix#0: 10 flow_mods in the 9 s starting 10 s ago (10 modifications)',
      'br0<->unix#0: 60 flow_mods in the 59 s starting 60 s ago (60 modifications)',
      'br0<->unix#0: 60 flow_mods in the 59 s starting 60 s ago (60 modifications)',
    ]);
  });

  test('are told of at the end, if there were any since', () => {
    const { said, log, count, advance } = begin();
    log.tell();
    count(0, 0, 0);
    log.tell();
    count(1, 2, 3);
    log.tell();
    log.tell();
    advance(100);
    count(1);
    advance(5);
    log.tell();
    expect(said).toEqual([
      'br0<->unix#0: 6 flow_mods in the last 0 s (1 adds, 2 deletes, 3 modifications)',
      'br0<->unix#0: 1 flow_mods 5 s ago (1 adds)',
    ]);
  });
});
