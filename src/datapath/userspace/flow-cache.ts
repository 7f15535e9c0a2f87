/**
 * The flow cache of one worker. A packet's key is looked up in two steps: a direct-mapped cache that remembers which
 * flow the packet's connection hit last, verified under the flow's own mask (so an entry can be stale but never
 * wrong), then one probe for each mask, most used masks first. Flows of one datapath never disagree about a packet, so
 * the first that matches is the answer.
 */
import type { Mask } from '../../flow/mask.ts';
import { MaskTable, type TableEntry } from '../../flow/mask-table.ts';
import { isMatchedBy } from '../../flow/match.ts';
import { slots } from '../../flow/slots.ts';
import type { ActionStep } from './execute.ts';

/** A flow as a worker keeps it. */
export class FlowEntry implements TableEntry {
  readonly id: number;
  readonly steps: readonly ActionStep[];
  /** Statistics: `counts[at + stat.x]`. */
  readonly counts: Float64Array;
  readonly at: number;
  tcpFlags = 0;
  /** Where it is; undefined once deleted or replaced: the cache may still point here. */
  table: FlowMaskTable | undefined;
  slot = -1;

  constructor(id: number, steps: readonly ActionStep[], counts: Float64Array, at: number) {
    this.id = id;
    this.steps = steps;
    this.counts = counts;
    this.at = at;
  }
}

/** The flows of one mask. */
class FlowMaskTable extends MaskTable<FlowEntry> {
  /** Lookups that ended here, halved now and then so that old traffic fades. */
  hitCount = 0;
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

export class FlowCache {
  readonly capacity: number;
  /** Probes of masks, for `DpStats.maskHitCount`. */
  maskProbes = 0;
  /** Flows found by these, and not in the cache of connections. */
  foundCount = 0;
  /** Whether each search is done again in the plainest way. */
  validates = false;
  /** Those hit most come first. */
  readonly #tables: FlowMaskTable[] = [];
  readonly #ofMask = new Map<Mask, FlowMaskTable>();
  readonly #cache: (FlowEntry | undefined)[] = new Array<FlowEntry | undefined>(cacheSize).fill(undefined);
  /** By id. */
  #flows: (FlowEntry | undefined)[] = [];
  #flowCount = 0;
  #lookupsToRank = rankInterval;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get flowCount(): number {
    return this.#flowCount;
  }

  get maskCount(): number {
    return this.#tables.length;
  }

  get(id: number): FlowEntry | undefined {
    return this.#flows[id];
  }

  /** Adds the flow or replaces the one of its id. False when the table is full. */
  put(flow: FlowEntry, mask: Mask, values: readonly number[]): boolean {
    const before = this.#flows[flow.id];
    if (before === undefined && this.#flowCount >= this.capacity) return false;
    if (before !== undefined) this.#remove(before);
    const table = this.#tableOf(mask);
    const same = table.findValues(values);
    if (same !== undefined) this.#remove(same); // of another id, which its owner deletes in a moment
    flow.table = this.#tableOf(mask);
    flow.table.add(flow, values);
    this.#flows[flow.id] = flow;
    this.#flowCount++;
    return true;
  }

  /** The next packet like that one finds the flow of that id at once; `hash` as in `lookup`. */
  remember(id: number, hash: number): void {
    this.#cache[hash & (cacheSize - 1)] = this.#flows[id];
  }

  delete(id: number): void {
    const gone = this.#flows[id];
    if (gone !== undefined) this.#remove(gone);
  }

  clear(): void {
    for (const flow of this.#flows) if (flow !== undefined) flow.table = undefined;
    this.#flows = [];
    this.#flowCount = 0;
    this.#tables.length = 0;
    this.#ofMask.clear();
    this.#cache.fill(undefined);
  }

  /** `hash` is `hashConnection(key)`. */
  lookup(key: Uint32Array, hash: number): FlowEntry | undefined {
    const at = hash & (cacheSize - 1);
    const cached = this.#cache[at];
    if (cached?.table?.isMatch(cached, key)) return cached;
    const found = this.#search(key);
    if (found !== undefined) this.#cache[at] = found;
    return found;
  }

  #search(key: Uint32Array): FlowEntry | undefined {
    const tables = this.#tables;
    if (this.validates) this.#validate(key);
    if (--this.#lookupsToRank === 0) {
      this.#lookupsToRank = rankInterval;
      this.#rank();
    }
    for (let n = 0; n < tables.length; n++) {
      const table = tables[n];
      const found = table?.find(key);
      if (table === undefined || found === undefined) continue;
      table.hitCount++;
      this.maskProbes += n + 1;
      this.foundCount++;
      return found;
    }
    this.maskProbes += tables.length;
    return undefined;
  }

  /** Looks at every flow. That hashes lead elsewhere is a bug, which ends the process. */
  #validate(key: Uint32Array): void {
    for (const table of this.#tables) {
      const found = table.find(key);
      const plain = [...table].find((flow) => isMatchedBy(table.matchOf(flow), key));
      if (found !== plain)
        throw new Error(
          `a lookup found flow ${found?.id ?? 'none'} where flow ${plain?.id ?? 'none'} matches`,
        );
    }
  }

  #rank(): void {
    this.#tables.sort((a, b) => b.hitCount - a.hitCount);
    for (const table of this.#tables) table.hitCount >>>= 1;
  }

  #tableOf(mask: Mask): FlowMaskTable {
    let table = this.#ofMask.get(mask);
    if (table === undefined) {
      table = new FlowMaskTable(mask);
      this.#ofMask.set(mask, table);
      this.#tables.push(table);
    }
    return table;
  }

  #remove(flow: FlowEntry): void {
    const { table } = flow;
    this.#flows[flow.id] = undefined;
    this.#flowCount--;
    flow.table = undefined;
    if (table === undefined) return;
    table.remove(flow);
    if (table.size > 0) return;
    this.#ofMask.delete(table.mask);
    this.#tables.splice(this.#tables.indexOf(table), 1);
  }
}
