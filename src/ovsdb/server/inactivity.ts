/**
 * Asks a silent peer whether it still lives: an `echo` after one interval without a message, the end after another.
 */
import { logger } from '../../base/log.ts';
import type { Timer, Timers } from '../../base/timers.ts';
import { type Ms, ms } from '../../base/units.ts';
import type { Channel } from '../../rpc/channel.ts';

const log = logger('reconnect');

export class InactivityProbe {
  readonly #timers: Timers;
  readonly #channel: Channel;
  #interval: number;
  #lastHeard: Ms;
  #isAsked = false;
  #timer: Timer | undefined;

  constructor(timers: Timers, channel: Channel, interval: number) {
    this.#timers = timers;
    this.#channel = channel;
    this.#interval = interval;
    this.#lastHeard = timers.clock.now();
    this.#arm();
  }

  setInterval(interval: number): void {
    if (interval === this.#interval) return;
    this.#interval = interval;
    this.#arm();
  }

  /** Anything came from the peer. */
  heard(): void {
    this.#lastHeard = this.#timers.clock.now();
    this.#isAsked = false;
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #arm(): void {
    this.#timer?.cancel();
    if (this.#interval <= 0) return;
    const due = ms(this.#lastHeard + this.#interval);
    this.#timer = this.#timers.at(due, () => this.#check());
  }

  #check(): void {
    const now = this.#timers.clock.now();
    if (now - this.#lastHeard < this.#interval) {
      this.#arm();
      return;
    }
    if (this.#isAsked) {
      const seconds = Math.floor(this.#interval / 1000);
      log.err(
        `${this.#channel.name}: no response to inactivity probe after ${seconds} seconds, disconnecting`,
      );
      this.#channel.abort(new Error('inactivity'));
      return;
    }
    this.#isAsked = true;
    this.#channel.send({ method: 'echo', params: [], id: 'echo' });
    this.#timer = this.#timers.after(ms(this.#interval), () => this.#check());
  }
}
