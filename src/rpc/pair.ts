/**
 * Two channel ends in one process: messages pass as values, without being serialised.
 * Joins the daemon to its embedded database, and clients to servers in tests.
 */
import type { Channel, ChannelEvents, RpcMessage } from './channel.ts';
import { parseJson } from './json.ts';
import { readMessage } from './message.ts';

/**
 * Both ends of a new connection. What one sends the other is told in a later microtask, in order, one event a
 * microtask; events wait until `events` is set. Values are shared, not copied: who sends must not change them afterwards.
 */
export function channelPair(name = 'in-process'): readonly [Channel, Channel] {
  const left = new End(name);
  const right = new End(name);
  left.peer = right;
  right.peer = left;
  return [left, right];
}

type Event = { readonly message: RpcMessage } | { readonly closed: Error | undefined };

class End implements Channel {
  readonly name: string;
  readonly peerId = undefined;
  peer: End | undefined;
  #events: ChannelEvents | undefined;
  #queue: Event[] = [];
  #isScheduled = false;
  #isOpen = true;
  #isPaused = false;

  constructor(name: string) {
    this.name = name;
  }

  /** Counts messages, not bytes: nothing is serialised here. */
  get backlog(): number {
    return this.peer === undefined ? 0 : this.peer.#queue.length;
  }

  get events(): ChannelEvents {
    return this.#events ?? noEvents;
  }

  set events(events: ChannelEvents) {
    this.#events = events;
    this.#schedule();
  }

  send(message: RpcMessage | string | readonly Uint8Array[]): void {
    if (this.#isOpen) this.peer?.push({ message: asMessage(message) });
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#schedule();
  }

  close(): void {
    this.#end(undefined);
  }

  abort(why?: Error): void {
    if (this.#isOpen) this.peer?.forget();
    this.#end(why);
  }

  push(event: Event): void {
    this.#queue.push(event);
    this.#schedule();
  }

  forget(): void {
    this.#queue = [];
  }

  #end(why: Error | undefined): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.push({ closed: why });
    this.peer?.endByPeer();
  }

  endByPeer(): void {
    if (!this.#isOpen) return;
    this.push({ closed: undefined });
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isPaused || this.#events === undefined || this.#queue.length === 0) return;
    this.#isScheduled = true;
    queueMicrotask(() => this.#deliver());
  }

  #deliver(): void {
    this.#isScheduled = false;
    if (this.#isPaused) return;
    const event = this.#queue.shift();
    if (event === undefined) return;
    if ('message' in event) {
      if (this.#isOpen) this.#events?.message(event.message);
      if (this.#queue.length === 0) this.peer?.events.drained?.();
    } else {
      this.#isOpen = false;
      this.#queue = [];
      this.#events?.closed(event.closed);
    }
    this.#schedule();
  }
}

function asMessage(message: RpcMessage | string | readonly Uint8Array[]): RpcMessage {
  if (typeof message === 'string') return readMessage(parseJson(message));
  if (!('id' in message)) return readMessage(parseJson(Buffer.concat(message)));
  return message;
}

const noEvents: ChannelEvents = { message() {}, closed() {} };
