/**
 * What the owner's side of a userspace datapath keeps of its flows: which there are, and where to read what the workers
 * count of them in shared memory.
 */
import { coverageCounter } from '../base/coverage.ts';
import type { DpFlow, DpFlowStats } from './provider.ts';
import type { FlowCounters } from './userspace/flow-stats.ts';

const put = coverageCounter('dpif_flow_put');
const deleted = coverageCounter('dpif_flow_del');
const flushed = coverageCounter('dpif_flow_flush');

const refused = coverageCounter('datapath_flow_refused');

export class FlowList {
  readonly capacity: number;
  /** By id. */
  #flows: (DpFlow | undefined)[] = [];
  /** By id: tells the flows of one id apart. */
  #generations: number[] = [];
  #count = 0;
  #lastGeneration = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get count(): number {
    return this.#count;
  }

  get(id: number): DpFlow | undefined {
    return this.#flows[id];
  }

  /** The generation under which the flow is put: that of the flow it replaces, or a new one. 0 = no room. */
  put(flow: DpFlow): number {
    const { id } = flow;
    put.total++;
    if (this.#flows[id] === undefined) {
      if (this.#count >= this.capacity) {
        refused.total++;
        return 0;
      }
      this.#count++;
      this.#generations[id] = ++this.#lastGeneration;
    }
    this.#flows[id] = flow;
    return this.#generations[id] ?? 0;
  }

  /** The flow that was there. */
  delete(id: number): DpFlow | undefined {
    const gone = this.#flows[id];
    if (gone === undefined) return undefined;
    deleted.total++;
    this.#flows[id] = undefined;
    this.#count--;
    return gone;
  }

  clear(): void {
    flushed.total++;
    this.#flows = [];
    this.#generations = [];
    this.#count = 0;
  }

  *[Symbol.iterator](): IterableIterator<DpFlow> {
    for (const flow of this.#flows) if (flow !== undefined) yield flow;
  }

  /** Fills `into` with the sum over `workers`; false when there is no such flow. */
  readStats(
    id: number,
    workers: readonly { readonly flowStats: FlowCounters }[],
    into: DpFlowStats,
  ): boolean {
    if (this.#flows[id] === undefined) return false;
    const generation = this.#generations[id] ?? 0;
    into.packetCount = 0;
    into.byteCount = 0;
    into.usedAt = 0;
    into.tcpFlags = 0;
    for (const { flowStats } of workers) flowStats.addTo(into, id, generation);
    return true;
  }
}
