/**
 * Coverage counters: how often something rare or telling happened, one registry a process
 * (`coverage/show`). Declared beside the code that counts: `const missed = coverageCounter('dpif_missed')`.
 */
import type { Timers } from './timers.ts';
import { type Ms, ms } from './units.ts';

export interface Counter {
  readonly name: string;
  /** Events since start. */
  total: number;
}

const counters = new Map<string, Counter>();

/** The process-wide counter of that name, made on first use. Hot code keeps the object and does `c.total++`. */
export function coverageCounter(name: string): Counter {
  let found = counters.get(name);
  if (found === undefined) {
    found = { name, total: 0 };
    counters.set(name, found);
  }
  return found;
}

/** All counters, sorted by name. */
export function allCounters(): Counter[] {
  return [...counters.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Events a second: over the last five seconds, the last minute, the last hour. */
export interface Rates {
  readonly fiveSeconds: number;
  readonly minute: number;
  readonly hour: number;
}

const SAMPLE = 5_000;
const SAMPLES_A_MINUTE = 12;
const MINUTES_AN_HOUR = 60;

/** What a counter gained in each of the last samples and minutes; rings that start full of zeros. */
interface History {
  seen: number;
  readonly samples: number[];
  readonly minutes: number[];
}

/** Samples all counters every five seconds; the owner's loop calls `run`. */
export class CoverageRates {
  readonly collect: () => void;
  readonly #histories = new Map<string, History>();
  #sampleCount = 0;
  #nextSample: Ms;

  /** `collect` brings counters up to date whose events are counted elsewhere. */
  constructor(now: Ms, collect: () => void = () => {}) {
    this.collect = collect;
    this.#nextSample = ms(now + SAMPLE);
  }

  /** Takes the samples that are due at `now`; returns when to call again. */
  run(now: Ms): Ms {
    if (now < this.#nextSample) return this.#nextSample;
    this.collect();
    // After a long sleep the ring holds nothing but what the sleep brought
    const due = Math.min(
      Math.floor((now - this.#nextSample) / SAMPLE) + 1,
      SAMPLES_A_MINUTE * MINUTES_AN_HOUR,
    );
    for (let i = 0; i < due; i++) this.#sample();
    this.#nextSample = ms(now + SAMPLE - ((now - this.#nextSample) % SAMPLE));
    return this.#nextSample;
  }

  ratesOf(name: string): Rates {
    const history = this.#histories.get(name);
    if (history === undefined) return { fiveSeconds: 0, minute: 0, hour: 0 };
    const last = history.samples[(this.#sampleCount - 1 + SAMPLES_A_MINUTE) % SAMPLES_A_MINUTE] ?? 0;
    return { fiveSeconds: last / 5, minute: sum(history.samples) / 60, hour: sum(history.minutes) / 3600 };
  }

  #sample(): void {
    const slot = this.#sampleCount % SAMPLES_A_MINUTE;
    const minute = Math.floor(this.#sampleCount / SAMPLES_A_MINUTE) % MINUTES_AN_HOUR;
    for (const { name, total } of counters.values()) {
      const history = this.#historyOf(name);
      const gained = total - history.seen;
      history.seen = total;
      history.samples[slot] = gained;
      history.minutes[minute] = slot === 0 ? gained : (history.minutes[minute] ?? 0) + gained;
    }
    this.#sampleCount++;
  }

  #historyOf(name: string): History {
    let history = this.#histories.get(name);
    if (history === undefined) {
      history = {
        seen: 0,
        samples: Array(SAMPLES_A_MINUTE).fill(0),
        minutes: Array(MINUTES_AN_HOUR).fill(0),
      };
      this.#histories.set(name, history);
    }
    return history;
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

/** The rates of the program that these timers drive. */
export function coverageRates(timers: Timers): CoverageRates {
  const rates = new CoverageRates(timers.clock.now());
  const sample = (): void => {
    timers.at(rates.run(timers.clock.now()), sample);
  };
  sample();
  return rates;
}
