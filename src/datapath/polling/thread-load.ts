/**
 * How busy a thread that polls was, and with which of its queues: in pieces of five seconds, those of the last minute.
 */
import type { Clock } from '../../base/clock.ts';

/** Milliseconds. */
const pieceLength = 5000;
const pieceLimit = 12;
/** Seconds over which the load is known, and of one piece of them. */
export const longestTime = (pieceLimit * pieceLength) / 1000;
export const pieceTime = pieceLength / 1000;
const cyclesPerPiece = pieceLength * 1e6;

interface Piece {
  /** Cycles with packets. */
  busy: number;
  /** Those of each queue. */
  readonly queues: Map<string, number>;
}

export class ThreadLoad {
  readonly #clock: Clock;
  /** Oldest first. */
  #pieces: Piece[] = [];
  #current: Piece = newPiece();
  #endsAt: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#endsAt = clock.now() + 2 * pieceLength; // what is new does not run as usual yet
  }

  /** Nothing is known for a while. */
  reset(): void {
    this.#pieces = [];
    this.#current = newPiece();
    this.#endsAt = this.#clock.now() + 2 * pieceLength;
  }

  add(queue: string, cycles: number): void {
    this.#goOn();
    this.#current.busy += cycles;
    this.#current.queues.set(queue, (this.#current.queues.get(queue) ?? 0) + cycles);
  }

  /** Cycles with packets of a queue in all that time. */
  cyclesOf(queue: string): number {
    return this.#last().reduce((sum, { queues }) => sum + (queues.get(queue) ?? 0), 0);
  }

  /** Per cent of the last seconds; undefined while nothing is known. */
  usageOf(queue: string, seconds = longestTime): number | undefined {
    return shareOf(this.#last(seconds), ({ queues }) => queues.get(queue) ?? 0);
  }

  usage(seconds = longestTime): number | undefined {
    return shareOf(this.#last(seconds), ({ busy }) => busy);
  }

  /** Was it at least so busy, per cent, all that time? */
  isAlwaysAbove(threshold: number): boolean {
    const pieces = this.#last();
    return (
      pieces.length === pieceLimit && pieces.every(({ busy }) => (100 * busy) / cyclesPerPiece >= threshold)
    );
  }

  #last(seconds = longestTime): readonly Piece[] {
    this.#goOn();
    return this.#pieces.slice(-Math.ceil(seconds / pieceTime));
  }

  #goOn(): void {
    const now = this.#clock.now();
    if (now < this.#endsAt) return;
    const overCount = 1 + Math.floor((now - this.#endsAt) / pieceLength);
    const idleCount = Math.min(overCount - 1, pieceLimit);
    this.#pieces.push(this.#current, ...Array.from({ length: idleCount }, newPiece));
    this.#pieces = this.#pieces.slice(-pieceLimit);
    this.#current = newPiece();
    this.#endsAt += overCount * pieceLength;
  }
}

function newPiece(): Piece {
  return { busy: 0, queues: new Map() };
}

function shareOf(pieces: readonly Piece[], cycles: (piece: Piece) => number): number | undefined {
  if (pieces.length === 0) return undefined;
  const sum = pieces.reduce((total, piece) => total + cycles(piece), 0);
  return Math.min(100, Math.floor((100 * sum) / (pieces.length * cyclesPerPiece)));
}
