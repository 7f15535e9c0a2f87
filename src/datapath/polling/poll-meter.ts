/**
 * What a thread that polls does with its time. It works in rounds: it takes a batch of packets, forwards them and answers
 * what they sent up; a round without packets is idle, and the thread then sleeps until some come in.
 * Differs: a cycle is a nanosecond of the daemon's clock, which stands still with it; threads of ours sleep whenever there is
 * nothing to do, so what the reference tells as idle rounds is sleep here.
 */
import type { Clock } from '../../base/clock.ts';
import { addWork, noWork, RoundHistory, type RoundWork } from './round-history.ts';
import { RoundLog } from './round-log.ts';
import { ThreadLoad } from './thread-load.ts';

/** Sums since counting began. */
export interface PollSums {
  /** Milliseconds. */
  readonly duration: number;
  readonly rounds: number;
  readonly idleRounds: number;
  readonly idleCycles: number;
  readonly sleeps: number;
  /** Nanoseconds. */
  readonly sleepTime: number;
  readonly work: Readonly<RoundWork>;
}

export class PollMeter {
  readonly load: ThreadLoad;
  readonly #clock: Clock;
  #startedAt: number;
  #history: RoundHistory | undefined;
  #log = new RoundLog();
  #rounds = 0;
  #idleRounds = 0;
  #idleCycles = 0;
  #sleeps = 0;
  #sleepTime = 0;
  #work: RoundWork = { ...noWork };
  /** The round under way, and when it began. */
  #round: RoundWork = { ...noWork };
  #queue = '';
  #beganAt = 0;
  #upcallsBeganAt = 0;
  /** Since when it sleeps. */
  #asleepSince: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.load = new ThreadLoad(clock);
    this.#startedAt = clock.now();
  }

  /** Single rounds are remembered from then on, or no longer. */
  remember(isWanted: boolean): void {
    if (isWanted !== (this.#history !== undefined)) this.#history = isWanted ? new RoundHistory() : undefined;
  }

  /** Undefined where single rounds are not remembered. */
  get history(): RoundHistory | undefined {
    return this.#history;
  }

  begin(): void {
    this.#round = { ...noWork };
    this.#beganAt = this.#clock.now();
    this.#sleepTime += this.#sleptUntil(this.#beganAt);
    this.#asleepSince = undefined;
  }

  /** `queue`: from where. */
  received(packets: number, queue: string): void {
    this.#queue = queue;
    this.#round.packets += packets;
    if (packets > 0) this.#round.batches++;
  }

  beginUpcalls(): void {
    this.#upcallsBeganAt = this.#clock.now();
  }

  endUpcalls(count: number): void {
    this.#round.upcalls += count;
    this.#round.upcallCycles += nanoseconds(this.#clock.now() - this.#upcallsBeganAt);
  }

  end(): void {
    const now = this.#clock.now();
    const round = { ...this.#round, cycles: nanoseconds(now - this.#beganAt), number: ++this.#rounds };
    addWork(this.#work, round);
    if (round.packets === 0) {
      this.#idleRounds++;
      this.#idleCycles += round.cycles;
      this.#sleeps++;
      this.#asleepSince = now;
    } else this.load.add(this.#queue, round.cycles);
    if (this.#history === undefined) return;
    this.#history.add(round, this.#beganAt);
    this.#log.take(round, this.#history);
  }

  sums(): PollSums {
    const now = this.#clock.now();
    return {
      duration: now - this.#startedAt,
      rounds: this.#rounds,
      idleRounds: this.#idleRounds,
      idleCycles: this.#idleCycles,
      sleeps: this.#sleeps,
      sleepTime: this.#sleepTime + this.#sleptUntil(now),
      work: { ...this.#work },
    };
  }

  /** Begins counting anew. */
  clear(): void {
    this.#startedAt = this.#clock.now();
    this.#rounds = 0;
    this.#idleRounds = 0;
    this.#idleCycles = 0;
    this.#sleeps = 0;
    this.#sleepTime = 0;
    this.#work = { ...noWork };
    if (this.#asleepSince !== undefined) this.#asleepSince = this.#startedAt;
    this.#log = new RoundLog();
    if (this.#history !== undefined) this.#history = new RoundHistory();
  }

  #sleptUntil(now: number): number {
    return this.#asleepSince === undefined ? 0 : nanoseconds(now - this.#asleepSince);
  }
}

function nanoseconds(milliseconds: number): number {
  return Math.round(milliseconds * 1e6);
}
