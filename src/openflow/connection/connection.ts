/**
 * A conversation with a switch, or with any other speaker of OpenFlow, over a stream: hellos, xids, requests with their
 * answers, and messages that nobody asked for. OpenFlow 1.0.2 section 4, 1.5.1 sections 6.3 and 7.5.
 */
import { coverageCounter } from '../../base/coverage.ts';
import { errnos, syscallFailed } from '../../base/errno.ts';
import { SyscallFailed } from '../../base/errors.ts';
import { LimitedSite, logger } from '../../base/log.ts';
import { encodeText } from '../../base/text.ts';
import type { WaitOptions } from '../../base/waiting.ts';
import type { Stream } from '../../net/stream.ts';
import { Writer } from '../bytes.ts';
import {
  decodeMessage,
  type EntryOf,
  encodeMessage,
  encodeParts,
  headerSize,
  type ListName,
  type Received,
  type Sent,
} from '../codec.ts';
import { OpenFlowError } from '../errors.ts';
import { formatMessage } from '../text/messages.ts';
import { allVersions, knownVersion, type WireVersion } from '../versions.ts';
import { MessageSplitter } from './message-splitter.ts';
import { commonVersion, formatVersion, formatVersions, helloFor, offeredVersions } from './negotiation.ts';
import {
  errorMessage,
  errorReply,
  hasMore,
  isReplyTo,
  isRequest,
  type ReplyTo,
  type Request,
  type RequestName,
  read,
} from './replies.ts';
import { ReplyQueue } from './reply-queue.ts';

const sentCount = coverageCounter('vconn_sent');
const receivedCount = coverageCounter('vconn_received');

/** `signal` ends the wait for the peer's hello. */
export interface ConnectionOptions extends WaitOptions {
  /** Those that are offered; all by default. */
  readonly versions?: readonly WireVersion[] | undefined;
  readonly events?: ConnectionEvents | undefined;
  /** Echo requests are messages like others, for the owner to answer. */
  readonly leavesEchoes?: boolean | undefined;
  /** What messages call the peer; the stream's name by default. */
  readonly name?: string | undefined;
  /** The xid of the next message, not 0; by default they are counted from 1. */
  readonly nextXid?: (() => number) | undefined;
  /** Messages of other versions than the negotiated one are taken too: what a switch repeats of other conversations. */
  readonly takesAnyVersion?: boolean | undefined;
  /** Is told the versions that the peer's hello offers, whether or not one is in common, or known here at all. */
  readonly onOffer?: ((versions: readonly number[]) => void) | undefined;
}

export interface ConnectionEvents {
  /** Sees each message after the hellos before anything is done with it; true where nothing else is to be done. */
  intercept?(bytes: Uint8Array): boolean;
  /** A message that is no answer to a request. `bytes` are those it was read from. Without it they wait for `messages`. */
  message?(message: Received, bytes: Uint8Array): void;
  /** Such a message that cannot be read. */
  malformed?(why: OpenFlowError, bytes: Uint8Array): void;
  /** Anything came from the peer. */
  heard?(): void;
  /** Is told of each message that goes to the peer after the hellos. */
  sent?(bytes: Uint8Array): void;
  /** The kernel has taken all that was sent. */
  drained?(): void;
}

/** While more bytes than this wait in either direction nothing is read. */
const highWater = 1024 * 1024;
/** Bytes of the pieces in which many messages go out. */
const pieceSize = 64 * 1024;
/** So many bytes of messages that nobody asked for are kept. */
const mostUnasked = 4 * 1024 * 1024;
/** An error repeats the message that it is about, as far as it is no longer than a message can be. */
export const errorDataSize = 0xffff - 12;
/** Ends the wait for messages. */
const closedInOrder = new Error('closed');
/** Types of messages that any version has by the same numbers. */
const symmetric = { hello: 0, error: 1, echoRequest: 2, echoReply: 3 } as const;

