/**
 * Whole messages over a stream, each told to the log where somebody wants that. While much waits in either direction
 * nothing is read, so that the peer waits too.
 */
import { coverageCounter } from '../../base/coverage.ts';
import { LimitedSite, logger } from '../../base/log.ts';
import type { Stream } from '../../net/stream.ts';
import { Writer } from '../bytes.ts';
import { encodeMessage, type Sent } from '../codec.ts';
import { OpenFlowError } from '../errors.ts';
import { formatMessage } from '../text/messages.ts';
import type { WireVersion } from '../versions.ts';
import { MessageSplitter } from './message-splitter.ts';

const sentCount = coverageCounter('vconn_sent');
const receivedCount = coverageCounter('vconn_received');

/** While more bytes than this wait in either direction nothing is read. */
export const highWater = 1024 * 1024;
/** Bytes of the pieces in which many messages go out. */
const pieceSize = 64 * 1024;

const log = logger('vconn');
const anyMessage = new LimitedSite({ perMinute: 600, burst: 600 });

export interface MessageStreamDeps {
  /** Anything came. */
  heard(): void;
  /** A message came. */
  message(bytes: Uint8Array): void;
  /** Where a message ends cannot be told. */
  malformed(why: OpenFlowError): void;
  /** The kernel has taken all that was sent. */
  drained(): void;
  closed(why: Error | undefined): void;
  /** Bytes that came and that nobody has taken yet. */
  waitingSize(): number;
}

export class MessageStream {
  readonly name: string;
  readonly #stream: Stream;
  readonly #deps: MessageStreamDeps;
  readonly #splitter = new MessageSplitter();
  #isStopped = false;
  #isHeld = false;
  #isPaused = false;

  constructor(stream: Stream, deps: MessageStreamDeps) {
    this.name = stream.name;
    this.#stream = stream;
    this.#deps = deps;
    stream.setEvents({
      data: (piece) => this.#receive(piece),
      drained: () => deps.drained(),
      closed: (why) => deps.closed(why),
    });
  }

  /** Bytes that were sent and that the kernel has not taken yet. */
  get backlog(): number {
    return this.#stream.backlog;
  }

  sendBytes(bytes: Uint8Array): void {
    sentCount.total++;
    this.#tell('sent (Success)', bytes);
    this.#stream.write(bytes);
    this.adjustFlow();
  }

  /** Few pieces of the stream at a time. Throws OpenFlowError. */
  sendAll(version: WireVersion, messages: Iterable<readonly [message: Sent, xid: number]>): void {
    let to = new Writer(pieceSize);
    for (const [message, xid] of messages) {
      const start = to.size;
      encodeMessage(to, version, message, xid);
      sentCount.total++;
      this.#tell('sent (Success)', to.written.subarray(start));
      if (to.size < pieceSize / 2) continue;
      this.#stream.write(to.written);
      to = new Writer(pieceSize);
    }
    this.#stream.write(to.written);
    this.adjustFlow();
  }

  /** Takes nothing in any more. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Reads nothing more until it is called with false. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    this.adjustFlow();
  }

  /** To be called when `waitingSize` has changed. */
  adjustFlow(): void {
    let size = this.#stream.backlog;
    if (size <= highWater) size += this.#deps.waitingSize();
    const isPaused = this.#isHeld || size > highWater;
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    if (isPaused) this.#stream.pause();
    else this.#stream.resume();
  }

  /** Flushes what was sent, then ends. */
  close(): void {
    this.#stream.close();
  }

  /** Ends at once. */
  abort(why?: Error): void {
    this.#stream.abort(why);
  }

  #receive(piece: Uint8Array): void {
    if (this.#isStopped) return;
    this.#deps.heard();
    try {
      // Not as a Buffer, whose slices are no copies.
      const plain = new Uint8Array(piece.buffer, piece.byteOffset, piece.length);
      for (const bytes of this.#splitter.push(plain)) {
        receivedCount.total++;
        this.#tell('received', bytes);
        this.#deps.message(bytes);
        if (this.#isStopped) return;
      }
    } catch (why) {
      if (!(why instanceof OpenFlowError)) throw why;
      this.#deps.malformed(why);
    }
    this.adjustFlow();
  }

  #tell(what: string, bytes: Uint8Array): void {
    log.limited('dbg', anyMessage, () => `${this.name}: ${what}: ${formatMessage(bytes, 1).trimEnd()}`);
  }
}

/** That of a whole message. */
export function xidOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(4);
}
