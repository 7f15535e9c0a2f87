/** Dropped packets as they come, for whoever iterates: no more of them in a second, and waiting, than was agreed. */
import { TokenBucket } from '../../base/token-bucket.ts';
import type { AnyDropReason, DropPlace } from './drop-list.ts';

/** A packet that was dropped, and where and why. */
export interface DroppedPacket {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** undefined where it came into no bridge. */
  readonly bridge: string | undefined;
  /** By which it came into that bridge; undefined where that is no port of it. */
  readonly port: string | undefined;
  readonly reason: AnyDropReason;
  /** Who dropped it. */
  readonly place: DropPlace;
  /** The reason in words. */
  readonly text: string;
  /** The OpenFlow table in which it was looked up last; undefined where it was in none. */
  readonly table: number | undefined;
  /** The flow that it met there, as ovs-ofctl prints it; undefined for none. */
  readonly rule: string | undefined;
  /** What was being done with it: an OpenFlow action, or where the datapath dropped it, the datapath's actions. */
  readonly action: string | undefined;
  /** All that it has, as a match. */
  readonly flow: string;
  /** Bytes that it had. */
  readonly size: number;
  /** The first of them, from the Ethernet header on. */
  readonly head: Uint8Array;
}

/** Packets that wait to be taken. */
const waitingLimit = 1024;

/** One reader. It ends when the reader leaves or somebody calls `end`. */
export class DropStream implements AsyncIterable<DroppedPacket>, Disposable {
  readonly #bucket: TokenBucket;
  readonly #waiting: DroppedPacket[] = [];
  /** Other places that count what they did not give here. */
  readonly #sources: { readonly missedCount: number; stop(): void }[] = [];
  #missedCount = 0;
  #isEnding = false;
  #isEnded = false;
  #wake: () => void = () => {};

  /** @internal */
  constructor(rate: number, now: number) {
    this.#bucket = new TokenBucket(rate, now);
  }

  /** Packets that it would have had, had there not been too many. */
  get missedCount(): number {
    return this.#sources.reduce((sum, { missedCount }) => sum + missedCount, this.#missedCount);
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /**
   * What is stopped when it ends.
   * @internal
   */
  addSource(source: { readonly missedCount: number; stop(): void }): void {
    this.#sources.push(source);
  }

  /**
   * `describe` is called when there is room.
   * @internal
   */
  offer(now: number, describe: () => DroppedPacket): void {
    if (this.#isEnded) return;
    if (this.#waiting.length >= waitingLimit || !this.#bucket.take(now)) this.#missedCount++;
    else {
      this.#waiting.push(describe());
      this.#wake();
    }
  }

  /** @internal */
  countMissed(): void {
    this.#missedCount++;
  }

  /** What waits can still be taken. */
  end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    for (const source of this.#sources) source.stop(); // may give the last ones
    this.#isEnded = true;
    this.#wake();
  }

  /** Those that have come and were not taken yet. */
  take(): DroppedPacket[] {
    return this.#waiting.splice(0);
  }

  [Symbol.dispose](): void {
    this.end();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<DroppedPacket, void> {
    try {
      for (;;) {
        const packet = this.#waiting.shift();
        if (packet !== undefined) yield packet;
        else if (this.#isEnded) return;
        else
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
      }
    } finally {
      this.end();
    }
  }
}