const log = logger('vconn');
const errorLog = logger('ofp_errors');
const badMessage = new LimitedSite({ perMinute: 600, burst: 600 });
const anyMessage = new LimitedSite({ perMinute: 600, burst: 600 });

/**
 * Says hello and waits for the peer's. The connection owns the stream, which is ended when this fails. Rejects with
 * SyscallFailed: EPROTO where no version is in common, or the peer begins with something else.
 */
export async function openConnection(stream: Stream, options: ConnectionOptions = {}): Promise<Connection> {
  const { signal } = options;
  const connection = new Connection(stream, options);
  const onAbort = (): void => stream.abort(signal?.reason);
  if (signal?.aborted === true) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    await connection.negotiated;
  } catch (why) {
    signal?.throwIfAborted();
    throw why;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
  return connection;
}

/** A conversation with a peer. One owner; `close` is the owner's duty. */
export class Connection implements AsyncDisposable {
  readonly name: string;
  /** Resolves at the end of the connection, with what ended it; undefined for an orderly end by either side. */
  readonly closed: Promise<Error | undefined>;
  /** @internal */
  readonly negotiated: Promise<void>;
  readonly #stream: Stream;
  readonly #versions: readonly WireVersion[];
  readonly #events: ConnectionEvents;
  readonly #nextXid: () => number;
  readonly #takesAnyVersion: boolean;
  readonly #onOffer: ConnectionOptions['onOffer'];
  readonly #leavesEchoes: boolean;
  readonly #splitter = new MessageSplitter();
  readonly #requests = new Map<number, ReplyQueue>();
  readonly #unasked = new ReplyQueue();
  /** Who waits until the peer has taken what was sent. */
  readonly #undrained: (() => void)[] = [];
  #lostCount = 0;
  #version: WireVersion | undefined;
  #onNegotiated: () => void = () => {};
  #onFailed: (why: Error) => void = () => {};
  #end: Error | undefined;
  #isHeld = false;
  #isPaused = false;

  /** @internal */
  constructor(
    stream: Stream,
    {
      versions = allVersions,
      events = {},
      nextXid = counter(),
      takesAnyVersion = false,
      onOffer,
      leavesEchoes = false,
    }: ConnectionOptions,
  ) {
    this.name = stream.name;
    this.#stream = stream;
    this.#versions = versions;
    this.#events = events;
    this.#nextXid = nextXid;
    this.#takesAnyVersion = takesAnyVersion;
    this.#onOffer = onOffer;
    this.#leavesEchoes = leavesEchoes;
    this.closed = new Promise((resolve) => {
      stream.setEvents({
        data: (piece) => this.#receive(piece),
        drained: () => this.#drained(),
        closed: (why) => {
          this.#endRequests(why);
          resolve(why);
        },
      });
    });
    this.negotiated = new Promise((resolve, reject) => {
      this.#onNegotiated = resolve;
      this.#onFailed = reject;
    });
    const { version, hello } = helloFor(versions);
    this.#write(version, hello, this.#nextXid());
  }

  /** That of all messages from here on. */
  get version(): WireVersion {
    return this.#version ?? 1;
  }

  /** Messages that nobody asked for and that were not kept, since too many waited for `messages`. */
  get lostCount(): number {
    return this.#lostCount;
  }

  /** Bytes that were sent and that the kernel has not taken yet. */
  get backlog(): number {
    return this.#stream.backlog;
  }

  /**
   * Sends a message that has no answer, or whose answer comes as an event; returns its xid, which whoever makes the
   * message may need. Throws OpenFlowError.
   */
  send(message: Sent | ((xid: number) => Sent)): number {
    const xid = this.#nextXid();
    this.#write(this.version, typeof message === 'function' ? message(xid) : message, xid);
    return xid;
  }

  /** Sends so many messages like `send`, few pieces of the stream at a time. Throws OpenFlowError. */
  sendAll(count: number, make: (n: number, xid: number) => Sent): void {
    let to = new Writer(pieceSize);
    for (let n = 0; n < count; n++) {
      const xid = this.#nextXid();
      const start = to.size;
      encodeMessage(to, this.version, make(n, xid), xid);
      sentCount.total++;
      this.#tell('sent (Success)', to.written.subarray(start));
      if (to.size < pieceSize / 2) continue;
      this.#stream.write(to.written);
      to = new Writer(pieceSize);
    }
    this.#stream.write(to.written);
    this.#adjustFlow();
  }

