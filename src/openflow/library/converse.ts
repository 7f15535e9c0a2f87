/**
 * What connections that a program opened and those that it accepted have in common: the hello, and probes of the peer.
 */
import { systemClock } from '../../base/clock.ts';
import { Timers } from '../../base/timers.ts';
import { driveTimers } from '../../base/timers-drive.ts';
import { ms } from '../../base/units.ts';
import type { WaitOptions } from '../../base/waiting.ts';
import type { Stream } from '../../net/stream.ts';
import type { TlsConfig } from '../../net/tls-config.ts';
import type { Connection } from '../connection/connection.ts';
import { openProbed } from '../connection/probed.ts';
import type { OpenFlowError } from '../errors.ts';
import type { WireVersion } from '../versions.ts';

/** `signal` ends the wait for the connection, not the connection. */
export interface ConversationOptions extends WaitOptions {
  /** Those that may be spoken, by their numbers on the wire: 4 is OpenFlow 1.3. All of 1.0 to 1.5 unless given. */
  readonly versions?: readonly WireVersion[];
  /** For "ssl:" and "pssl:" remotes: files of a private key, its certificate, and the CA certificate of the peer's. */
  readonly tls?: TlsConfig;
  /**
   * After so many milliseconds without a word from the peer it is asked whether it lives (an echo request); as long
   * again, and the connection ends with SyscallFailed. 0: never. 5000 unless given, but never for unix sockets, whose end
   * is seen at once.
   */
  readonly probeInterval?: number;
  /** Is told of messages that `messages` leaves out, since they break a rule of OpenFlow. */
  readonly onMalformed?: (why: OpenFlowError, bytes: Uint8Array) => void;
}

/** Of all connections; they keep no process alive. */
const timers = new Timers(systemClock);
driveTimers(timers);

/** Owns the stream. Rejects as `openConnection` does. */
export async function converse(stream: Stream, options: ConversationOptions): Promise<Connection> {
  const { versions, signal, probeInterval, onMalformed: malformed } = options;
  return openProbed(stream, {
    versions,
    signal,
    malformed,
    timers,
    probeInterval: probeInterval === undefined ? undefined : ms(probeInterval),
    report: () => {},
  });
}
