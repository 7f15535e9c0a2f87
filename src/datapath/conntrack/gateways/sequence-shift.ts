/**
 * How far the sequence numbers of one direction of a TCP connection are moved because text in it became longer or
 * shorter. Positions count as their sender counts; behind the gateway they are read `shift` further on. Numbers are of
 * 32 bits and wrap around (RFC 9293, section 3.4).
 */
import { isAtOrAfter } from '../tcp-end.ts';

interface Change {
  /** Behind the text that changed. */
  readonly position: number;
  /** From there on; of all changes so far together. */
  readonly shift: number;
}

/** What is retransmitted is hardly ever older: a control connection waits for an answer to each command. */
const changeLimit = 8;

/**
 * Differs: a command that is retransmitted keeps its numbers and counts once, numbers of both directions may move, and
 * those that are acknowledged selectively do, too; the reference moves a retransmitted command and counts it again.
 */
export class SequenceShift {
  readonly #changes: Change[] = [];
  /** In front of all changes that are remembered. */
  #earlier = 0;

  get isNone(): boolean {
    return this.#changes.length === 0;
  }

  /** The text that ends in front of `position` grew by so much. One that is retransmitted counts once. */
  record(position: number, growth: number): void {
    const last = this.#changes.at(-1);
    if (last !== undefined && isAtOrAfter(last.position, position | 0)) return;
    this.#changes.push({ position: position | 0, shift: (last?.shift ?? this.#earlier) + growth });
    if (this.#changes.length > changeLimit) this.#earlier = this.#changes.shift()?.shift ?? 0;
  }

  /** What its sender wrote, as the other end is to read it. */
  outward(sequence: number): number {
    const change = this.#changes.findLast(({ position }) => isAtOrAfter(sequence | 0, position));
    return (sequence + (change?.shift ?? this.#earlier)) >>> 0;
  }

  /** What the other end acknowledges, as the sender counts. Of a changed text in parts, less than all. */
  inward(acknowledged: number): number {
    const at = this.#changes.findLastIndex(({ position, shift }) =>
      isAtOrAfter(acknowledged | 0, (position + shift) | 0),
    );
    const number = (acknowledged - (this.#changes[at]?.shift ?? this.#earlier)) | 0;
    const next = this.#changes[at + 1];
    return (next !== undefined && isAtOrAfter(number, next.position) ? next.position - 1 : number) >>> 0;
  }
}