  /** Sends what answers a request of the peer. Throws OpenFlowError. */
  reply({ xid }: Pick<Received, 'xid'>, message: Sent): void {
    this.#write(this.version, message, xid);
  }

  /**
   * Answers a request with a list, in its form and as many messages as that takes; resolves when the peer, or the kernel
   * for it, has taken nearly all. `entries` is used up as the peer reads. Rejects with OpenFlowError.
   */
  async replyList<N extends ListName>(
    { xid, form }: Received,
    name: N,
    entries: Iterable<EntryOf<N>>,
  ): Promise<void> {
    const message = { name, form: form.replace(/request$/, 'reply') };
    for (const part of encodeParts(this.version, message, entries, xid)) {
      if (this.#end !== undefined) return;
      this.sendBytes(part.slice());
      if (this.backlog > highWater / 2) await new Promise<void>((drained) => this.#undrained.push(drained));
    }
  }

  /**
   * The answer of one message. Rejects with ErrorReply, with OpenFlowError for an answer that cannot be read or a request
   * that the version does not have, and with SyscallFailed when the connection ends.
   */
  async request<N extends RequestName>(request: Request<N>, options?: WaitOptions): Promise<ReplyTo<N>> {
    const [xid, replies] = this.#ask(request);
    try {
      return replyTo(request.name, await replies.next(options));
    } finally {
      this.#requests.delete(xid);
      this.#adjustFlow();
    }
  }

  /**
   * The answer, message by message; asks when the first is asked for. Fails like `request`. Nothing at all is read from
   * the peer while more of the answer waits than the connection holds, so it is to be used up, or given up by `return`.
   */
  async *multipart<N extends RequestName>(
    request: Request<N>,
    options?: WaitOptions,
  ): AsyncGenerator<ReplyTo<N>, void> {
    for await (const bytes of this.exchange(request, options)) yield replyTo(request.name, bytes);
  }

  /**
   * The same as bytes, whatever they are: up to the last part, or anything else that has the request's xid. A request may
   * have parts too, all but the last of which say that there is more.
   */
  async *exchange(
    request: Sent | readonly Sent[] | ((xid: number) => Sent),
    options?: WaitOptions,
  ): AsyncGenerator<Uint8Array, void> {
    const [xid, replies] = this.#ask(request);
    try {
      for (;;) {
        const bytes = await replies.next(options);
        this.#adjustFlow();
        yield bytes;
        if (!hasMore(bytes)) return;
      }
    } finally {
      this.#requests.delete(xid);
      this.#adjustFlow();
    }
  }

  /** Resolves when the switch has dealt with all that was sent before. Fails like `request`. */
  async barrier(options?: WaitOptions): Promise<void> {
    await this.request({ name: 'BARRIER_REQUEST', value: undefined }, options);
  }

  /** Sends a message that is answered only if it fails; resolves when it has not. Fails like `request`. */
  async perform(message: Sent | ((xid: number) => Sent), options?: WaitOptions): Promise<void> {
    const [xid, replies, request] = this.#ask(message);
    try {
      await this.barrier(options);
    } finally {
      this.#requests.delete(xid);
      this.#adjustFlow();
    }
    if (replies.size === 0) return;
    const bytes = await replies.next();
    throw errorReply(decodeMessage(bytes), request, bytes);
  }

  /**
   * Messages that are no answers to requests: packets, changes of ports and flows, errors of what `send` sent. Each is
   * given once. They wait here from the start, but no more than four megabytes of them (`lostCount`). Ends with the
   * connection, and throws what ended it unless that was in order. What cannot be read is left out.
   */
  async *messages({ signal }: WaitOptions = {}): AsyncGenerator<Received, void> {
    for (;;) {
      const bytes = await this.#unasked.next({ signal }).catch((why: unknown) => {
        if (why !== closedInOrder) throw why;
      });
      if (bytes === undefined) return;
      const message = read(bytes);
      if (message instanceof OpenFlowError) this.#events.malformed?.(message, bytes);
      else yield message;
    }
  }

