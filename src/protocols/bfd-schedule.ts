/**
 * When a BFD session sends control packets, and how often some are to come: intervals that both ends agree upon by poll
 * sequences. RFC 5880 sections 6.5, 6.8.3 and 6.8.7.
 */
import { LimitedSite, logger } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import { type Ms, ms } from '../base/units.ts';
import { bfdFlags } from '../wire/bfd.ts';
import type { BfdRemote } from './bfd-remote.ts';
import type { BfdSettings } from './bfd-types.ts';

const log = logger('bfd');
const delays = new LimitedSite({ perMinute: 60, burst: 60 });

/** Least milliseconds between control packets while the session is not up, RFC 5880 section 6.8.3. */
const slowInterval = 1000;

/** Milliseconds between control packets that are sent, and that are to come. */
interface Intervals {
  readonly minTx: number;
  readonly minRx: number;
}

export class BfdSchedule {
  /** Of the session. */
  isUp = false;
  readonly #name: string;
  readonly #remote: BfdRemote;
  readonly #random: Random;
  #settings: BfdSettings;
  #minTx: number;
  #minRx: number;
  /** What is asked for until the other end agrees. */
  #poll: Intervals | undefined;
  /** The other end has asked for something, and is answered at once. */
  #isAsked = false;
  #lastTx = ms(0);
  /** 0: at once. */
  #nextTx = ms(0);

  constructor(name: string, settings: BfdSettings, remote: BfdRemote, random: Random) {
    this.#name = name;
    this.#settings = settings;
    this.#remote = remote;
    this.#random = random;
    this.#minTx = settings.minTx;
    this.#minRx = settings.minRx;
  }

  /** What the other end need not agree to is so at once. */
  configure(settings: BfdSettings): void {
    const before = this.#settings;
    this.#settings = settings;
    const { minTx, minRx } = settings;
    if (this.isUp && this.#poll !== undefined) return;
    if (minTx !== before.minTx && (!this.isUp || minTx < this.#minTx)) this.#minTx = minTx;
    if (minRx !== before.minRx && (!this.isUp || minRx > this.#minRx)) this.#minRx = minRx;
  }

  /** Whether the intervals are neither those of the settings nor the slower one that packets may come by. */
  isUnlikeSettings(slowMinRx: number): boolean {
    const { minTx, minRx } = this.#settings;
    return this.#minTx !== minTx || (this.#minRx !== minRx && this.#minRx !== slowMinRx);
  }

  /** Begins a poll sequence; false where one is under way. */
  poll(intervals: Intervals): boolean {
    if (this.#poll !== undefined || this.#isAsked) return false;
    this.#poll = intervals;
    this.#nextTx = ms(0);
    return true;
  }

  /** Whether the other end agrees by a packet with these flags. */
  isAgreed(flags: number): boolean {
    if ((flags & bfdFlags.final) === 0 || this.#poll === undefined) return false;
    this.#minTx = this.#poll.minTx;
    this.#minRx = this.#poll.minRx;
    this.#poll = undefined;
    return true;
  }

  /** Takes in whether the other end asks for something. */
  hearPoll(flags: number): void {
    if ((flags & bfdFlags.poll) === 0) return;
    this.#poll = undefined;
    this.#isAsked = true;
  }

  /** Packets are to come as often as ever. */
  restoreMinRx(): void {
    this.#minRx = this.#settings.minRx;
  }

  /** The other end takes packets at another interval. */
  remoteChanged(): void {
    if (this.#nextTx !== 0) this.#setNextTx();
  }

  sendSoon(): void {
    this.#nextTx = ms(0);
  }

  /** A packet is about to be sent. */
  logDelay(now: Ms): void {
    const interval = this.txInterval;
    const delay = now - this.#nextTx;
    if (this.#nextTx === 0 || delay <= Math.floor((interval * 3) / 2)) return;
    const text = `long delay of ${delay}ms (expected ${interval}ms) sending BFD control message`;
    log.limited('info', delays, `${this.#name}: ${text}`);
  }

  /** The packet that is about to be sent answers what the other end asked. */
  answered(): void {
    this.#isAsked = false;
  }

  sent(now: Ms): void {
    this.#lastTx = now;
    this.#setNextTx();
  }

  /** Intervals are shorter by up to a quarter, so that sessions do not send in step. */
  #setNextTx(): void {
    const interval = this.txInterval;
    const number = this.#random.u32();
    const percent = this.#settings.multiplier === 1 ? 10 + (number % 16) : number % 26;
    this.#nextTx = ms(this.#lastTx + interval - Math.floor((interval * percent) / 100));
  }

  /** When to send; 0 for at once. */
  get dueAt(): Ms {
    return this.#isAsked ? ms(0) : this.#nextTx;
  }

  get flags(): number {
    return (this.#poll === undefined ? 0 : bfdFlags.poll) | (this.#isAsked ? bfdFlags.final : 0);
  }

  /** What a control packet says. */
  get offered(): Intervals {
    return this.#poll ?? this.inUse;
  }

  get inUse(): Intervals {
    const minTx = this.isUp ? this.#minTx : Math.max(this.#minTx, slowInterval);
    return { minTx, minRx: this.#minRx };
  }

  get txInterval(): number {
    return Math.max(this.inUse.minTx, this.#remote.minRx);
  }

  get rxInterval(): number {
    return Math.max(this.#minRx, this.#remote.minTx);
  }

  /** When a packet was sent last, and when the next one is. */
  get times(): { readonly lastTx: Ms; readonly nextTx: Ms } {
    return { lastTx: this.#lastTx, nextTx: this.#nextTx };
  }
}
