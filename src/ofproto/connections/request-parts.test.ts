import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { Timers } from '../../base/timers.ts';
import { ms } from '../../base/units.ts';
import type { Received } from '../../openflow/codec.ts';
import { RequestParts } from './request-parts.ts';

const bytes = Uint8Array.of(4, 18, 0, 16);

function world() {
  const clock = new FakeClock(0);
  const timers = new Timers(clock);
  const timedOut: Uint8Array[] = [];
  const parts = new RequestParts({ timers, timedOut: (of) => timedOut.push(of) });
  const advance = (time: number): void => {
    for (let passed = 0; passed < time; passed += 500) {
      clock.advance(ms(500));
      timers.run();
    }
  };
  return { timers, parts, timedOut, advance };
}

/** As far as parts go. */
function part(xid: number, value: unknown, more: boolean, form = 'OFPST_TABLE_FEATURES request'): Received {
  return { name: 'TABLE_FEATURES_REQUEST', value, version: 4, xid, form, more } as Received;
}

describe('a request', () => {
  it('of one message is whole', () => {
    const { parts } = world();
    const message = part(1, [1], false);
    expect(parts.take(message, bytes)).toBe(message);
  });

  it('of several is whole with the last of them, whatever else comes between', () => {
    const { parts, timers } = world();
    expect(parts.take(part(1, [1, 2], true), bytes)).toBeUndefined();
    expect(parts.take(part(2, ['a'], true), bytes)).toBeUndefined();
    expect(parts.take(part(3, [9], false), bytes)?.value).toEqual([9]);
    expect(parts.take(part(1, [3], true), bytes)).toBeUndefined();
    expect(parts.take(part(1, [], false), bytes)?.value).toEqual([1, 2, 3]);
    expect(parts.take(part(2, ['b'], false), bytes)?.value).toEqual(['a', 'b']);
    parts.stop();
    expect(timers.nextDue).toBe(Number.POSITIVE_INFINITY);
  });

  it('is refused when its parts do not fit together', () => {
    const { parts } = world();
    parts.take(part(1, [1], true), bytes);
    expect(() => parts.take(part(1, [1], false, 'OFPST_FLOW_MONITOR request'), bytes)).toThrow(
      'changes its type',
    );
    parts.take(part(2, { port: 1 }, true), bytes);
    expect(() => parts.take(part(2, { port: 2 }, false), bytes)).toThrow('has parts');
  });

  it('takes no more memory than it may', () => {
    const { parts } = world();
    const large = new Uint8Array(0xffff);
    for (let n = 0; n < 64; n++) parts.take(part(1, [n], true), large);
    expect(() => parts.take(part(1, [64], true), large)).toThrow('is too long');
    for (let xid = 0; xid < 64; xid++) parts.take(part(xid, [], true), bytes);
    expect(() => parts.take(part(64, [], true), bytes)).toThrow('too many requests that are not whole');
  });

  it('is given up when no other part comes', () => {
    const { parts, timedOut, advance } = world();
    parts.take(part(1, [1], true), bytes);
    advance(500);
    parts.take(part(1, [2], true), bytes);
    advance(3000);
    expect(timedOut).toEqual([bytes]);
    expect(parts.take(part(1, [3], false), bytes)?.value).toEqual([3]);
  });
});
