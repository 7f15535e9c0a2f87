/**
 * Dummy devices of two processes joined by a socket, over which each frame goes behind two bytes of its size. With
 * `options:stream` a device connects, and keeps trying; with `options:pstream` it serves everybody who comes.
 */
import { errnos, syscallFailed } from '../base/errno.ts';
import { Malformed, SyscallFailed } from '../base/errors.ts';
import { logger } from '../base/log.ts';
import type { Timers } from '../base/timers.ts';
import { ms } from '../base/units.ts';
import type { StreamListener } from '../net/listener.ts';
import { ReliableConnection } from '../net/reliable-connection.ts';
import { readActiveRemote, readPassiveRemote } from '../net/remote.ts';
import type { Stream } from '../net/stream.ts';
import type { Transport } from '../net/transport.ts';
import type { FrameLink, FrameLinkOptions, OpenFrameLink } from '../netdev/dummy/frame-link.ts';
import { ethernet } from '../wire/ethernet.ts';

const log = logger('netdev_dummy');

const sizeBytes = 2;
/** What waits to be sent: of more frames, the rest is lost. */
const mostBacklog = 100 * 1518;
const tryAgain = { minBackoff: ms(100), maxBackoff: ms(8000) };

export interface FrameLinkDeps {
  readonly transport: Transport;
  readonly timers: Timers;
  /** What sockets without a folder are relative to. */
  readonly runFolder: string;
}

export function frameLinks(deps: FrameLinkDeps): OpenFrameLink {
  return (options) => {
    try {
      return options.isActive ? new ActiveLink(options, deps) : new PassiveLink(options, deps);
    } catch (why) {
      if (!(why instanceof SyscallFailed)) throw why;
      log.warn(`${options.remote}: open failed (${why.reason})`);
      return undefined;
    }
  };
}

class ActiveLink implements FrameLink {
  readonly #connection: ReliableConnection<Stream>;

  /** Throws SyscallFailed. */
  constructor({ remote, receive }: FrameLinkOptions, { transport, timers, runFolder }: FrameLinkDeps) {
    const to = readActiveRemote(remote, { defaultPort: 0, rundir: runFolder });
    this.#connection = new ReliableConnection<Stream>({
      remotes: [remote],
      timers,
      ...tryAgain,
      probeInterval: ms(0),
      connect: (_remote, signal) => transport.connect(to, { signal }),
      events: {
        probe() {},
        connected: (stream) => readFrames(stream, receive, (why) => this.#connection.ended(stream, why)),
      },
    });
    this.#connection.start();
  }

  get isConnected(): boolean {
    return this.#connection.connection !== undefined;
  }

  send(frame: Uint8Array): void {
    const { connection } = this.#connection;
    if (connection !== undefined) sendFrame(connection, frame);
  }

  close(): void {
    this.#connection.stop();
  }
}

class PassiveLink implements FrameLink {
  readonly isConnected = undefined;
  readonly #streams = new Set<Stream>();
  #listener: StreamListener | undefined;
  #isClosed = false;

  /** Throws SyscallFailed. */
  constructor({ remote, receive }: FrameLinkOptions, { transport, runFolder }: FrameLinkDeps) {
    const at = readPassiveRemote(remote, { defaultPort: 0, rundir: runFolder });
    transport
      .listen(at, {}, (stream) => {
        this.#streams.add(stream);
        readFrames(stream, receive, (why) => {
          this.#streams.delete(stream);
          log.dbg(`${stream.name}: closing connection (${why?.message ?? 'End of file'})`);
        });
      })
      .then(
        (listener) => {
          if (this.#isClosed) listener.close();
          else this.#listener = listener;
        },
        (why: unknown) => {
          if (!(why instanceof SyscallFailed)) throw why;
          log.warn(`${remote}: open failed (${why.reason})`);
        },
      );
  }

  send(frame: Uint8Array): void {
    for (const stream of this.#streams) sendFrame(stream, frame);
  }

  close(): void {
    this.#isClosed = true;
    this.#listener?.close();
    for (const stream of this.#streams) stream.close();
  }
}

function sendFrame(stream: Stream, frame: Uint8Array): void {
  if (stream.backlog > mostBacklog) return;
  stream.write([Uint8Array.of(frame.length >>> 8, frame.length), frame]);
}

function readFrames(
  stream: Stream,
  receive: (frame: Uint8Array) => void,
  ended: (why: Error | undefined) => void,
): void {
  const splitter = new FrameSplitter();
  stream.setEvents({
    data(bytes) {
      try {
        for (const frame of splitter.add(bytes)) receive(frame);
      } catch (why) {
        if (!(why instanceof Malformed)) throw why;
        stream.abort(syscallFailed('receive', errnos.EPROTO, stream.name));
      }
    },
    closed: ended,
  });
}

/** Frames out of what comes over a stream, in whatever pieces it comes. */
export class FrameSplitter {
  #rest: Uint8Array = new Uint8Array(0);

  /** Throws Malformed at a frame that is shorter than its header. */
  *add(bytes: Uint8Array): IterableIterator<Uint8Array> {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    let at = 0;
    while (all.length - at >= sizeBytes) {
      const size = ((all[at] ?? 0) << 8) | (all[at + 1] ?? 0);
      if (size < ethernet.size) throw new Malformed('frame of a stream', at, `only ${size} bytes`);
      const end = at + sizeBytes + size;
      if (end > all.length) break;
      yield all.slice(at + sizeBytes, end);
      at = end;
    }
    this.#rest = all.slice(at);
  }
}