  /** Sends a message, made elsewhere, as it is. */
  sendBytes(bytes: Uint8Array): void {
    if (this.#version !== undefined) this.#events.sent?.(bytes);
    sentCount.total++;
    this.#tell('sent (Success)', bytes);
    this.#stream.write(bytes);
    this.#adjustFlow();
  }

  /** To the log, where somebody wants to know each message. */
  #tell(what: string, bytes: Uint8Array): void {
    log.limited('dbg', anyMessage, () => `${this.name}: ${what}: ${formatMessage(bytes, 1).trimEnd()}`);
  }

  /** Reads nothing more, so that the peer must wait, until it is called with false. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    this.#adjustFlow();
  }

  /** Flushes what was sent, then ends. */
  close(): void {
    this.#stream.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  /** Ends at once. */
  abort(why?: Error): void {
    this.#stream.abort(why);
  }

  #ask(
    given: Sent | readonly Sent[] | ((xid: number) => Sent),
  ): [xid: number, replies: ReplyQueue, name: string] {
    if (this.#end !== undefined) throw this.#end;
    const xid = this.#nextXid();
    const parts = [typeof given === 'function' ? given(xid) : given].flat();
    const replies = new ReplyQueue();
    this.#requests.set(xid, replies);
    try {
      for (const part of parts) this.#write(this.version, part, xid);
    } catch (why) {
      this.#requests.delete(xid);
      throw why;
    }
    return [xid, replies, parts[0]?.name ?? ''];
  }

  #write(version: WireVersion, message: Sent, xid: number): void {
    const to = new Writer();
    encodeMessage(to, version, message, xid);
    this.sendBytes(to.written);
  }

