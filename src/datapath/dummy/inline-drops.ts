/** Dropped packets of a datapath on the main thread: handed over at once. */
import type { Ms } from '../../base/units.ts';
import { usedWordCount } from '../../flow/key.ts';
import type { Frame } from '../../wire/frame.ts';
import type { DpDrop, DropSink } from '../drop-watch.ts';
import type { DpDropReason } from '../drops.ts';

export class InlineDrops implements DropSink {
  missedCount = 0;
  readonly #headSize: number;
  readonly #take: (drops: readonly DpDrop[]) => void;

  constructor(headSize: number, take: (drops: readonly DpDrop[]) => void) {
    this.#headSize = headSize;
    this.#take = take;
  }

  put(reason: DpDropReason, { bytes, start, end }: Frame, key: Uint32Array, at: Ms): boolean {
    const size = end - start;
    const head = bytes.slice(start, start + Math.min(size, this.#headSize));
    this.#take([{ reason, at, size, head, key: key.slice(0, usedWordCount(key)) }]);
    return true;
  }

  countMissed(): void {
    this.missedCount++;
  }
}
