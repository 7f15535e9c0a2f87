/**
 * What comes of a packet besides datapath actions: why it ends and where, what only the slow path can do, and effects.
 */
import type { SlowPathReason } from '../../datapath/cookie.ts';
import { type DropReason, failureOf } from './drop-reasons.ts';
import type { Effect } from './effects.ts';
import type { PacketDrop, PacketEnd } from './request.ts';

export class PacketOutcome {
  readonly effects: Effect[] = [];
  /** Each once. */
  readonly slowPath: SlowPathReason[] = [];
  /** What it depended on; see tags.ts. */
  tags = 0;
  /** What was decided holds for this packet only. */
  isPassing = false;
  /** A protocol of the switch has it, and nobody misses it. */
  isTaken = false;
  /** Why nothing is done with the packet after all. */
  failure: DropReason | undefined;
  #drop: DropReason | undefined;
  /** Where that was. */
  #dropEnd: PacketEnd | undefined;

  /** Only the slow path can do what the actions say. */
  slow(reason: SlowPathReason): void {
    if (!this.slowPath.includes(reason)) this.slowPath.push(reason);
  }

  /** Nothing more happens there. The last reason counts, if no output happened at all. */
  drop(reason: DropReason, end: PacketEnd): void {
    if (this.failure === undefined) this.#dropEnd = end;
    this.#drop = reason;
    if (failureOf(reason) !== undefined) this.failure = reason;
  }

  /** It drops, whatever was done before. */
  fail(reason: DropReason): void {
    this.slowPath.length = 0;
    this.#drop = reason;
  }

  /** Where it ended: where it was dropped if it was, else at `last`. */
  endOf(isDropped: boolean, last: PacketEnd): { readonly end: PacketEnd; readonly drop?: PacketDrop } {
    const end = (isDropped ? this.#dropEnd : undefined) ?? last;
    return isDropped && !this.isTaken ? { end, drop: { reason: this.#drop ?? 'noOutput', end } } : { end };
  }
}
