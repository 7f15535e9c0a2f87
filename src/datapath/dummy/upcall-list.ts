/** Upcalls of a datapath on the main thread: a list that is handed over at the end of a batch. */
import { usedWordCount } from '../../flow/key.ts';
import type { Frame } from '../../wire/frame.ts';
import type { Offload, Upcall, UpcallReason } from '../provider.ts';
import type { UpcallSink } from '../userspace/engine.ts';

/** A batch may hold more than this only by what one receive brings. */
const limit = 4096;

export class UpcallList implements UpcallSink {
  /** Number of the last packet that was added. */
  lastSequence = 0;
  /** Whether there is anybody who takes them. */
  isRead = false;
  #waiting: Upcall[] = [];

  add(reason: UpcallReason, frame: Frame, key: Uint32Array): number {
    if (!this.isRead || this.#waiting.length >= limit) return 0;
    const bytes = frame.bytes.slice(frame.start, frame.end);
    this.#waiting.push({ reason, key: key.slice(0, usedWordCount(key)), bytes, offload: offloadOf(frame) });
    return ++this.lastSequence;
  }

  /** What came since the last call. */
  take(): readonly Upcall[] {
    const taken = this.#waiting;
    this.#waiting = [];
    return taken;
  }
}

function offloadOf(frame: Frame): Offload | undefined {
  if (frame.checksumStart < 0 && frame.gsoType === 0) return undefined;
  const { checksumStart, checksumOffset, gsoType, gsoSize, headerSize } = frame;
  return { checksumStart, checksumOffset, gsoType, gsoSize, headerSize };
}
