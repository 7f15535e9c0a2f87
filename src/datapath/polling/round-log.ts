/**
 * `dpif-netdev/pmd-perf-log-set`: rounds of threads that poll which took too long are told in the log, with those
 * around.
 */
import { LimitedSite, logger } from '../../base/log.ts';
import { historyLimit, type Round, type RoundHistory } from './round-history.ts';
import { formatRounds } from './round-text.ts';

const log = logger('pmd_perf');

export interface RoundLogSettings {
  readonly isOn: boolean;
  /** Rounds before and after one that took too long. */
  readonly before: number;
  readonly after: number;
  /** One more that takes too long among those after it begins them anew. */
  readonly extends: boolean;
  /** Microseconds beyond which a round took too long. */
  readonly longest: number;
  /** Length of a queue to a virtual machine; there are none here. */
  readonly longestQueue: number;
}

const defaults: RoundLogSettings = {
  isOn: false,
  before: 5,
  after: 5,
  extends: false,
  longest: 250,
  longestQueue: 128,
};

/** Of all threads of the process. */
let settings = defaults;

export function roundLogSettings(): RoundLogSettings {
  return settings;
}

/** All rounds that are told together must be remembered still. */
export function setRoundLog(wanted: RoundLogSettings): RoundLogSettings {
  const before = Math.min(wanted.before, historyLimit - 2);
  const after = Math.min(wanted.after, historyLimit - 2 - before);
  settings = { ...wanted, before, after };
  const { isOn, longest, longestQueue } = settings;
  log.info(
    `pmd-perf-log-set: ${isOn ? 'on' : 'off'}, before=${before}, after=${after}, extend=${settings.extends}, us_thr=${longest}, q_thr=${longestQueue}`,
  );
  return settings;
}

const tooLong = new LimitedSite({ perMinute: 600, burst: 600 });
const around = new LimitedSite({ perMinute: 600, burst: 600 });

/** Of one thread. */
export class RoundLog {
  /** What is to be told once the last of them is over. */
  #range: { readonly from: number; to: number } | undefined;

  take(round: Round, { rounds }: RoundHistory): void {
    const { isOn, before, after, extends: isExtended, longest } = settings;
    const range = this.#range;
    if (range !== undefined && round.number > range.to) {
      this.#range = undefined;
      const near = rounds.filter(({ number }) => number >= range.from && number <= range.to);
      log.limited(
        'warn',
        around,
        () => `Neighborhood of suspicious iteration:\n${formatRounds(near).slice(0, -1)}`,
      );
      return;
    }
    const duration = Math.floor(round.cycles / 1000);
    if (!isOn || duration <= longest || (range !== undefined && !isExtended)) return;
    log.limited(
      'warn',
      tooLong,
      `Suspicious iteration (Excessive total cycles): iter=${round.number} duration=${duration} us`,
    );
    if (range === undefined) this.#range = { from: round.number - before, to: round.number + after };
    else range.to = round.number + after;
  }
}