  #receive(piece: Uint8Array): void {
    if (this.#end !== undefined) return;
    this.#events.heard?.();
    try {
      // Not as a Buffer, whose slices are no copies.
      const plain = new Uint8Array(piece.buffer, piece.byteOffset, piece.length);
      for (const bytes of this.#splitter.push(plain)) {
        receivedCount.total++;
        this.#tell('received', bytes);
        if (this.#version === undefined) this.#receiveHello(bytes);
        else this.#dispatch(bytes, this.#version);
        if (this.#end !== undefined) return;
      }
    } catch (why) {
      if (!(why instanceof OpenFlowError)) throw why;
      this.#giveUp(why.why); // where a message ends cannot be told
    }
    this.#adjustFlow();
  }

  #receiveHello(bytes: Uint8Array): void {
    const hello = read(bytes);
    if (hello instanceof OpenFlowError || hello.name !== 'HELLO') {
      const text = formatMessage(bytes, 1).trimEnd();
      log.limited('warn', badMessage, `${this.name}: received message while expecting hello: ${text}`);
      this.#giveUp('a message before the hello');
      return;
    }
    const theirs = offeredVersions(bytes[0] ?? 0, hello.value.versions);
    this.#onOffer?.(theirs);
    this.#version = commonVersion(this.#versions, theirs);
    if (this.#version === undefined) {
      this.#refuseVersions(theirs);
      return;
    }
    const [we, they] = [formatVersions(this.#versions), formatVersions(theirs)];
    const common = formatVersion(this.#version);
    log.dbg(`${this.name}: negotiated OpenFlow version ${common} (we support ${we}, peer supports ${they})`);
    this.#onNegotiated();
  }

  #refuseVersions(theirs: readonly number[]): void {
    const [we, they] = [formatVersions(this.#versions), formatVersions(theirs)];
    const why = `version negotiation failed (we support ${we}, peer supports ${they})`;
    log.limited('warn', badMessage, `${this.name}: ${why}`);
    const text = `We support ${we}, you support ${they}, no common versions.`;
    const last = Math.max(1, ...theirs);
    if (last > knownVersion(last))
      errorLog.limited(
        'err',
        badMessage,
        `cannot encode error for unknown OpenFlow version ${formatVersion(last)}`,
      );
    this.#write(knownVersion(last), errorMessage('OFPHFC_INCOMPATIBLE', encodeText(text)), this.#nextXid());
    this.#endRequests(syscallFailed('connect', errnos.EPROTO, `${this.name}: ${why}`));
    this.#stream.close();
  }

  #dispatch(bytes: Uint8Array, version: WireVersion): void {
    const [sender, type] = bytes;
    const xid = xidOf(bytes);
    if (sender !== version && (type ?? 0) > symmetric.echoReply && !this.#takesAnyVersion) {
      const name = `0x${(sender ?? 0).toString(16).padStart(2, '0')}`;
      const expected = version.toString(16).padStart(2, '0');
      log.limited(
        'err',
        badMessage,
        `${this.name}: received OpenFlow version ${name} != expected ${expected}`,
      );
      const error = errorMessage('OFPBRC_BAD_VERSION', bytes.subarray(0, errorDataSize));
      this.#write(knownVersion(sender ?? 0), error, xid);
      return;
    }
    if (this.#events.intercept?.(bytes) === true) return;
    if (type === symmetric.echoRequest && !this.#leavesEchoes) {
      this.reply({ xid }, { name: 'ECHO_REPLY', value: { data: bytes.subarray(headerSize) } });
      return;
    }
    const replies = this.#requests.get(xid);
    if (replies !== undefined && type !== symmetric.hello && !isRequest(bytes)) {
      replies.push(bytes.slice()); // a piece of the stream may be much larger
      return;
    }
    if (this.#events.message === undefined) {
      this.#keep(bytes);
      return;
    }
    const message = read(bytes);
    if (message instanceof OpenFlowError) this.#events.malformed?.(message, bytes);
    else this.#events.message(message, bytes);
  }

  /** For `messages`. */
  #keep(bytes: Uint8Array): void {
    if (this.#unasked.size + bytes.length > mostUnasked) this.#lostCount++;
    else this.#unasked.push(bytes.slice());
  }

  /** The peer does not speak the protocol. */
  #giveUp(why: string): void {
    const error = syscallFailed('read', errnos.EPROTO, `${this.name}: ${why}`);
    this.#endRequests(error);
    this.#stream.abort(error);
  }

  #endRequests(why: Error | undefined): void {
    this.#end ??= why ?? this.#endOfFile();
    this.#onFailed(this.#end);
    for (const replies of this.#requests.values()) replies.end(this.#end);
    this.#drained();
    this.#unasked.end(why ?? closedInOrder);
  }

  #endOfFile(): SyscallFailed {
    return this.#version === undefined
      ? syscallFailed('connect', errnos.ECONNRESET, this.name)
      : new SyscallFailed('read', errnos.ECONNRESET, 'End of file', this.name);
  }

  #drained(): void {
    this.#events.drained?.();
    for (const tell of this.#undrained.splice(0)) tell();
    this.#adjustFlow();
  }

  #adjustFlow(): void {
    let size = this.#stream.backlog;
    if (size <= highWater) for (const replies of this.#requests.values()) size += replies.size;
    const isPaused = this.#isHeld || size > highWater;
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    if (isPaused) this.#stream.pause();
    else this.#stream.resume();
  }
}

/** Throws ErrorReply or OpenFlowError for what is no such answer. */
function replyTo<N extends RequestName>(request: N, bytes: Uint8Array): ReplyTo<N> {
  const reply = decodeMessage(bytes);
  if (isReplyTo(reply, request)) return reply;
  throw errorReply(reply, request, bytes);
}

function counter(): () => number {
  let last = 0;
  return () => {
    last = (last % 0xffffffff) + 1;
    return last;
  };
}

/** That of a whole message. */
export function xidOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(4);
}
