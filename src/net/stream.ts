/**
 * Byte streams over sockets: unix, TCP and TLS, opened or accepted. JSON-RPC (`src/rpc`) and OpenFlow run over them.
 * Remote names are read by `remote.ts`, TLS files by `tls.ts`.
 */
import { createConnection, isIP, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { defer, lastly } from '../base/defer.ts';
import { errnos, fromNodeError, strerror, syscallFailed } from '../base/errno.ts';
import { LimitedSite, logger } from '../base/log.ts';
import { encodeText } from '../base/text.ts';
import { withinTime } from '../base/time-limit.ts';
import { ms } from '../base/units.ts';
import type { ActiveRemote } from './remote.ts';
import { formatRemote } from './remote.ts';
import { bootstrapFrom, isVerifying, loadTls, needsBootstrap, opensslText, TlsContext } from './tls.ts';
import type { TlsConfig } from './tls-config.ts';
import { markTraffic } from './traffic-class.ts';
import { connectByPath } from './unix-path.ts';

interface StreamEvents {
  /** The bytes belong to the owner. */
  data(bytes: Buffer): void;
  /** The kernel has taken all that was written: the backlog is zero again. */
  drained?(): void;
  /** Once, also after `close`. `why` is undefined for an orderly end by the peer or by ourselves. */
  closed(why: Error | undefined): void;
}

/** One owner; `close` is the owner's duty. No event comes before `events` is set. */
export interface Stream {
  /** "unix#3" for an accepted unix socket, otherwise the remote: "tcp:127.0.0.1:51234". */
  readonly name: string;
  /** Bytes written that the kernel has not taken yet. */
  readonly backlog: number;
  readonly remoteAddress: string | undefined;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  setEvents(events: StreamEvents): void;
  /** Common name of the peer's TLS certificate. */
  readonly peerId: string | undefined;
  /** Goes out at the end of this turn of the event loop. Pieces are neither copied nor changed. No-op once closed. */
  write(bytes: string | Uint8Array | readonly Uint8Array[]): void;
  /** Stops and restarts the reading, so that the peer feels back-pressure. */
  pause(): void;
  resume(): void;
  /** Flushes what was written, then ends. */
  close(): void;
  /** Ends at once. `why` reaches `closed`. */
  abort(why?: Error): void;
}

export interface StreamOptions {
  readonly tls?: TlsConfig | undefined;
  /** Gives up: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Marks what a TCP socket sends, once it is connected: 0..63. The system's choice when absent. */
  readonly dscp?: number | undefined;
}

const ticketTime = ms(250);

type TlsPhase = 'SSL_connect' | 'SSL_read';

const log = logger('stream_tcp');
const sslLog = logger('stream_ssl');
const sslFailed = new LimitedSite({ perMinute: 10, burst: 25 });

/** Connects. Rejects with SyscallFailed whose `reason` is the C library's text ("Connection refused"). */
export async function connectStream(remote: ActiveRemote, options: StreamOptions = {}): Promise<Stream> {
  const name = formatRemote(remote);
  options.signal?.throwIfAborted();
  const { promise, resolve, reject } = withResolvers<void>();
  const tls = remote.kind === 'ssl' ? await loadTls() : undefined;
  const { socket, readyEvent } = openSocket(remote, tls, options.tls);
  const stream = new SocketStream(name, socket); // at once: some failures are told before any promise goes on
  const onAbort = (): void => reject(options.signal?.reason);
  options.signal?.addEventListener('abort', onAbort, { once: true });
  stream.setEvents({
    data() {},
    closed: (why) => reject(why ?? syscallFailed('connect', errnos.ECONNRESET, name)),
  });
  stream.pause();
  socket.once(readyEvent, () => {
    if (isTls(socket)) void untilAccepted(socket).then(resolve);
    else resolve();
  });
  try {
    await promise;
    if (remote.kind !== 'unix') markTraffic(socket, options.dscp);
    if (remote.kind === 'ssl') checkBootstrap(socket, options.tls ?? {}, name);
  } catch (error) {
    stream.abort();
    throw error;
  } finally {
    options.signal?.removeEventListener('abort', onAbort);
  }
  return stream.detach();
}

/** The stream of an accepted socket. */
export function acceptedStream(name: string, socket: Socket): Stream {
  return new SocketStream(name, socket).detach();
}

function openSocket(
  remote: ActiveRemote,
  tls: Awaited<ReturnType<typeof loadTls>> | undefined,
  config: TlsConfig = {},
): { socket: Socket; readyEvent: 'connect' | 'secureConnect' } {
  if (remote.kind === 'unix') {
    const socket = connectByPath(remote.path, (path) => createConnection({ path }));
    return { socket, readyEvent: 'connect' };
  }
  const { host, port } = remote;
  if (tls === undefined) {
    return { socket: createConnection({ host, port, noDelay: true }), readyEvent: 'connect' };
  }
  const servername = config.serverName ?? (isIP(host) === 0 ? host : undefined);
  const socket = tls.connect({
    host,
    port,
    ...new TlsContext(tls, config).get(),
    rejectUnauthorized: isVerifying(config),
    checkServerIdentity: () => undefined, // peers are known by their CA, as in the reference, not by host name
    ...(servername === undefined ? {} : { servername }),
  });
  socket.setNoDelay(true);
  return { socket, readyEvent: 'secureConnect' };
}

/**
 * With TLS 1.3 a server looks at the client's certificate when the client has all it needs and could send already; what
 * it has to say of a certificate that it refuses would be lost then. The ticket that it sends next says that it accepts.
 * A server that sends none is not waited for any longer than `ticketTime`.
 */
async function untilAccepted(socket: TLSSocket): Promise<void> {
  if (socket.getProtocol() !== 'TLSv1.3') return;
  await withinTime(ticketTime, new Promise((resolve) => socket.once('session', resolve)));
}

function checkBootstrap(socket: Socket, config: TlsConfig, name: string): void {
  if (!isTls(socket) || !needsBootstrap(config)) return;
  const failure = bootstrapFrom(socket.getPeerCertificate(true), config);
  throw syscallFailed(
    'connect',
    errnos.EPROTO,
    `${name}: ${failure ?? 'CA certificate bootstrapped, connect again'}`,
  );
}

function isTls(socket: Socket): socket is TLSSocket {
  return 'getPeerCertificate' in socket;
}

/** A socket is given no more than this at a time, so that the backlog of a slow peer shrinks as it reads. */
const maxInFlight = 256 * 1024;

/**
 * After so many bytes from one peer the others have a turn: Node reads up to 2 MiB from a socket at once, and what a
 * flood of requests asks for would keep everybody else waiting.
 */
const share = 128 * 1024;

/** In parts that may be given to a socket. */
function* cut(piece: string | Uint8Array): Iterable<string | Uint8Array> {
  if (piece.length <= maxInFlight) {
    yield piece;
    return;
  }
  const bytes = typeof piece === 'string' ? encodeText(piece) : piece;
  for (let at = 0; at < bytes.length; at += maxInFlight) yield bytes.subarray(at, at + maxInFlight);
}

/** Streams that wait for the end of this turn of the event loop. */
let corked: SocketStream[] = [];

function uncorkAll(): void {
  const due = corked;
  corked = [];
  // Last first: those who are only told of a change have it before its author hears that it is made.
  for (let i = due.length - 1; i >= 0; i--) due[i]?.uncork();
}

class SocketStream implements Stream {
  readonly name: string;
  readonly #socket: Socket;
  #events: StreamEvents | undefined;
  #why: Error | undefined;
  #isClosed = false;
  #isCorked = false;
  /** What waits while the kernel takes what it was given. */
  #queue: (string | Uint8Array)[] = [];
  #queuedBytes = 0;
  #isEnding = false;
  /** Read since others had a turn. */
  #taken = 0;
  /** Others have a turn. */
  #isYielding = false;
  /** Its owner reads nothing. */
  #isHeld = true;
  readonly #onWritten = (): void => {
    if (this.#socket.destroyed) return;
    this.#refill();
    if (this.#socket.writableLength === 0) this.#events?.drained?.();
  };

  constructor(name: string, socket: Socket) {
    this.name = name;
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => {
      this.#events?.data(bytes);
      this.#taken += bytes.length;
      if (this.#taken >= share) this.#yield();
    });
    let phase: TlsPhase = socket.connecting ? 'SSL_connect' : 'SSL_read';
    socket.once('secureConnect', () => {
      phase = 'SSL_read';
    });
    socket.on('error', (error) => {
      this.#why ??= fromSocketError(error, name, phase);
    });
    socket.on('close', () => {
      this.#isClosed = true;
      this.#events?.closed(this.#why);
    });
  }

  get backlog(): number {
    return this.#queuedBytes + this.#socket.writableLength;
  }

  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress;
  }

  get peerId(): string | undefined {
    const socket = this.#socket;
    if (!isTls(socket)) return undefined;
    const { subject } = socket.getPeerCertificate();
    return typeof subject?.CN === 'string' ? subject.CN : undefined;
  }

  get localAddress(): string | undefined {
    return this.#socket.localAddress;
  }

  get localPort(): number | undefined {
    return this.#socket.localPort;
  }

  setEvents(events: StreamEvents): void {
    this.#events = events;
    this.resume();
    if (this.#isClosed) queueMicrotask(() => events.closed(this.#why));
  }

  /** Back to the state of no events: the socket reads nothing until an owner sets them. */
  detach(): this {
    this.#events = undefined;
    this.pause();
    return this;
  }

  write(bytes: string | Uint8Array | readonly Uint8Array[]): void {
    if (this.#isEnding || this.#socket.destroyed) return;
    if (!this.#isCorked) this.#cork();
    // Node encodes text itself, but puts U+FFFD for a byte that belongs to no character.
    if (typeof bytes === 'string') this.#writePiece(bytes.isWellFormed() ? bytes : encodeText(bytes));
    else if (bytes instanceof Uint8Array) this.#writePiece(bytes);
    else for (const piece of bytes) this.#writePiece(piece);
  }

  #writePiece(piece: string | Uint8Array): void {
    if (this.#queue.length === 0 && this.#socket.writableLength + piece.length <= maxInFlight) {
      this.#socket.write(piece, this.#onWritten);
      return;
    }
    for (const part of cut(piece)) {
      this.#queue.push(part);
      this.#queuedBytes += part.length;
    }
    if (this.#socket.writableLength === 0) this.#refill();
  }

  /** Gives the socket, which does not tell how far it has come, no more than a little at a time. */
  #refill(): void {
    let count = 0;
    while (count < this.#queue.length && this.#socket.writableLength < maxInFlight) {
      const part = this.#queue[count++] ?? '';
      this.#queuedBytes -= part.length;
      this.#socket.write(part, this.#onWritten);
    }
    if (count > 0) this.#queue.splice(0, count);
    if (this.#isEnding && this.#queue.length === 0) this.#socket.end();
  }

  /** What is written in one turn of the event loop goes out together, after all that came in was dealt with. */
  #cork(): void {
    this.#isCorked = true;
    this.#socket.cork();
    corked.push(this);
    if (corked.length === 1) lastly(uncorkAll);
  }

  uncork(): void {
    this.#isCorked = false;
    this.#socket.uncork();
  }

  #yield(): void {
    this.#taken = 0;
    this.#isYielding = true;
    this.#socket.pause();
    defer(() => {
      this.#isYielding = false;
      if (!this.#isHeld) this.#socket.resume();
    });
  }

  pause(): void {
    this.#isHeld = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#isHeld = false;
    if (!this.#isYielding) this.#socket.resume();
  }

  close(): void {
    this.#isEnding = true;
    this.#refill();
    this.resume(); // the end of a paused stream would never be seen
  }

  abort(why?: Error): void {
    this.#why ??= why;
    this.#socket.destroy();
  }
}

/** `phase` is what the reference calls of OpenSSL then. */
function fromSocketError(error: Error, name: string, phase: TlsPhase): Error {
  if ('syscall' in error && error.syscall === 'getaddrinfo') {
    // as the reference reports a name that it cannot resolve
    log.err(`${name}: connect: ${strerror(errnos.EAFNOSUPPORT)}`);
    return syscallFailed('connect', errnos.EAFNOSUPPORT, `${name}: cannot resolve the host name`);
  }
  const ours = fromNodeError(error, name);
  if (ours !== error) return ours;
  // OpenSSL's own errors have no errno; the reference has one for each phase and puts the text into the log
  const text = opensslText(error.message);
  const isVerdict = !text.startsWith('error:');
  const why = isVerdict ? `error:0A000086:SSL routines::certificate verify failed (${text})` : text;
  sslLog.limited('warn', sslFailed, `${phase}: ${why}`);
  return syscallFailed(phase, phase === 'SSL_connect' ? errnos.EPROTO : errnos.EIO, `${name}: ${text}`);
}

function withResolvers<T>(): {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (why: unknown) => void;
} {
  let resolve: (value: T) => void = () => {};
  let reject: (why: unknown) => void = () => {};
  const promise = new Promise<T>((ok, bad) => {
    resolve = ok;
    reject = bad;
  });
  return { promise, resolve, reject };
}
