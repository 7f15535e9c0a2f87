/** The flows of a datapath as one worker has them: found by packets, which they count. */
import type { Mask } from '../../flow/mask.ts';
import { slots } from '../../flow/slots.ts';
import type { Frame } from '../../wire/frame.ts';
import type { Totals } from './counters.ts';
import type { ActionStep } from './execute.ts';
import { FlowCache, FlowEntry, hashConnection } from './flow-cache.ts';
import { type FlowCounters, stat } from './flow-stats.ts';

/** A flow as it is put: `generation` tells flows of one id apart. */
export interface EngineFlow {
  readonly id: number;
  readonly generation: number;
  readonly mask: Mask;
  /** Of its key under the mask. */
  readonly values: readonly number[];
  readonly steps: readonly ActionStep[];
}

const tcpFlagsWord = slots.tcp_flags.word;

export class EngineFlows {
  readonly stats: FlowCounters;
  readonly #totals: Totals;
  readonly #cache: FlowCache;

  constructor(capacity: number, totals: Totals, stats: FlowCounters) {
    this.stats = stats;
    this.#totals = totals;
    this.#cache = new FlowCache(capacity);
  }

  /** Each search is done again in the plainest way. */
  validateLookups(isWanted: boolean): void {
    this.#cache.validates = isWanted;
  }

  /** `first`: the key of the packet that it was made for. */
  put(flow: EngineFlow, first?: Uint32Array): void {
    const { id } = flow;
    this.stats.start(id, flow.generation);
    const counts = this.stats.chunkOf(id);
    const entry = new FlowEntry(id, flow.steps, counts, this.stats.offsetOf(id));
    this.#cache.put(entry, flow.mask, flow.values);
    if (first !== undefined) this.#cache.remember(id, hashConnection(first));
    this.#publishSizes();
  }

  delete(id: number): void {
    this.#cache.delete(id);
    this.#publishSizes();
  }

  clear(): void {
    this.#cache.clear();
    this.#publishSizes();
  }

  get(id: number): FlowEntry | undefined {
    return this.#cache.get(id);
  }

  /** `hash` is `hashConnection(key)`, perhaps with what else tells packets apart. */
  lookup(key: Uint32Array, hash: number): FlowEntry | undefined {
    return this.#cache.lookup(key, hash);
  }

  /** The flow has had a packet. */
  count(flow: FlowEntry, frame: Frame, key: Uint32Array, now: number): void {
    const { counts, at } = flow;
    counts[at + stat.packets] = (counts[at + stat.packets] ?? 0) + 1;
    counts[at + stat.bytes] = (counts[at + stat.bytes] ?? 0) + frame.end - frame.start;
    counts[at + stat.usedAt] = now;
    const flags = (key[tcpFlagsWord] ?? 0) >>> 16;
    if ((flags & ~flow.tcpFlags) !== 0) {
      flow.tcpFlags |= flags;
      counts[at + stat.tcpFlags] = flow.tcpFlags;
    }
    this.#totals.addHit(1);
  }

  /** Adds the searches since the last call to the totals. */
  publishSearches(): void {
    const cache = this.#cache;
    if (cache.maskProbes === 0) return;
    this.#totals.addSearches(cache.maskProbes, cache.foundCount);
    cache.maskProbes = 0;
    cache.foundCount = 0;
  }

  #publishSizes(): void {
    this.#totals.setSizes(this.#cache.flowCount, this.#cache.maskCount);
  }
}
