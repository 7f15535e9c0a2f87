/**
 * Tells the log how many changes of flows a peer asked for: ten seconds after the first that was not told of, but not
 * within a minute of the last time, and when the conversation ends.
 */
import { logger } from '../../base/log.ts';
import type { Timer, Timers } from '../../base/timers.ts';
import { type Ms, ms } from '../../base/units.ts';
import type { FlowModCounts } from '../requester.ts';

const log = logger('connmgr');

const delay = 10_000;
const gap = 60_000;

export class FlowModLog {
  readonly #timers: Timers;
  readonly #name: () => string;
  #counts: FlowModCounts = { adds: 0, deletes: 0, modifications: 0 };
  #firstAt = ms(0);
  #lastAt = ms(0);
  #earliest = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;

  /** `name` is the conversation's. */
  constructor(timers: Timers, name: () => string) {
    this.#timers = timers;
    this.#name = name;
  }

  count({ adds, deletes, modifications }: FlowModCounts): void {
    if (adds + deletes + modifications === 0) return;
    const now = this.#timers.clock.now();
    if (this.#timer === undefined) {
      this.#firstAt = now;
      const due = ms(Math.max(now + delay, this.#earliest));
      this.#earliest = due + gap;
      this.#timer = this.#timers.at(due, () => this.tell());
    }
    this.#lastAt = now;
    const before = this.#counts;
    this.#counts = {
      adds: before.adds + adds,
      deletes: before.deletes + deletes,
      modifications: before.modifications + modifications,
    };
  }

  /** Of what was not told of yet, if any. */
  tell(): void {
    if (this.#timer === undefined) return;
    this.#timer.cancel();
    this.#timer = undefined;
    const kinds = Object.entries(this.#counts).filter(([, count]) => count > 0);
    this.#counts = { adds: 0, deletes: 0, modifications: 0 };
    const total = kinds.reduce((sum, [, count]) => sum + count, 0);
    const each = kinds.map(([kind, count]) => `${count} ${kind}`).join(', ');
    log.info(`${this.#name()}: ${total} flow_mods ${this.#when(this.#timers.clock.now())} (${each})`);
  }

  /** In whole seconds. */
  #when(now: Ms): string {
    const ago = Math.floor((now - this.#firstAt) / 1000);
    const lasted = Math.floor((this.#lastAt - this.#firstAt) / 1000);
    if (lasted === ago) return `in the last ${ago} s`;
    return lasted > 0 ? `in the ${lasted} s starting ${ago} s ago` : `${ago} s ago`;
  }
}
