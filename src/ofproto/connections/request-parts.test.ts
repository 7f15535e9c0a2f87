import { expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { Timers } from '../../base/timers.ts';
import { ms } from '../../base/units.ts';
import { decodeMessage, messageBytes, type Sent } from '../../openflow/codec.ts';
import { OpenFlowError } from '../../openflow/errors.ts';
import { RequestParts } from './request-parts.ts';

function setUp() {
  const clock = new FakeClock();
  const timers = new Timers(clock);
  const refused: string[] = [];
  const parts = new RequestParts(timers, ({ errorName }) => refused.push(errorName));
  const take = (message: Sent, xid = 1) => {
    const bytes = messageBytes(message, 4, xid);
    return parts.take(decodeMessage(bytes), bytes);
  };
  const advance = (time: number): void => timers.advance(clock, ms(time));
  return { advance, refused, take, parts };
}

const portStats = (more: boolean): Sent => ({ name: 'PORT_REQUEST', value: { port: 1 }, more });

test('a request waits for its other parts no longer than a second after the last', () => {
  const { advance, refused, take } = setUp();
  expect(take(portStats(true))).toBeUndefined();
  advance(900);
  expect(take(portStats(true))).toBeUndefined();
  advance(900);
  expect(refused).toEqual([]);
  advance(100);
  expect(refused).toEqual(['OFPBRC_MULTIPART_REQUEST_TIMEOUT']);
  expect(take(portStats(false))?.name).toBe('PORT_REQUEST');
});

test('parts of one request may not take any amount of memory', () => {
  const { take } = setUp();
  const size = messageBytes(portStats(true), 4).length;
  const most = Math.floor((4 * 1024 * 1024) / size);
  for (let n = 0; n < most; n++) take(portStats(true));
  expect(() => take(portStats(true))).toThrow(
    expect.objectContaining({ errorName: 'OFPBRC_MULTIPART_BUFFER_OVERFLOW' }),
  );
  expect(take(portStats(false))?.name).toBe('PORT_REQUEST');
});

test('what is wrong with another message is told at once while parts are awaited', () => {
  const { take, parts } = setUp();
  take(portStats(true));
  const why = new OpenFlowError('OFPBRC_BAD_LEN', 'too short');
  const bytes = messageBytes({ name: 'BARRIER_REQUEST', value: undefined }, 4, 2);
  expect(() => parts.take(why, bytes)).toThrow(why);
});
