/**
 * What the owner's side of a userspace datapath keeps of its flows: which ids are in use, and the statistics that
 * the workers count in shared memory.
 */
import { counter } from '../base/coverage.ts';
import type { DpFlowStats } from './provider.ts';
import type { FlowStats } from './userspace/flow-stats.ts';

const refused = counter('datapath_flow_refused');

export class FlowIds {
  readonly capacity: number;
  readonly #generations = new Map<number, number>();
  #lastGeneration = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get count(): number {
    return this.#generations.size;
  }

  /** The generation under which flow `id` is put: that of the flow it replaces, or a new one. 0 = no room. */
  put(id: number): number {
    const known = this.#generations.get(id);
    if (known !== undefined) return known;
    if (this.#generations.size >= this.capacity) {
      refused.total++;
      return 0;
    }
    const generation = ++this.#lastGeneration;
    this.#generations.set(id, generation);
    return generation;
  }

  delete(id: number): boolean {
    return this.#generations.delete(id);
  }

  clear(): void {
    this.#generations.clear();
  }

  /** Fills `into` with the sum over `workers`; false when there is no such flow. */
  readStats(id: number, workers: readonly FlowStats[], into: DpFlowStats): boolean {
    const generation = this.#generations.get(id);
    if (generation === undefined) return false;
    into.packetCount = 0;
    into.byteCount = 0;
    into.usedAt = 0;
    into.tcpFlags = 0;
    for (const stats of workers) stats.addTo(into, id, generation);
    return true;
  }
}
