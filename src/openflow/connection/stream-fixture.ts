/** A stream without a socket, for tests: the code under test holds one end, the test is the peer. */
import type { Stream } from '../../net/stream.ts';
import { Writer } from '../bytes.ts';
import { decodeMessage, encodeMessage, type Received, type Sent } from '../codec.ts';
import type { WireVersion } from '../versions.ts';

type StreamEvents = Parameters<Stream['setEvents']>[0];

export class FakeStream implements Stream {
  readonly name = 'tcp:192.0.2.1:6653';
  readonly remoteAddress = undefined;
  readonly localAddress = undefined;
  readonly localPort = undefined;
  readonly peerId = undefined;
  /** Until it says that it has read them. */
  backlog = 0;
  isPaused = false;
  isClosed = false;
  sent: Received[] = [];
  onSent: (message: Received) => void = () => {};
  #events: StreamEvents | undefined;

  setEvents(events: StreamEvents): void {
    this.#events = events;
  }

  write(bytes: string | Uint8Array | readonly Uint8Array[]): void {
    if (this.isClosed) return;
    if (!(bytes instanceof Uint8Array)) throw new Error('one message at a time');
    const message = decodeMessage(bytes);
    this.sent.push(message);
    this.onSent(message);
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  close(): void {
    this.abort();
  }

  abort(why?: Error): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#events?.closed(why);
  }

  give(bytes: Uint8Array): void {
    if (!this.isClosed) this.#events?.data(Buffer.from(bytes));
  }

  say(version: WireVersion, message: Sent, xid = 0): void {
    this.give(bytesOf(version, message, xid));
  }

  drain(): void {
    this.backlog = 0;
    this.#events?.drained?.();
  }
}

export function bytesOf(version: WireVersion, message: Sent, xid: number): Uint8Array {
  const to = new Writer();
  encodeMessage(to, version, message, xid);
  return to.written.slice();
}
