/**
 * The datapath flows that translation made, from installation to deletion. The datapath keeps what it needs to
 * forward; everything that is known about a flow besides is here: whose it is, what it depended on, what it counted.
 */
import type { Ms } from '../../base/units.ts';
import type { DpAction } from '../../datapath/actions.ts';
import type { DpFlow } from '../../datapath/provider.ts';
import type { PortOfSwitch } from '../patch.ts';
import type { Effect } from '../translate/effects.ts';

/** One datapath flow. */
export interface Flow {
  /** What the datapath has; replaced as a whole when the actions change. */
  dp: DpFlow;
  /** The whole key of the packet that it was made for: what to translate again. */
  readonly packetKey: Uint32Array;
  /** Where that packet came in. */
  readonly input: PortOfSwitch;
  readonly createdAt: Ms;
  /** See translate/tags.ts. */
  tags: number;
  effects: readonly Effect[];
  /** What `effects` were already credited with. */
  creditedPackets: number;
  creditedBytes: number;
}

export class FlowTable {
  /** By id; undefined where an id is free. */
  readonly #flows: (Flow | undefined)[] = [];
  /** Oldest first, so that an id rests as long as possible before it means another flow. */
  #freeIds: number[] = [];
  #freeHead = 0;
  #count = 0;
  /** Flows by the hash of key and mask; nearly always one a hash. */
  readonly #ofHash = new Map<number, Flow | Flow[]>();
  readonly #masks = new Map<number, Uint32Array[]>();
  #maskCount = 0;

  get count(): number {
    return this.#count;
  }

  /** Ids are below this. */
  get idEnd(): number {
    return this.#flows.length;
  }

  at(id: number): Flow | undefined {
    return this.#flows[id];
  }

  /** The flow with exactly that match; `key` need not be masked. */
  find(key: Uint32Array, mask: Uint32Array): Flow | undefined {
    const found = this.#ofHash.get(matchHash(key, mask));
    if (found === undefined) return undefined;
    const all = Array.isArray(found) ? found : [found];
    return all.find((flow) => isSameMatch(flow.dp, key, mask));
  }

  /** Makes a flow; the caller puts `dp` into the datapath. Copies `mask`, keeps `packetKey`. */
  add(made: {
    packetKey: Uint32Array;
    mask: Uint32Array;
    actions: readonly DpAction[];
    input: PortOfSwitch;
    tags: number;
    effects: readonly Effect[];
    now: Ms;
  }): Flow {
    const { packetKey, actions, input, tags, effects, now } = made;
    const mask = this.#internMask(made.mask);
    const key = new Uint32Array(mask.length);
    for (let n = 0; n < key.length; n++) key[n] = (mask[n] ?? 0) & (packetKey[n] ?? 0);
    const flow: Flow = {
      dp: { id: this.#takeId(), key, mask, actions },
      packetKey,
      input,
      createdAt: now,
      tags,
      effects,
      creditedPackets: 0,
      creditedBytes: 0,
    };
    this.#flows[flow.dp.id] = flow;
    this.#count++;
    this.#addToHash(flow);
    return flow;
  }

  remove(flow: Flow): void {
    const { id } = flow.dp;
    if (this.#flows[id] !== flow) return;
    this.#flows[id] = undefined;
    this.#freeIds.push(id);
    this.#count--;
    this.#removeFromHash(flow);
    if (this.#count === 0) this.#reset();
  }

  *[Symbol.iterator](): IterableIterator<Flow> {
    for (const flow of this.#flows) if (flow !== undefined) yield flow;
  }

  /** With nothing left, nothing refers to ids or masks: give their memory back. */
  #reset(): void {
    this.#flows.length = 0;
    this.#freeIds = [];
    this.#freeHead = 0;
    this.#masks.clear();
    this.#maskCount = 0;
  }

  #takeId(): number {
    const id = this.#freeIds[this.#freeHead];
    if (id === undefined) return this.#flows.length;
    if (++this.#freeHead > 1024 && this.#freeHead * 2 > this.#freeIds.length) {
      this.#freeIds = this.#freeIds.slice(this.#freeHead);
      this.#freeHead = 0;
    }
    return id;
  }

  #addToHash(flow: Flow): void {
    const hash = matchHash(flow.dp.key, flow.dp.mask);
    const found = this.#ofHash.get(hash);
    if (found === undefined) this.#ofHash.set(hash, flow);
    else this.#ofHash.set(hash, Array.isArray(found) ? [...found, flow] : [found, flow]);
  }

  #removeFromHash(flow: Flow): void {
    const hash = matchHash(flow.dp.key, flow.dp.mask);
    const found = this.#ofHash.get(hash);
    if (!Array.isArray(found)) {
      this.#ofHash.delete(hash);
      return;
    }
    const left = found.filter((other) => other !== flow);
    const [only] = left;
    if (left.length === 1 && only !== undefined) this.#ofHash.set(hash, only);
    else this.#ofHash.set(hash, left);
  }

  /** Flows share their masks, which are few. */
  #internMask(mask: Uint32Array): Uint32Array {
    const hash = wordsHash(mask);
    const known = this.#masks.get(hash)?.find((other) => isSameWords(other, mask));
    if (known !== undefined) return known;
    if (this.#maskCount >= 1024) {
      this.#masks.clear();
      this.#maskCount = 0;
    }
    const kept = mask.slice();
    this.#masks.set(hash, [...(this.#masks.get(hash) ?? []), kept]);
    this.#maskCount++;
    return kept;
  }
}

function matchHash(key: Uint32Array, mask: Uint32Array): number {
  let hash = 0;
  for (let n = 0; n < mask.length; n++) {
    const bits = mask[n] ?? 0;
    if (bits === 0) continue;
    hash = Math.imul(hash ^ bits ^ n, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 15) ^ ((key[n] ?? 0) & bits), 0xc2b2ae35);
  }
  return hash ^ (hash >>> 16);
}

function wordsHash(words: Uint32Array): number {
  let hash = 0;
  for (let n = 0; n < words.length; n++) {
    if (words[n] !== 0) hash = Math.imul(hash ^ (words[n] ?? 0) ^ n, 0x85ebca6b) ^ (hash >>> 13);
  }
  return hash;
}

function isSameMatch(flow: DpFlow, key: Uint32Array, mask: Uint32Array): boolean {
  if (!isSameWords(flow.mask, mask)) return false;
  for (let n = 0; n < mask.length; n++) {
    if ((((key[n] ?? 0) & (mask[n] ?? 0)) ^ (flow.key[n] ?? 0)) !== 0) return false;
  }
  return true;
}

function isSameWords(a: Uint32Array, b: Uint32Array): boolean {
  if (a === b) return true;
  for (let n = 0; n < a.length; n++) if (a[n] !== b[n]) return false;
  return true;
}
