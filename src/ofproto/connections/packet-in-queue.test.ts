import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { Timers } from '../../base/timers.ts';
import { ms } from '../../base/units.ts';
import { PacketInQueue } from './packet-in-queue.ts';

function queueOf(rate: number, burst: number) {
  const clock = new FakeClock();
  const timers = new Timers(clock);
  const sent: string[] = [];
  const queue = new PacketInQueue<string>(timers, (packet) => sent.push(packet));
  queue.configure({ rate, burst });
  const advance = (time: number): void => timers.advance(clock, ms(time));
  return { queue, sent, advance };
}

describe('a queue of packets for a controller', () => {
  test('without a rate sends all at once', () => {
    const { queue, sent } = queueOf(0, 0);
    for (let n = 0; n < 1000; n++) queue.push(1, `${n}`);
    expect([sent.length, queue.size]).toEqual([1000, 0]);
  });

  test('sends a burst, then so many in a second', () => {
    const { queue, sent, advance } = queueOf(100, 3);
    for (let n = 0; n < 6; n++) queue.push(1, `${n}`);
    expect(sent).toEqual(['0', '1', '2']);
    advance(10);
    expect(sent).toEqual(['0', '1', '2', '3']);
    advance(1000);
    expect(sent.join('')).toBe('012345');
    expect(queue.counts).toEqual({ backlog: 0, bypassed: 3, queued: 3, dropped: 0 });
  });

  test('lets ports take turns, and drops of the port that sent most', () => {
    const { queue, sent, advance } = queueOf(1000, 4);
    for (let n = 0; n < 50; n++) queue.push(1, 'flood');
    queue.push(2, 'other');
    expect([queue.size, queue.counts?.dropped]).toEqual([4, 43]);
    advance(10);
    expect(sent.slice(4)).toEqual(['flood', 'other', 'flood', 'flood']);
  });

  test('sends what waits when the limit goes', () => {
    const { queue, sent } = queueOf(100, 2);
    for (let n = 0; n < 4; n++) queue.push(1, `${n}`);
    queue.configure({ rate: 0, burst: 0 });
    expect(sent.join('')).toMatch(/^01/);
    expect(queue.size).toBe(0);
  });

  test('never holds or sends more than it may, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2000 }),
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 0, max: 100 }))),
        (rate, burst, arrivals) => {
          const { queue, sent, advance } = queueOf(rate, burst);
          let time = 0;
          for (const [port, pause] of arrivals) {
            queue.push(port, `${port}`);
            advance(pause);
            time += pause;
            expect(queue.size).toBeLessThanOrEqual(burst);
            expect(sent.length).toBeLessThanOrEqual(burst + (time * rate) / 1000 + 1);
          }
          expect(sent.length + queue.size + (queue.counts?.dropped ?? 0)).toBe(arrivals.length);
        },
      ),
    );
  });
});
