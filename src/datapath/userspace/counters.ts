/**
 * Counters in shared memory: the worker adds, the main thread reads them at any time without waiting. Each value is
 * one aligned double with one writer, so a reader sees the old or the new one, never half of each.
 */
import type { PortCounters } from '../../netdev/provider.ts';
import { type DpDropReason, dropIndex, dropNames } from '../drops.ts';

/** Positions of the totals of one worker; the drops by reason follow them. */
const total = {
  hit: 0,
  miss: 1,
  lost: 2,
  maskHit: 3,
  flows: 4,
  masks: 5,
  searched: 6,
  recirculated: 7,
  sent: 8,
  sentBatches: 9,
  marked: 10,
} as const;
const firstDrop = 11;

/** What one worker did since it started. */
export class Totals {
  readonly buffer: SharedArrayBuffer;
  readonly #values: Float64Array;

  constructor(buffer = new SharedArrayBuffer(8 * (firstDrop + dropNames.length))) {
    this.buffer = buffer;
    this.#values = new Float64Array(buffer);
  }

  addHit(packetCount: number): void {
    this.#add(total.hit, packetCount);
  }

  /** Of a hit: its flow was known to the device. */
  addMarked(): void {
    this.#add(total.marked, 1);
  }

  addMiss(): void {
    this.#add(total.miss, 1);
  }

  addLost(): void {
    this.#add(total.lost, 1);
  }

  /** Masks that were looked under, and packets that were found there. */
  addSearches(probes: number, found: number): void {
    this.#add(total.maskHit, probes);
    this.#add(total.searched, found);
  }

  addRecirculation(): void {
    this.#add(total.recirculated, 1);
  }

  /** What went out by one port at once. */
  addBatch(packets: number): void {
    this.#add(total.sent, packets);
    this.#add(total.sentBatches, 1);
  }

  /** Of the reason of that index. */
  addDrop(index: number): void {
    this.#add(firstDrop + index, 1);
  }

  setSizes(flowCount: number, maskCount: number): void {
    this.#values[total.flows] = flowCount;
    this.#values[total.masks] = maskCount;
  }

  get(name: keyof typeof total): number {
    return this.#values[total[name]] ?? 0;
  }

  dropCount(reason: DpDropReason): number {
    return this.#values[firstDrop + dropIndex[reason]] ?? 0;
  }

  #add(at: number, by: number): void {
    this.#values[at] = (this.#values[at] ?? 0) + by;
  }
}

/** Positions of a port's counters, in the order of `publish`; the drops of what it received follow them. */
const firstPortDrop = 8;

/** A port's counters in one worker, as that last published them, and what it dropped of those that the port received. */
export class SharedPortCounters {
  readonly buffer: SharedArrayBuffer;
  readonly #values: Float64Array;

  constructor(buffer = new SharedArrayBuffer(8 * (firstPortDrop + dropNames.length))) {
    this.buffer = buffer;
    this.#values = new Float64Array(buffer);
  }

  publish(from: PortCounters): void {
    const to = this.#values;
    to[0] = from.rxPackets;
    to[1] = from.rxBytes;
    to[2] = from.rxDropped;
    to[3] = from.rxErrors;
    to[4] = from.txPackets;
    to[5] = from.txBytes;
    to[6] = from.txDropped;
    to[7] = from.txErrors;
  }

  /** Of the reason of that index. */
  addDrop(index: number): void {
    const at = firstPortDrop + index;
    this.#values[at] = (this.#values[at] ?? 0) + 1;
  }

  dropCount(reason: DpDropReason): number {
    return this.#values[firstPortDrop + dropIndex[reason]] ?? 0;
  }

  addTo(sum: PortCounters): void {
    const at = (n: number): number => this.#values[n] ?? 0;
    sum.rxPackets += at(0);
    sum.rxBytes += at(1);
    sum.rxDropped += at(2);
    sum.rxErrors += at(3);
    sum.txPackets += at(4);
    sum.txBytes += at(5);
    sum.txDropped += at(6);
    sum.txErrors += at(7);
  }
}
