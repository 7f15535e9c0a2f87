/** What a dummy device counted by queue, and how many queues it has. */

interface Counts {
  packets: number;
  bytes: number;
}

type QueueDirection = 'rx' | 'tx';

export class QueueCounters {
  readonly #counts: Record<QueueDirection, Counts[]> = { rx: [noCounts()], tx: [noCounts()] };

  /** Queues of that direction. */
  size(direction: QueueDirection): number {
    return this.#counts[direction].length;
  }

  /** Those that stay keep what they counted. */
  resize(direction: QueueDirection, size: number): void {
    const counts = this.#counts[direction];
    counts.length = Math.min(counts.length, size);
    while (counts.length < size) counts.push(noCounts());
  }

  count(direction: QueueDirection, queue: number, bytes: number): void {
    const counts = this.#counts[direction][queue];
    if (counts === undefined) return;
    counts.packets++;
    counts.bytes += bytes;
  }

  /** "rx_q0_packets" and so on. */
  *entries(): IterableIterator<[name: string, value: number]> {
    for (const direction of ['rx', 'tx'] as const) {
      for (const [queue, { packets, bytes }] of this.#counts[direction].entries()) {
        yield [`${direction}_q${queue}_packets`, packets];
        yield [`${direction}_q${queue}_bytes`, bytes];
      }
    }
  }
}

function noCounts(): Counts {
  return { packets: 0, bytes: 0 };
}
