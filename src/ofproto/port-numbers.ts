/**
 * Numbers of a switch's ports, as ofproto gives them out: a wanted number when it is free, else the next one up. A
 * number that was freed is not given out by itself for an hour, so that what an operator or controller still knows
 * about it does not hit a stranger.
 */
import { Refused } from '../base/errors.ts';
import { type Ms, type OfPort, ofPort } from '../base/units.ts';

/** Numbers from here on are for controllers and for whoever asks for them. */
const automaticEnd = 32768;
/** OFPP_MAX of OpenFlow 1.0. */
const numberEnd = 0xff00;
const quarantine = 3_600_000;

export class PortNumbers {
  readonly #inUse = new Set<number>();
  /** When a number was freed. */
  readonly #freedAt = new Map<number, Ms>();
  #last = 0;

  /** Throws Refused when all are in use. */
  take(wanted: OfPort | undefined, now: Ms): OfPort {
    const number = wanted !== undefined && this.#isFree(wanted) ? wanted : this.#next(now);
    this.#inUse.add(number);
    this.#freedAt.delete(number);
    return ofPort(number);
  }

  free(number: OfPort, now: Ms): void {
    if (!this.#inUse.delete(number)) return;
    this.#freedAt.set(number, now);
  }

  #isFree(number: number): boolean {
    return number > 0 && number < numberEnd && !this.#inUse.has(number);
  }

  #next(now: Ms): number {
    let oldest: number | undefined;
    let oldestAt = Number.POSITIVE_INFINITY;
    for (let tried = 1; tried < automaticEnd; tried++) {
      this.#last = this.#last + 1 < automaticEnd ? this.#last + 1 : 1;
      if (this.#inUse.has(this.#last)) continue;
      const freedAt = this.#freedAt.get(this.#last);
      if (freedAt === undefined || now - freedAt > quarantine) return this.#last;
      if (freedAt < oldestAt) {
        oldest = this.#last;
        oldestAt = freedAt;
      }
    }
    if (oldest === undefined) throw new Refused('resources exhausted', 'every port number is in use');
    return oldest;
  }
}
