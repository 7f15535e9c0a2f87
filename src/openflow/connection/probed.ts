/**
 * Conversations whose peer is asked whether it lives when it is silent: those of the library and of ovs-testcontroller.
 */
import type { Timers } from '../../base/timers.ts';
import type { Ms } from '../../base/units.ts';
import { ReliableConnection, type ReliableOptions } from '../../net/reliable-connection.ts';
import type { Stream } from '../../net/stream.ts';
import { type Connection, openConnection } from './connection.ts';
import type { ConnectionEvents, ConnectionOptions } from './connection-options.ts';

export interface ProbedOptions extends Omit<ConnectionOptions, 'events'> {
  readonly malformed?: ConnectionEvents['malformed'];
  readonly timers: Timers;
  /** After so much silence comes an echo request, and as long again after that the end. 0: never. */
  readonly probeInterval: Ms | undefined;
  /** See `ReconnectOptions`. */
  readonly report?: ReliableOptions<Connection>['report'];
}

/** Owns the stream. Rejects as `openConnection` does. */
export async function openProbed(stream: Stream, options: ProbedOptions): Promise<Connection> {
  const { malformed, timers, probeInterval, report, ...rest } = options;
  const probes = new ReliableConnection<Connection>({
    remotes: [stream.name],
    timers,
    probeInterval,
    report,
    events: {
      probe: (connection) => {
        const echo = { name: 'ECHO_REQUEST', value: { data: new Uint8Array() } } as const;
        connection.request(echo).catch(() => {}); // whatever comes is a sign of life; an end is told by `closed`
      },
    },
  });
  const events = { heard: () => probes.heard(), ...(malformed === undefined ? {} : { malformed }) };
  const connection = await openConnection(stream, { ...rest, events });
  probes.accept(connection);
  void connection.closed.then((why) => {
    probes.ended(connection, why);
    probes.stop();
  });
  return connection;
}
