/**
 * The flow cache of one worker. A packet's key is looked up in two steps: a direct-mapped cache that remembers which
 * flow the packet's connection hit last, verified by the flow's own generated comparison (so an entry can be stale
 * but never wrong), then one probe for each mask, most used masks first. Flows of one datapath never disagree about
 * a packet, so the first that matches is the answer.
 */
import { Classifier, type ClassifierRule, type MaskCode, maskCode } from '../../flow/classifier.ts';
import { slots } from '../../flow/slots.ts';
import type { Step } from './execute.ts';

/** A flow as a worker keeps it. */
export class FlowEntry implements ClassifierRule {
  readonly id: number;
  readonly key: Uint32Array;
  readonly mask: Uint32Array;
  readonly priority = 0;
  readonly steps: readonly Step[];
  /** Statistics: `counts[at + stat.x]`. */
  readonly counts: Float64Array;
  readonly at: number;
  /** False once deleted or replaced: the cache may still point here. */
  isLive = true;
  tcpFlags = 0;
  readonly isEqual: MaskCode['isEqual'];
  /** Masked words, as `isEqual` wants them. */
  readonly packed: Uint32Array;

  constructor(
    flow: { id: number; key: Uint32Array; mask: Uint32Array },
    steps: readonly Step[],
    counts: Float64Array,
    at: number,
  ) {
    this.id = flow.id;
    this.key = flow.key;
    this.mask = flow.mask;
    this.steps = steps;
    this.counts = counts;
    this.at = at;
    const code = maskCode(flow.mask);
    this.isEqual = code.isEqual;
    this.packed = Uint32Array.from(code.words, (w) => flow.key[w] ?? 0);
  }
}

/** Entries of the connection cache; a power of two. */
const cacheSize = 16384;
/** Lookups in masks between two rankings of them. */
const rankInterval = 65536;

const inPort = slots.in_port.word;
const ethDst = slots.eth_dst.word;
const ethSrc = slots.eth_src.word;
const vlan = slots.vlan_tpid.word;
const nwSrc = slots.nw_src.word;
const nwDst = slots.nw_dst.word;
const proto = slots.nw_proto.word;
const ipv6Src = slots.ipv6_src.word;
const ipv6Dst = slots.ipv6_dst.word;
const ports = slots.tp_src.word;

/** Mixes what tells connections apart. Two chains, so that the processor works on both at once. */
export function hashConnection(key: Uint32Array): number {
  let a = (key[inPort] ?? 0) ^ Math.imul(key[ethDst] ?? 0, 0x85ebca6b);
  let b = (key[ethDst + 1] ?? 0) ^ Math.imul(key[ethSrc] ?? 0, 0xcc9e2d51);
  a = Math.imul(a ^ (a >>> 15) ^ (key[ethSrc + 1] ?? 0), 0x9e3779b1);
  b = Math.imul(b ^ (b >>> 15) ^ (key[vlan] ?? 0), 0x27d4eb2f);
  a = Math.imul(a ^ (a >>> 15) ^ (key[nwSrc] ?? 0), 0x85ebca6b);
  b = Math.imul(b ^ (b >>> 15) ^ (key[nwDst] ?? 0), 0xc2b2ae35);
  a = Math.imul(a ^ (a >>> 15) ^ (key[ports] ?? 0), 0xcc9e2d51);
  b = Math.imul(b ^ (b >>> 15) ^ (key[proto] ?? 0), 0x165667b1);
  a = Math.imul(a ^ (a >>> 15) ^ (key[ipv6Src + 3] ?? 0), 0x27d4eb2f);
  b = Math.imul(b ^ (b >>> 15) ^ (key[ipv6Dst + 3] ?? 0), 0x9e3779b1);
  const h = Math.imul(a ^ (a >>> 16) ^ b ^ (b >>> 13), 0x85ebca6b);
  return h ^ (h >>> 15);
}

export class FlowTable {
  readonly capacity: number;
  /** Probes of masks, for `DpStats.maskHitCount`. */
  maskProbes = 0;
  readonly #classifier = new Classifier<FlowEntry>();
  readonly #cache: (FlowEntry | undefined)[] = new Array<FlowEntry | undefined>(cacheSize).fill(undefined);
  readonly #ofId = new Map<number, FlowEntry>();
  #lookupsToRank = rankInterval;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get flowCount(): number {
    return this.#ofId.size;
  }

  get maskCount(): number {
    return this.#classifier.subtables.length;
  }

  get(id: number): FlowEntry | undefined {
    return this.#ofId.get(id);
  }

  /** Adds the flow or replaces the one of its id. False when the table is full. */
  put(flow: FlowEntry): boolean {
    const before = this.#ofId.get(flow.id);
    if (before === undefined && this.#ofId.size >= this.capacity) return false;
    const replaced = this.#classifier.insert(flow);
    if (replaced !== undefined) replaced.isLive = false;
    if (before !== undefined && before !== replaced) this.#retire(before);
    this.#ofId.set(flow.id, flow);
    return true;
  }

  delete(id: number): void {
    const gone = this.#ofId.get(id);
    if (gone === undefined) return;
    this.#ofId.delete(id);
    this.#retire(gone);
  }

  clear(): void {
    for (const flow of this.#ofId.values()) flow.isLive = false;
    this.#ofId.clear();
    this.#classifier.clear();
    this.#cache.fill(undefined);
  }

  /** `hash` is `hashConnection(key)`. */
  lookup(key: Uint32Array, hash: number): FlowEntry | undefined {
    const at = hash & (cacheSize - 1);
    const cached = this.#cache[at];
    if (cached?.isLive && cached.isEqual(key, cached.packed, 0)) return cached;
    const found = this.#search(key);
    if (found !== undefined) this.#cache[at] = found;
    return found;
  }

  #search(key: Uint32Array): FlowEntry | undefined {
    const { subtables } = this.#classifier;
    if (--this.#lookupsToRank === 0) {
      this.#lookupsToRank = rankInterval;
      this.#classifier.rank();
    }
    for (let n = 0; n < subtables.length; n++) {
      const subtable = subtables[n];
      const found = subtable?.lookup(key);
      if (subtable === undefined || found === undefined) continue;
      subtable.hitCount++;
      this.maskProbes += n + 1;
      return found;
    }
    this.maskProbes += subtables.length;
    return undefined;
  }

  #retire(flow: FlowEntry): void {
    flow.isLive = false;
    this.#classifier.remove(flow);
  }
}
