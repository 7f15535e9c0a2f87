import { describe, expect, it } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { Timers } from '../base/timers.ts';
import { ms } from '../base/units.ts';
import { BackPressure } from './back-pressure.ts';

const limits = { highWater: 100, maxStalled: 500, stallTime: 10, maxStalls: 3 };

function setUp() {
  const clock = new FakeClock();
  const timers = new Timers(clock);
  const peer = {
    name: 'tcp:peer',
    backlog: 0,
    isReading: true,
    pause: () => {
      peer.isReading = false;
    },
    resume: () => {
      peer.isReading = true;
    },
  };
  const given: string[] = [];
  const owner = { held: 0, heldBack: () => owner.held, giveUp: (why: Error) => given.push(why.message) };
  const pressure = new BackPressure(peer, limits, timers, owner);
  const send = (size: number, shared = 0): void => {
    peer.backlog += size;
    pressure.sent(shared);
  };
  const wait = (time: number): void => timers.advance(clock, ms(time));
  return { peer, owner, pressure, given, send, wait };
}

describe('back-pressure', () => {
  it('stops reading from a peer that has too much to take, until it has taken all', () => {
    const { peer, pressure, send } = setUp();
    send(100);
    expect([peer.isReading, pressure.isWritable]).toEqual([true, true]);
    send(1);
    expect([peer.isReading, pressure.isWritable]).toEqual([false, false]);
    peer.backlog = 0;
    pressure.drained(() => send(101));
    expect(peer.isReading).toBe(false);
    peer.backlog = 0;
    pressure.drained(() => send(5));
    expect(peer.isReading).toBe(true);
  });

  it('keeps a peer that takes a little, however much waits for it', () => {
    const { peer, given, send, wait } = setUp();
    send(10_000);
    for (let n = 0; n < 50; n++) {
      peer.backlog--;
      wait(10);
    }
    expect(given).toEqual([]);
  });

  it('gives up a peer that takes nothing and has too much waiting, sent or held back', () => {
    const { owner, given, send, wait } = setUp();
    send(400);
    wait(11);
    expect(given).toEqual([]);
    owner.held = 101;
    wait(11);
    expect(given).toEqual(['tcp:peer: dropped, peer does not read and 501 bytes wait for it']);
    wait(1000);
    expect(given).toHaveLength(1);
  });

  it('counts what others share only after a long time', () => {
    const { given, send, wait } = setUp();
    send(1000, 900);
    wait(21);
    expect(given).toEqual([]);
    wait(10);
    expect(given).toHaveLength(1);
  });

  it('does nothing more for a peer that is gone', () => {
    const { pressure, given, send, wait } = setUp();
    send(1000);
    pressure.stop();
    wait(1000);
    expect(given).toEqual([]);
  });
});
