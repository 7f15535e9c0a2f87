/** Rounds of a thread that polls, one by one: the last ones, and how often they were such and such. */
import { evenWalls, growingWalls, Histogram } from './histogram.ts';

/** Of one round, or of many. */
export interface RoundWork {
  cycles: number;
  packets: number;
  batches: number;
  upcalls: number;
  upcallCycles: number;
}

export interface Round extends Readonly<RoundWork> {
  /** From 1. */
  readonly number: number;
}

/** All rounds that began in one millisecond. */
export interface MillisecondOfWork extends Readonly<RoundWork> {
  /** Of the clock. */
  readonly at: number;
  readonly rounds: number;
}

/** Rounds, and milliseconds, that are remembered. */
export const historyLimit = 1000;

/** By how often a round took or brought so much. */
class RoundHistograms {
  readonly cycles = new Histogram(growingWalls(500, 24_000_000));
  readonly packets = new Histogram(growingWalls(0, 1000));
  readonly cyclesPerPacket = new Histogram(evenWalls(100, 30_000));
  readonly packetsPerBatch = new Histogram(evenWalls(0, 32));
  /** Of queues to virtual machines: there are none here. */
  readonly queueLength = new Histogram(growingWalls(0, 512));
  readonly upcalls = new Histogram(evenWalls(0, 30));
  readonly cyclesPerUpcall = new Histogram(growingWalls(1000, 1_000_000));

  add({ cycles, packets, batches, upcalls, upcallCycles }: Round): void {
    this.cycles.add(cycles);
    this.packets.add(packets);
    if (packets > 0) this.cyclesPerPacket.add(Math.floor(cycles / packets));
    if (batches > 0) this.packetsPerBatch.add(Math.floor(packets / batches));
    this.queueLength.add(0);
    this.upcalls.add(upcalls);
    if (upcalls > 0) this.cyclesPerUpcall.add(Math.floor(upcallCycles / upcalls));
  }
}

/** What is remembered of single rounds. */
export class RoundHistory {
  readonly histograms = new RoundHistograms();
  /** The last ones, oldest first. */
  readonly rounds: Round[] = [];
  /** The same. */
  readonly milliseconds: (MillisecondOfWork & RoundWork & { rounds: number })[] = [];

  add(round: Round, now: number): void {
    this.histograms.add(round);
    this.rounds.push(round);
    if (this.rounds.length > historyLimit) this.rounds.shift();
    const at = Math.floor(now);
    if (this.milliseconds.at(-1)?.at !== at) {
      this.milliseconds.push({ at, rounds: 0, ...noWork });
      if (this.milliseconds.length > historyLimit) this.milliseconds.shift();
    }
    const last = this.milliseconds.at(-1);
    if (last === undefined) return;
    last.rounds++;
    addWork(last, round);
  }
}

export const noWork: Readonly<RoundWork> = { cycles: 0, packets: 0, batches: 0, upcalls: 0, upcallCycles: 0 };

export function addWork(sum: RoundWork, more: Readonly<RoundWork>): void {
  sum.cycles += more.cycles;
  sum.packets += more.packets;
  sum.batches += more.batches;
  sum.upcalls += more.upcalls;
  sum.upcallCycles += more.upcallCycles;
}
