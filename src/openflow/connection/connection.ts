/**
 * A conversation with a switch, or with any other speaker of OpenFlow, over a stream: hellos, xids, requests with their
 * answers, and messages that nobody asked for. OpenFlow 1.0.2 section 4, 1.5.1 sections 6.3 and 7.5.
 */
import { errnos, syscallFailed } from '../../base/errno.ts';
import { SyscallFailed } from '../../base/errors.ts';
import type { WaitOptions } from '../../base/waiting.ts';
import type { Stream } from '../../net/stream.ts';
import { Writer } from '../bytes.ts';
import {
  decodeMessage,
  type EntryOf,
  encodeMessage,
  encodeParts,
  type ListName,
  type Received,
  type Sent,
} from '../codec.ts';
import { OpenFlowError } from '../errors.ts';
import { allVersions, type WireVersion } from '../versions.ts';
import type { ConnectionEvents, ConnectionOptions } from './connection-options.ts';
import { Handshake } from './handshake.ts';
import { IncomingMessages } from './incoming-messages.ts';
import { highWater, MessageStream } from './message-stream.ts';
import { PendingRequests } from './pending-requests.ts';
import {
  errorReply,
  hasMore,
  isReplyTo,
  type ReplyTo,
  type Request,
  type RequestName,
  read,
} from './replies.ts';
import type { ReplyQueue } from './reply-queue.ts';
import { UnaskedMessages } from './unasked-messages.ts';

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
  readonly #messages: MessageStream;
  readonly #handshake: Handshake;
  readonly #events: ConnectionEvents;
  readonly #nextXid: () => number;
  readonly #requests = new PendingRequests();
  readonly #unasked = new UnaskedMessages();
  readonly #incoming: IncomingMessages;
  /** Who waits until the peer has taken what was sent. */
  readonly #undrained: (() => void)[] = [];
  #version: WireVersion | undefined;
  #onNegotiated: () => void = () => {};
  #onFailed: (why: Error) => void = () => {};
  #end: Error | undefined;

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
    this.#handshake = new Handshake(this.name, versions, onOffer);
    this.#events = events;
    this.#nextXid = nextXid;
    this.#incoming = new IncomingMessages({
      ...{ name: this.name, events, takesAnyVersion, leavesEchoes },
      ...{ requests: this.#requests, unasked: this.#unasked },
      write: (version, message, xid) => this.#write(version, message, xid),
    });
    let onClosed: (why: Error | undefined) => void = () => {};
    this.closed = new Promise((resolve) => {
      onClosed = resolve;
    });
    this.#messages = new MessageStream(stream, {
      heard: () => events.heard?.(),
      message: (bytes) => this.#take(bytes),
      malformed: ({ why }) => this.#giveUp(why),
      drained: () => this.#drained(),
      closed: (why) => {
        this.#endRequests(why);
        onClosed(why);
      },
      waitingSize: () => this.#requests.size,
    });
    this.negotiated = new Promise((resolve, reject) => {
      this.#onNegotiated = resolve;
      this.#onFailed = reject;
    });
    const { version, message } = this.#handshake.hello;
    this.#write(version, message, this.#nextXid());
  }

  /** That of all messages from here on. */
  get version(): WireVersion {
    return this.#version ?? 1;
  }

  /** Messages that nobody asked for and that were not kept, since too many waited for `messages`. */
  get lostCount(): number {
    return this.#unasked.lostCount;
  }

  /** Bytes that were sent and that the kernel has not taken yet. */
  get backlog(): number {
    return this.#messages.backlog;
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
    const { version } = this;
    const nextXid = this.#nextXid;
    function* messages(): Iterable<[Sent, number]> {
      for (let n = 0; n < count; n++) {
        const xid = nextXid();
        yield [make(n, xid), xid];
      }
    }
    this.#messages.sendAll(version, messages());
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
      this.#closeRequest(xid);
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
        this.#messages.adjustFlow();
        yield bytes;
        if (!hasMore(bytes)) return;
      }
    } finally {
      this.#closeRequest(xid);
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
      this.#closeRequest(xid);
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
  async *messages(options: WaitOptions = {}): AsyncGenerator<Received, void> {
    for (;;) {
      const bytes = await this.#unasked.next(options);
      if (bytes === undefined) return;
      const message = read(bytes);
      if (message instanceof OpenFlowError) this.#events.malformed?.(message, bytes);
      else yield message;
    }
  }

  /** Sends a message, made elsewhere, as it is. */
  sendBytes(bytes: Uint8Array): void {
    if (this.#version !== undefined) this.#events.sent?.(bytes);
    this.#messages.sendBytes(bytes);
  }

  /** Reads nothing more, so that the peer must wait, until it is called with false. */
  hold(isHeld: boolean): void {
    this.#messages.hold(isHeld);
  }

  /** Flushes what was sent, then ends. */
  close(): void {
    this.#messages.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  /** Ends at once. */
  abort(why?: Error): void {
    this.#messages.abort(why);
  }

  #ask(
    given: Sent | readonly Sent[] | ((xid: number) => Sent),
  ): [xid: number, replies: ReplyQueue, name: string] {
    if (this.#end !== undefined) throw this.#end;
    const xid = this.#nextXid();
    const parts = [typeof given === 'function' ? given(xid) : given].flat();
    const replies = this.#requests.open(xid);
    try {
      for (const part of parts) this.#write(this.version, part, xid);
    } catch (why) {
      this.#requests.close(xid);
      throw why;
    }
    return [xid, replies, parts[0]?.name ?? ''];
  }

  #closeRequest(xid: number): void {
    this.#requests.close(xid);
    this.#messages.adjustFlow();
  }

  #write(version: WireVersion, message: Sent, xid: number): void {
    const to = new Writer();
    encodeMessage(to, version, message, xid);
    this.sendBytes(to.written);
  }

  #take(bytes: Uint8Array): void {
    if (this.#version === undefined) this.#takeHello(bytes);
    else this.#incoming.take(bytes, this.#version);
  }

  #takeHello(bytes: Uint8Array): void {
    const agreed = this.#handshake.take(bytes);
    if (typeof agreed === 'number') {
      this.#version = agreed;
      this.#onNegotiated();
      return;
    }
    const { why, answer } = agreed;
    if (answer === undefined) {
      this.#giveUp(why);
      return;
    }
    this.#write(answer.version, answer.message, this.#nextXid());
    this.#endRequests(syscallFailed('connect', errnos.EPROTO, `${this.name}: ${why}`));
    this.#messages.close();
  }

  /** The peer does not speak the protocol. */
  #giveUp(why: string): void {
    const error = syscallFailed('read', errnos.EPROTO, `${this.name}: ${why}`);
    this.#endRequests(error);
    this.#messages.abort(error);
  }

  #endRequests(why: Error | undefined): void {
    this.#end ??= why ?? this.#endOfFile();
    this.#messages.stop();
    this.#onFailed(this.#end);
    this.#requests.end(this.#end);
    this.#drained();
    this.#unasked.end(why);
  }

  #endOfFile(): SyscallFailed {
    return this.#version === undefined
      ? syscallFailed('connect', errnos.ECONNRESET, this.name)
      : new SyscallFailed('read', errnos.ECONNRESET, 'End of file', this.name);
  }

  #drained(): void {
    this.#events.drained?.();
    for (const tell of this.#undrained.splice(0)) tell();
    this.#messages.adjustFlow();
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
