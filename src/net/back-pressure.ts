/**
 * Bounds what waits for a peer that reads slowly. While more than `highWater` bytes wait, nothing is read from it, so
 * that it asks for no more; a peer that takes nothing of what it is sent, and has more than `maxStalled` waiting, is
 * given up.
 */
import type { Timer, Timers } from '../base/timers.ts';
import { ms } from '../base/units.ts';

export interface BackPressureLimits {
  /** Nothing is read from a peer that has more than this many bytes to take. */
  readonly highWater: number;
  /** What may be held for a peer that takes nothing, in bytes of its own (what several peers share does not count). */
  readonly maxStalled: number;
  /** A peer takes nothing for this long before `maxStalled` is looked at, in ms. */
  readonly stallTime: number;
  /** After so many times that long what is shared counts too: by then nobody else may need it. */
  readonly maxStalls: number;
}

/** A `Stream`, or what is made of one. */
interface Peer {
  readonly name: string;
  readonly backlog: number;
  pause(): void;
  resume(): void;
}

interface Owner {
  /** Bytes that it keeps for the peer and has not sent yet. */
  heldBack(): number;
  /** Ends the peer; `why` names it and what waits for it. */
  giveUp(why: Error): void;
}

export class BackPressure {
  readonly #peer: Peer;
  readonly #limits: BackPressureLimits;
  readonly #timers: Timers;
  readonly #owner: Owner;
  /** Of the backlog, bytes that other peers share. */
  #sharedBacklog = 0;
  #isPaused = false;
  #stalledBacklog = 0;
  #stallCount = 0;
  #stallTimer: Timer | undefined;

  constructor(peer: Peer, limits: BackPressureLimits, timers: Timers, owner: Owner) {
    this.#peer = peer;
    this.#limits = limits;
    this.#timers = timers;
    this.#owner = owner;
  }

  /** May more be sent without need? Not while the peer has still to take what was sent. */
  get isWritable(): boolean {
    return this.#peer.backlog <= this.#limits.highWater;
  }

  /** The owner has sent something, `sharedBytes` of which are sent to others too. */
  sent(sharedBytes = 0): void {
    const { backlog } = this.#peer;
    if (backlog === 0) {
      this.#sharedBacklog = 0;
      return;
    }
    this.#sharedBacklog += sharedBytes;
    if (!this.isWritable) this.#pause();
  }

  /** The peer has taken all; `sendMore` sends what was held back. */
  drained(sendMore: () => void): void {
    this.#sharedBacklog = 0;
    sendMore();
    if (!this.#isPaused || !this.isWritable) return;
    this.stop();
    this.#peer.resume();
  }

  /** The peer is gone. */
  stop(): void {
    this.#isPaused = false;
    this.#stallTimer?.cancel();
  }

  #pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#peer.pause();
    this.#stalledBacklog = this.#peer.backlog;
    this.#stallCount = 0;
    this.#checkStallLater();
  }

  #checkStallLater(): void {
    this.#stallTimer = this.#timers.after(ms(this.#limits.stallTime), () => this.#checkStall());
  }

  #checkStall(): void {
    const { backlog, name } = this.#peer;
    const { maxStalled, maxStalls } = this.#limits;
    this.#stallCount = backlog >= this.#stalledBacklog ? this.#stallCount + 1 : 0;
    const own = this.#stallCount < maxStalls ? Math.max(0, backlog - this.#sharedBacklog) : backlog;
    const cost = own + this.#owner.heldBack();
    if (this.#stallCount > 0 && cost > maxStalled) {
      this.#owner.giveUp(new Error(`${name}: dropped, peer does not read and ${cost} bytes wait for it`));
      return;
    }
    this.#stalledBacklog = backlog;
    this.#checkStallLater();
  }
}
