import { expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { syscallFailed } from '../base/errno.ts';
import { Timers } from '../base/timers.ts';
import { ms } from '../base/units.ts';
import type { ReconnectEvent } from './connection-log.ts';
import { ReliableConnection, type ReliableOptions } from './reliable-connection.ts';

/** What is open, as far as a connection that is kept up has to know it. */
class Opened {
  readonly remote: string;
  end = '';

  constructor(remote: string) {
    this.remote = remote;
  }
  close(): void {
    this.end ||= 'closed';
  }
  abort(why?: Error): void {
    this.end ||= `aborted: ${why?.message}`;
  }
}

/** The owner answers no probe; what it is told is in `told`, and what the log would say. */
function make(options: Partial<ReliableOptions<Opened>> = {}) {
  const clock = new FakeClock();
  const timers = new Timers(clock);
  const told: string[] = [];
  const opened: Opened[] = [];
  const reliable = new ReliableConnection<Opened>({
    remotes: ['tcp:a', 'tcp:b'],
    timers,
    connect: async (remote) => {
      const connection = new Opened(remote);
      opened.push(connection);
      return connection;
    },
    report: (name, event: ReconnectEvent) => told.push(`log: ${name} ${event.what}`),
    events: {
      connected: ({ remote }) => told.push(`connected ${remote}`),
      probe: ({ remote }) => told.push(`probe ${remote}`),
      failed: (why) => told.push(`failed: ${why.message}`),
      disconnected: (why) => told.push(`disconnected: ${why?.message}`),
    },
    ...options,
  });
  const advance = async (by: number): Promise<string[]> => {
    timers.advance(clock, ms(by));
    for (let i = 0; i < 10; i++) await Promise.resolve();
    return told.splice(0);
  };
  return { reliable, opened, advance };
}

test('a silent peer is probed with what its owner sends, left, and the next one tried', async () => {
  const { reliable, opened, advance } = make();
  reliable.start();
  expect(await advance(0)).toEqual(['log: tcp:a connecting', 'log: tcp:a connected', 'connected tcp:a']);
  await advance(4000);
  reliable.heard();
  expect(await advance(4999)).toEqual([]);
  expect(await advance(1)).toEqual(['log: tcp:a probing', 'probe tcp:a']);
  expect(await advance(5000)).toEqual([
    'log: tcp:a unanswered',
    'log: tcp:a ended',
    'disconnected: tcp:a: probe failed (Connection timed out)',
    'log: tcp:b connecting',
    'log: tcp:b connected',
    'connected tcp:b',
  ]);
  expect(opened[0]?.end).toMatch(/^aborted/);
  reliable.stop();
});

test('an attempt that takes too long is given up, and closed when it succeeds all the same', async () => {
  const late: ((connection: Opened) => void)[] = [];
  const signals: AbortSignal[] = [];
  const { reliable, advance } = make({
    connect: (_remote, signal) => {
      signals.push(signal);
      return new Promise((resolve) => late.push(resolve));
    },
  });
  reliable.start();
  expect(await advance(999)).toEqual(['log: tcp:a connecting']);
  expect(await advance(1)).toEqual([
    'log: tcp:a failed',
    'failed: tcp:a: connect failed (Connection timed out)',
    'log: tcp:b connecting',
  ]);
  expect(signals[0]?.aborted).toBe(true);
  const connection = new Opened('tcp:a');
  late[0]?.(connection);
  expect(await advance(0)).toEqual([]);
  expect([connection.end, reliable.remote]).toEqual(['closed', 'tcp:b']);
  reliable.stop();
  expect(signals[1]?.aborted).toBe(true);
});

test('an owner that is not content goes on at once from a good peer, and later from another', async () => {
  const { reliable, opened, advance } = make({ remotes: ['tcp:a'] });
  reliable.start();
  await advance(0);
  reliable.restart(new Error('not the leader'), true);
  expect(await advance(0)).toEqual([
    'log: tcp:a failed',
    'disconnected: not the leader',
    'log: tcp:a connecting',
    'log: tcp:a connected',
    'connected tcp:a',
  ]);
  reliable.restart(new Error('not the leader'), false);
  expect(await advance(999)).toEqual([
    'log: tcp:a failed',
    'log: tcp:a waiting',
    'disconnected: not the leader',
  ]);
  expect(await advance(1)).toContain('connected tcp:a');
  expect(opened.map(({ end }) => end)).toEqual(['aborted: not the leader', 'aborted: not the leader', '']);
  reliable.stop();
  expect(opened[2]?.end).toBe('closed');
});

test('the end of a connection counts once, and of an earlier one not at all', async () => {
  const { reliable, opened, advance } = make({ remotes: ['unix:a'] });
  reliable.start();
  await advance(0);
  const [first] = opened;
  if (first === undefined) throw new Error('nothing was opened');
  reliable.ended(first, syscallFailed('read', 104, 'unix:a'));
  reliable.ended(first, undefined);
  expect(await advance(0)).toEqual([
    'log: unix:a ended',
    'disconnected: unix:a: read failed (Connection reset by peer)',
  ]);
  await advance(1000);
  reliable.ended(first, undefined);
  expect(reliable.connection).toBe(opened[1]);
  expect(await advance(3_600_000)).toEqual([]); // a peer on this host is not probed
});

test('a peer that connected to us is probed and not called back', async () => {
  const { reliable, opened, advance } = make({
    remotes: ['tcp:1.2.3.4:5'],
    maxTries: 0,
    probeInterval: ms(60_000),
  });
  const connection = new Opened('tcp:1.2.3.4:5');
  reliable.accept(connection);
  expect(await advance(60_000)).toContain('probe tcp:1.2.3.4:5');
  reliable.setProbeInterval(ms(10_000));
  expect((await advance(10_000)).at(-1)).toMatch(/^disconnected/);
  expect(connection.end).toMatch(/^aborted/);
  await advance(3_600_000);
  expect([opened, reliable.machine.state]).toEqual([[], 'void']);
});
