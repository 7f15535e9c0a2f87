/**
 * Watching what a datapath drops: heads of dropped packets, no more of them in a second than is asked for. Decided where
 * the packet is dropped, so that a flood of drops costs little more than its count.
 */
import { TokenBucket } from '../base/token-bucket.ts';
import type { Ms } from '../base/units.ts';
import { isMatchedBy, type Match } from '../flow/match.ts';
import type { Frame } from '../wire/frame.ts';
import type { DpDropReason } from './drops.ts';

/** What somebody wants to see. */
export interface DropWatch {
  /** Packets a second at most, of each thread that forwards. */
  readonly rate: number;
  /** Bytes of each packet. */
  readonly headSize: number;
  /** Of keys as the datapath has them; undefined for all. */
  readonly match: Match | undefined;
}

/** A packet that was dropped. */
export interface DpDrop {
  readonly reason: DpDropReason;
  readonly at: Ms;
  /** Bytes that it had. */
  readonly size: number;
  /** As `DropWatch.headSize` says. */
  readonly head: Uint8Array;
  /** As it was looked up last; words beyond its length are zero. */
  readonly key: Uint32Array;
}

/** A watch that was begun. */
export interface DropWatching {
  /** Packets of the watch that were not shown, since there were more than its rate allows or than were taken. */
  readonly missedCount: number;
  stop(): void;
}

/** Where the watched packets go. */
export interface DropSink {
  /** Copies the packet; false when there is no room. */
  put(reason: DpDropReason, frame: Frame, key: Uint32Array, now: Ms): boolean;
  countMissed(): void;
}

/** One watch in one engine. */
export class DropSampler {
  readonly #match: Match | undefined;
  readonly #sink: DropSink;
  readonly #bucket: TokenBucket;

  constructor({ match, rate }: Pick<DropWatch, 'match' | 'rate'>, sink: DropSink, now: Ms) {
    this.#match = match;
    this.#sink = sink;
    this.#bucket = new TokenBucket(rate, now);
  }

  take(reason: DpDropReason, frame: Frame, key: Uint32Array, now: Ms): void {
    if (this.#match !== undefined && !isMatchedBy(this.#match, key)) return;
    if (!this.#bucket.take(now) || !this.#sink.put(reason, frame, key, now)) this.#sink.countMissed();
  }
}

/** All watches in one engine. */
export class DropSamplers {
  readonly #byId = new Map<number, DropSampler>();
  /** The same in a list: most of the time an empty one. */
  #all: readonly DropSampler[] = [];

  add(id: number, sampler: DropSampler): void {
    this.#byId.set(id, sampler);
    this.#all = [...this.#byId.values()];
  }

  remove(id: number): void {
    this.#byId.delete(id);
    this.#all = [...this.#byId.values()];
  }

  take(reason: DpDropReason, frame: Frame, key: Uint32Array, now: Ms): void {
    if (this.#all.length === 0) return;
    for (const sampler of this.#all) sampler.take(reason, frame, key, now);
  }
}
