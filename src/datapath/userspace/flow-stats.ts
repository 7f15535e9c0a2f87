/**
 * Statistics of flows in shared memory, by `DpFlow.id`, in chunks that are made as ids grow. The owner of the flow
 * list (main thread) makes the chunks; each worker counts in its own.
 */
import type { DpFlowStats } from '../provider.ts';

/** Doubles of one flow. */
const stride = 5;
/** Positions inside a flow's doubles. */
export const stat = { packets: 0, bytes: 1, usedAt: 2, tcpFlags: 3, generation: 4 } as const;
const chunkFlows = 4096;

export class FlowCounters {
  readonly #chunks: (Float64Array | undefined)[] = [];

  /** Makes room for flow `id`; returns what another thread must `adopt` when a chunk was made for it. */
  reserve(id: number): SharedArrayBuffer | undefined {
    const index = Math.floor(id / chunkFlows);
    if (this.#chunks[index] !== undefined) return undefined;
    const buffer = new SharedArrayBuffer(8 * stride * chunkFlows);
    this.adopt(id, buffer);
    return buffer;
  }

  /** Takes the chunk that another thread made for flow `id` and its neighbours. */
  adopt(id: number, buffer: SharedArrayBuffer): void {
    this.#chunks[Math.floor(id / chunkFlows)] = new Float64Array(buffer);
  }

  /** The doubles that hold flow `id` from `offsetOf(id)` on. */
  chunkOf(id: number): Float64Array {
    const chunk = this.#chunks[Math.floor(id / chunkFlows)];
    if (chunk === undefined) throw new Error(`no room was reserved for the statistics of flow ${id}`);
    return chunk;
  }

  offsetOf(id: number): number {
    return (id % chunkFlows) * stride;
  }

  /** Starts flow `id` from zero. Ids are reused: readers tell the flows of one id apart by `generation`. */
  start(id: number, generation: number): void {
    const chunk = this.chunkOf(id);
    const at = this.offsetOf(id);
    if (chunk[at + stat.generation] === generation) return;
    chunk.fill(0, at, at + stride);
    chunk[at + stat.generation] = generation;
  }

  /** Adds flow `id` to `into`; nothing while the worker has not come to that `generation`. */
  addTo(into: DpFlowStats, id: number, generation: number): void {
    const chunk = this.chunkOf(id);
    const at = this.offsetOf(id);
    if (chunk[at + stat.generation] !== generation) return;
    into.packetCount += chunk[at + stat.packets] ?? 0;
    into.byteCount += chunk[at + stat.bytes] ?? 0;
    into.usedAt = Math.max(into.usedAt, chunk[at + stat.usedAt] ?? 0);
    into.tcpFlags |= chunk[at + stat.tcpFlags] ?? 0;
  }
}
