/**
 * Whether a BFD session may do with fewer control packets, since hardly anything else comes by its link:
 * `decay_min_rx`.
 */
import { logger } from '../base/log.ts';
import { type Ms, ms } from '../base/units.ts';
import type { BfdSettings } from './bfd-types.ts';

const log = logger('bfd');

/** Least milliseconds over which packets of others are watched. */
export const leastWatch = 2000;

export class BfdDecay {
  isDecayed = false;
  readonly #name: string;
  readonly #rxPackets: () => number;
  #minRx = 0;
  #controlPackets = 0;
  #packetsBefore = 0;
  #lookAt = ms(0);

  constructor(name: string, rxPackets: () => number) {
    this.#name = name;
    this.#rxPackets = rxPackets;
  }

  /** Milliseconds; 0 where none is configured, or one that makes no sense. */
  get minRx(): number {
    return this.#minRx;
  }

  configure({ decayMinRx, minRx }: BfdSettings, now: Ms): void {
    const isUseless = decayMinRx > 0 && decayMinRx < minRx;
    if (isUseless) log.warn(`${this.#name}: decay_min_rx cannot be less than ${minRx} ms`);
    this.#minRx = isUseless ? 0 : decayMinRx;
    this.isDecayed = false;
    this.watch(now);
  }

  countControl(): void {
    this.#controlPackets++;
  }

  /** When to call `run`. */
  get dueAt(): Ms {
    return this.#minRx > 0 ? this.#lookAt : ms(Number.POSITIVE_INFINITY);
  }

  /** Looks whether that is due: has little come but control packets? Counters may lag, so twice as many are let pass. */
  run(now: Ms): void {
    if (now < this.dueAt) return;
    this.isDecayed = this.#rxPackets() - this.#packetsBefore <= 2 * Math.max(this.#controlPackets, 1);
    this.watch(now);
  }

  /** Counts anew from now on. */
  watch(now: Ms): void {
    this.#packetsBefore = this.#rxPackets();
    this.#controlPackets = 0;
    this.#lookAt = ms(now + Math.max(this.#minRx, leastWatch));
  }
}
