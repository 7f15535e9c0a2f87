/** Has queues spread anew over the threads that poll them when that makes their loads more even, by what was measured. */
import type { Clock } from '../../base/clock.ts';
import { logger } from '../../base/log.ts';
import { type BalanceSettings, type BusyThread, tryBalance, whyNotBalanced } from './load-balance.ts';
import type { PollMeter } from './poll-meter.ts';
import type { AssignSettings, PolledQueue } from './queue-assignment.ts';
import { longestTime } from './thread-load.ts';

const log = logger('dpif_netdev');

const minute = 60_000;

/** What is looked at. */
export interface BalanceInput {
  readonly threads: readonly (BusyThread & { readonly meter: PollMeter })[];
  readonly queues: readonly PolledQueue[];
  readonly settings: AssignSettings;
}

export class PollBalancer {
  readonly #clock: Clock;
  #settings: BalanceSettings | undefined;
  #lookedAt = 0;
  /** Nothing could become better when it was looked at last, and nothing was configured since. */
  #isVain = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  configure(wanted: BalanceSettings): void {
    const before = this.#settings;
    this.#settings = wanted;
    const { isOn, interval, leastLoad, leastImprovement } = wanted;
    const changes = [
      interval !== before?.interval && `interval set to ${interval} mins`,
      leastImprovement !== before?.leastImprovement && `improvement threshold set to ${leastImprovement}%`,
      leastLoad !== before?.leastLoad && `load threshold set to ${leastLoad}%`,
    ].filter((text) => text !== false);
    if (changes.length === 0 && isOn === before?.isOn) return;
    for (const change of changes) log.info(`PMD auto load balance ${change}`);
    const details = `interval ${interval} mins, pmd load threshold ${leastLoad}%, improvement threshold ${leastImprovement}%`;
    log.info(`PMD auto load balance is ${isOn ? `enabled, ${details}` : 'disabled'}.`);
    this.#lookedAt = this.#clock.now();
    this.#isVain = false;
  }

  /** Threads or queues are others than they were. */
  configurationChanged(): void {
    this.#isVain = false;
  }

  /** Whether queues should be spread anew now. Looks once an interval. */
  look(polling: () => BalanceInput): boolean {
    const settings = this.#settings;
    const now = this.#clock.now();
    if (settings?.isOn !== true || now < this.#lookedAt + settings.interval * minute) return false;
    this.#lookedAt = now;
    const { threads, queues, settings: assignment } = polling();
    if (!threads.some(({ meter }) => meter.load.isAlwaysAbove(settings.leastLoad))) return false;
    if (this.#isHopeless(threads, assignment)) return false;
    log.dbg('PMD auto load balance performing dry run.');
    const all = { ...assignment, leastImprovement: settings.leastImprovement };
    const { isBetter, notes } = tryBalance(queues, threads, all, longestTime * 1e9);
    for (const note of notes) log.dbg(note);
    if (isBetter) log.info('PMD auto load balance dry run. Requesting datapath reconfigure.');
    return isBetter;
  }

  #isHopeless(threads: readonly BusyThread[], assignment: AssignSettings): boolean {
    const why = this.#isVain
      ? 'no configuration changes since last check.'
      : whyNotBalanced(threads, assignment);
    if (why === undefined) return false;
    log.dbg(`PMD auto load balance nothing to do, ${why}`);
    this.#isVain = true;
    return true;
  }
}
