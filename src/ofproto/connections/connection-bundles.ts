/** The bundles that one connection has open: OpenFlow 1.4.1 section 6.8 and 7.3.9. */
import type { Timer, Timers } from '../../base/timers.ts';
import { type Ms, ms } from '../../base/units.ts';
import { OpenFlowError } from '../../openflow/errors.ts';
import { MessageStore } from './message-store.ts';

/** The messages of a bundle in order, and the bytes that an error about one repeats: those of what added it. */
export interface BundledMessages<M> {
  readonly messages: readonly M[];
  readonly bytes: MessageStore;
}

interface OpenBundle<M> extends BundledMessages<M> {
  /** Bits: 1 atomic, 2 ordered. */
  readonly flags: number;
  /** The message that opened it. */
  readonly opener: Uint8Array;
  isClosed: boolean;
  usedAt: Ms;
  readonly messages: M[];
}

export interface BundlesDeps {
  readonly timers: Timers;
  /** Milliseconds that a bundle stays without a message about it. */
  readonly idleTimeout: () => number;
  /** Told of what opened a bundle that stayed so long. */
  readonly timedOut: (bytes: Uint8Array) => void;
}

export class ConnectionBundles<M> {
  readonly #deps: BundlesDeps;
  readonly #open = new Map<number, OpenBundle<M>>();
  #timer: Timer | undefined;

  constructor(deps: BundlesDeps) {
    this.#deps = deps;
  }

  /** Throws OpenFlowError, as all of them. */
  open(id: number, flags: number, opener: Uint8Array): void {
    if (this.#open.has(id)) throw this.#lost(id, 'OFPBFC_BAD_ID', 'is open already');
    this.#begin(id, flags, opener);
  }

  close(id: number, flags: number): void {
    const bundle = this.#find(id);
    if (bundle.isClosed) throw this.#lost(id, 'OFPBFC_BUNDLE_CLOSED', 'is closed already');
    if (bundle.flags !== flags) throw this.#lost(id, 'OFPBFC_BAD_FLAGS', 'had other flags');
    bundle.usedAt = this.#now;
    bundle.isClosed = true;
  }

  discard(id: number): void {
    this.#find(id);
    this.#open.delete(id);
  }

  /** A bundle that nobody opened is opened by what adds its first message. */
  add(id: number, flags: number, message: M, bytes: Uint8Array): void {
    const bundle = this.#open.get(id) ?? this.#begin(id, flags, bytes);
    if (bundle.isClosed) throw this.#lost(id, 'OFPBFC_BUNDLE_CLOSED', 'is closed');
    if (bundle.flags !== flags) throw this.#lost(id, 'OFPBFC_BAD_FLAGS', 'has other flags');
    bundle.usedAt = this.#now;
    bundle.messages.push(message);
    bundle.bytes.push(bytes);
  }

  /** Its messages, in order; the bundle is over. */
  take(id: number, flags: number): BundledMessages<M> {
    const bundle = this.#find(id);
    this.#open.delete(id);
    if (bundle.flags !== flags) throw new OpenFlowError('OFPBFC_BAD_FLAGS', `bundle ${id} has other flags`);
    return bundle;
  }

  /** The connection is over, and so are they. */
  stop(): void {
    this.#timer?.cancel();
    this.#open.clear();
  }

  get #now(): Ms {
    return this.#deps.timers.clock.now();
  }

  #begin(id: number, flags: number, opener: Uint8Array): OpenBundle<M> {
    const bundle: OpenBundle<M> = {
      flags,
      opener: opener.slice(),
      isClosed: false,
      usedAt: this.#now,
      messages: [],
      bytes: new MessageStore(),
    };
    this.#open.set(id, bundle);
    this.#arrange();
    return bundle;
  }

  #arrange(): void {
    if (this.#timer !== undefined || this.#open.size === 0) return;
    this.#timer = this.#deps.timers.after(expiryInterval, () => {
      this.#timer = undefined;
      this.#expire();
      this.#arrange();
    });
  }

  #expire(): void {
    const latest = this.#now - this.#deps.idleTimeout();
    for (const [id, { usedAt, opener }] of this.#open) {
      if (usedAt > latest) continue;
      this.#open.delete(id);
      this.#deps.timedOut(opener);
    }
  }

  #find(id: number): OpenBundle<M> {
    const bundle = this.#open.get(id);
    if (bundle === undefined) throw new OpenFlowError('OFPBFC_BAD_ID', `there is no bundle ${id}`);
    return bundle;
  }

  /** What is wrong with a bundle ends it. */
  #lost(
    id: number,
    name: 'OFPBFC_BAD_ID' | 'OFPBFC_BUNDLE_CLOSED' | 'OFPBFC_BAD_FLAGS',
    why: string,
  ): OpenFlowError {
    this.#open.delete(id);
    return new OpenFlowError(name, `bundle ${id} ${why}`);
  }
}

/** How often it is asked which of them were idle for too long. */
const expiryInterval = ms(1000);
