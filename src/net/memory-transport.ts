/**
 * Streams between parts of one process, with no socket: what a switch inside a test listens and connects by. Remotes are
 * named as those of sockets are, and mean only what the same transport listens at.
 */
import type { Defer } from '../base/defer.ts';
import { errnos, syscallFailed } from '../base/errno.ts';
import { encodeText } from '../base/text.ts';
import type { StreamListener } from './listener.ts';
import { type ActiveRemote, formatRemote, type PassiveRemote } from './remote.ts';
import type { Stream } from './stream.ts';
import type { Transport } from './transport.ts';

type StreamEvents = Parameters<Stream['setEvents']>[0];
type Accept = (stream: Stream) => void;

/** Where port 0 begins to look for a port that is free. */
const firstFreePort = 49_152;

export class MemoryTransport implements Transport {
  readonly #defer: Defer;
  /** By the place as `placeOf` names it. */
  readonly #listeners = new Map<string, Accept>();
  #acceptedCount = 0;

  /** `defer` carries what is written to the other end. */
  constructor(defer: Defer) {
    this.#defer = defer;
  }

  async connect(remote: ActiveRemote, { signal }: { readonly signal?: AbortSignal | undefined } = {}) {
    signal?.throwIfAborted();
    const name = formatRemote(remote);
    const accept = this.#listenerOf(remote);
    if (accept === undefined)
      throw syscallFailed('connect', remote.kind === 'unix' ? errnos.ENOENT : errnos.ECONNREFUSED, name);
    const here = new MemoryStream(name, this.#defer);
    const there = new MemoryStream(`${remote.kind}#${++this.#acceptedCount}`, this.#defer);
    here.join(there);
    this.#defer(() => accept(there));
    return here;
  }

  async listen(wanted: PassiveRemote, _options: object, accept: Accept): Promise<StreamListener> {
    const remote = this.#choosePort(wanted);
    const place = placeOf(remote);
    if (this.#listeners.has(place)) throw syscallFailed('bind', errnos.EADDRINUSE, formatRemote(remote));
    this.#listeners.set(place, accept);
    return {
      remote,
      close: () => {
        if (this.#listeners.get(place) === accept) this.#listeners.delete(place);
      },
    };
  }

  #listenerOf(remote: ActiveRemote): Accept | undefined {
    if (remote.kind === 'unix') return this.#listeners.get(placeOf({ kind: 'punix', path: remote.path }));
    const { kind, host, port } = remote;
    const at = (address?: string): Accept | undefined =>
      this.#listeners.get(placeOf({ kind: `p${kind}`, host: address, port }));
    return at(host) ?? at();
  }

  #choosePort(wanted: PassiveRemote): PassiveRemote {
    if (wanted.kind === 'punix' || wanted.port !== 0) return wanted;
    let port = firstFreePort;
    while (this.#listeners.has(placeOf({ ...wanted, port }))) port++;
    return { ...wanted, port };
  }
}

function placeOf(remote: PassiveRemote): string {
  return formatRemote(remote);
}

/** One end. What is written reaches the other in order, as long as that is read. */
class MemoryStream implements Stream {
  readonly name: string;
  readonly remoteAddress = undefined;
  readonly localAddress = undefined;
  readonly localPort = undefined;
  readonly peerId = undefined;
  readonly #defer: Defer;
  #other: MemoryStream | undefined;
  #events: StreamEvents | undefined;
  /** What was written here and has not reached the other end. */
  #written: Buffer[] = [];
  #backlog = 0;
  #isPaused = false;
  #isDue = false;
  /** No more is written here. */
  #isEnding = false;
  /** Undefined while it is open. */
  #end: { readonly why: Error | undefined } | undefined;

  constructor(name: string, defer: Defer) {
    this.name = name;
    this.#defer = defer;
  }

  join(other: MemoryStream): void {
    this.#other = other;
    other.#other = this;
  }

  get backlog(): number {
    return this.#backlog;
  }

  setEvents(events: StreamEvents): void {
    this.#events = events;
    if (this.#end !== undefined) this.#tellEnd();
    else this.#resumeOther();
  }

  write(bytes: string | Uint8Array | readonly Uint8Array[]): void {
    if (this.#isEnding || this.#end !== undefined) return;
    if (typeof bytes === 'string') this.#put(encodeText(bytes));
    else if (bytes instanceof Uint8Array) this.#put(bytes);
    else for (const piece of bytes) this.#put(piece);
    this.#carry();
  }

  #put(piece: Uint8Array): void {
    this.#written.push(Buffer.from(piece));
    this.#backlog += piece.length;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#resumeOther();
  }

  #resumeOther(): void {
    const other = this.#other;
    if (other !== undefined) other.#carry();
  }

  close(): void {
    this.#isEnding = true;
    this.#isPaused = false;
    this.#carry();
  }

  abort(why?: Error): void {
    this.#finish(why);
    const other = this.#other;
    if (other !== undefined) this.#defer(() => other.#finish(undefined));
  }

  /** Soon, all that has been written by then, unless nobody reads. */
  #carry(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#defer(() => {
      this.#isDue = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    const other = this.#other;
    if (other === undefined || this.#end !== undefined) return;
    const { length } = this.#written;
    while (this.#written.length > 0 && other.#isReading) {
      const piece = this.#written.shift() ?? Buffer.alloc(0);
      this.#backlog -= piece.length;
      other.#events?.data(piece);
    }
    if (this.#written.length > 0) return;
    if (length > 0) this.#events?.drained?.();
    if (!this.#isEnding || (!other.#isReading && other.#end === undefined)) return;
    this.#finish(undefined);
    other.#finish(undefined);
  }

  get #isReading(): boolean {
    return this.#end === undefined && this.#events !== undefined && !this.#isPaused;
  }

  #finish(why: Error | undefined): void {
    if (this.#end !== undefined) return;
    this.#end = { why };
    this.#written = [];
    this.#backlog = 0;
    this.#tellEnd();
  }

  #tellEnd(): void {
    const events = this.#events;
    const why = this.#end?.why;
    if (events !== undefined) this.#defer(() => events.closed(why));
  }
}
