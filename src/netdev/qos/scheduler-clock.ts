/** The units in which the kernel's qdiscs count time: /proc/net/psched. */
import { readFileSync } from 'node:fs';
import { logger } from '../../base/log.ts';

const log = logger('netdev_linux');
const file = '/proc/net/psched';

export interface SchedulerClock {
  readonly ticksPerSecond: number;
  /** How often a second a qdisc may look at its buckets: they hold what passes in between. */
  readonly looksPerSecond: number;
}

/** Of kernels that say nothing. */
const unknown: SchedulerClock = { ticksPerSecond: 1, looksPerSecond: 100 };
const microsecondsPerSecond = 1_000_000;

let known: SchedulerClock | undefined;

/** Of this machine; read once. */
export function schedulerClock(): SchedulerClock {
  known ??= read();
  return known;
}

function read(): SchedulerClock {
  try {
    const clock = parseSchedulerClock(readFileSync(file, 'latin1'));
    if (clock === undefined) log.warn(`${file}: invalid scheduler parameters`);
    return clock ?? unknown;
  } catch (error) {
    log.warn(`${file}: open failed: ${error instanceof Error ? error.message : String(error)}`);
    return unknown;
  }
}

/** Four hexadecimal numbers; undefined where they make no sense. */
export function parseSchedulerClock(text: string): SchedulerClock | undefined {
  const numbers = text
    .trim()
    .split(/\s+/)
    .map((word) => Number.parseInt(word, 16));
  const [nanoseconds = 0, perTick = 0, resolution = 0, looks = 0] = numbers;
  if (!(nanoseconds > 0 && perTick > 0 && resolution > 0)) return undefined;
  return {
    ticksPerSecond: (nanoseconds * resolution) / perTick,
    looksPerSecond: resolution === microsecondsPerSecond && looks > 0 ? looks : unknown.looksPerSecond,
  };
}

/** What passes in so many ticks at that rate; bytes, and bytes a second. */
export function bytesIn(clock: SchedulerClock, rate: number, ticks: number): number {
  return Math.floor((rate * ticks) / clock.ticksPerSecond);
}

/** How long so many bytes take. */
export function ticksFor(clock: SchedulerClock, rate: number, size: number): number {
  return rate === 0 ? 0 : Math.floor((Math.floor(clock.ticksPerSecond) * size) / rate);
}
