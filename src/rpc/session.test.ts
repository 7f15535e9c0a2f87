import { describe, expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { syscallFailed } from '../base/errno.ts';
import { Timers } from '../base/timers.ts';
import { type Ms, ms } from '../base/units.ts';
import type { Channel, RpcMessage } from './channel.ts';
import { channelPair } from './pair.ts';
import { JsonRpcSession } from './session.ts';

/** Lets microtasks run until nothing is left to deliver. */
async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}

describe('a session', () => {
  function make(options: { failures?: number; isDeaf?: boolean; isUnreachable?: boolean } = {}) {
    const clock = new FakeClock();
    const timers = new Timers(clock);
    const events: string[] = [];
    const peers: Channel[] = [];
    const heard: RpcMessage[] = [];
    let failures = options.failures ?? 0;
    const session = new JsonRpcSession({
      remotes: ['peer'],
      probeInterval: ms(5000),
      timers,
      connect: async (_remote, signal) => {
        if (options.isUnreachable === true) {
          await new Promise((_, reject) =>
            signal.addEventListener('abort', () => {
              events.push(`aborted: ${signal.reason.reason ?? signal.reason.message}`);
              reject(signal.reason);
            }),
          );
        }
        if (failures-- > 0) throw syscallFailed('connect', 111, 'peer');
        const [near, far] = channelPair();
        peers.push(far);
        far.events = {
          message(message) {
            heard.push(message);
            if ('method' in message && message.id !== null && options.isDeaf !== true)
              far.send({ result: message.params, error: null, id: message.id });
          },
          closed: () => events.push('peer closed'),
        };
        return near;
      },
      events: {
        connected: () => events.push('connected'),
        message: (message) => events.push(`message ${message.id}`),
        disconnected: (why) => events.push(`disconnected ${why?.message ?? ''}`.trim()),
      },
    });
    const advance = async (by: Ms): Promise<void> => {
      timers.advance(clock, by);
      await settle();
    };
    return { session, events, peers, heard, advance };
  }

  test('tries until the peer is there', async () => {
    const { session, events, advance } = make({ failures: 2 });
    session.start();
    await advance(ms(0));
    await advance(ms(1000));
    expect(events).toEqual([]);
    await advance(ms(2000));
    expect(events).toEqual(['connected']);
    session.stop();
  });

  test('ends an attempt that takes too long, and the next when it stops', async () => {
    const { session, events, advance } = make({ isUnreachable: true });
    session.start();
    await advance(ms(0));
    await advance(ms(1000));
    expect(events).toEqual(['aborted: Connection timed out']);
    await advance(ms(1000));
    session.stop();
    await settle();
    expect(events).toEqual(['aborted: Connection timed out', 'aborted: stopped']);
  });

  test('answers echo itself and hands over the rest', async () => {
    const { session, events, peers, heard, advance } = make();
    session.start();
    await advance(ms(0));
    peers[0]?.send({ method: 'echo', params: ['hi'], id: 5 });
    peers[0]?.send({ method: 'update', params: [], id: null });
    await settle();
    expect(heard).toEqual([{ result: ['hi'], error: null, id: 5 }]);
    expect(events).toEqual(['connected', 'message null']);
  });

  test('stays with a silent peer that answers probes and leaves one that does not', async () => {
    const alive = make();
    alive.session.start();
    await alive.advance(ms(0));
    for (let i = 0; i < 5; i++) await alive.advance(ms(5000));
    expect(alive.events).toEqual(['connected']);
    expect(alive.heard.length).toBeGreaterThan(3);

    const deaf = make({ isDeaf: true });
    deaf.session.start();
    await deaf.advance(ms(0));
    await deaf.advance(ms(5000));
    await deaf.advance(ms(5000));
    expect(deaf.events).toEqual([
      'connected',
      'disconnected peer: probe failed (Connection timed out)',
      'peer closed',
    ]);
  });

  test('comes back when the peer ends the connection, and stays away once stopped', async () => {
    const { session, events, peers, advance } = make();
    session.start();
    await advance(ms(0));
    peers[0]?.close();
    await settle();
    await advance(ms(1000));
    expect(events.filter((event) => event === 'connected').length).toBe(2);
    session.stop();
    await advance(ms(60_000));
    expect(events.filter((event) => event === 'connected').length).toBe(2);
    expect(session.isConnected).toBe(false);
  });
});
