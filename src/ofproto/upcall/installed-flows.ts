/**
 * The datapath flows that translation made, from installation to deletion. The datapath keeps what it needs to
 * forward; everything that is known about a flow besides is here: whose it is, what it depended on, what it counted.
 */
import type { Ms } from '../../base/units.ts';
import type { DpAction } from '../../datapath/actions.ts';
import type { DpFlow } from '../../datapath/provider.ts';
import { type Ufid, ufidOf } from '../../datapath/ufid.ts';
import type { Mask } from '../../flow/mask.ts';
import { MaskTable, type TableEntry } from '../../flow/mask-table.ts';
import { type Match, packKey } from '../../flow/match.ts';
import type { PortOfSwitch } from '../port-of-switch.ts';
import type { Effect } from '../translate/effects.ts';
import type { TableLookup } from '../translate/lookups.ts';
import type { PacketDrop } from '../translate/request.ts';

/** One datapath flow. */
export class InstalledFlow implements DpFlow, TableEntry {
  readonly id: number;
  readonly key: Match;
  readonly mask: Mask;
  readonly actions: readonly DpAction[];
  /** Where its packet came in. */
  readonly input: PortOfSwitch;
  readonly createdAt: Ms;
  /** See translate/tags.ts. */
  tags: number;
  /** See translate/lookups.ts. */
  lookups: readonly TableLookup[];
  #effects: readonly Effect[];
  /** Why its packets are dropped, if they are. */
  drop: PacketDrop | undefined;
  /** It was put there by hand, and is to be made what translation says. */
  isUntranslated = false;
  /** What `effects` were already credited with. */
  creditedPackets = 0;
  creditedBytes = 0;
  slot = -1;
  /** As somebody put it there by hand; undefined = that of its key. */
  readonly #givenUfid: Ufid | undefined;

  constructor(
    made: Pick<
      InstalledFlow,
      'id' | 'key' | 'mask' | 'actions' | 'input' | 'createdAt' | 'tags' | 'lookups' | 'effects' | 'drop'
    >,
    ufid?: Ufid,
  ) {
    this.#givenUfid = ufid;
    this.id = made.id;
    this.key = made.key;
    this.mask = made.mask;
    this.actions = made.actions;
    this.input = made.input;
    this.createdAt = made.createdAt;
    this.tags = made.tags;
    this.lookups = made.lookups;
    this.#effects = made.effects;
    this.drop = made.drop;
    countHolder(made.effects, 1);
  }

  get effects(): readonly Effect[] {
    return this.#effects;
  }

  set effects(effects: readonly Effect[]) {
    countHolder(effects, 1);
    countHolder(this.#effects, -1);
    this.#effects = effects;
  }

  get ufid(): Ufid {
    return this.#givenUfid ?? ufidOf(this.key);
  }

  /** The same flow with other actions; whether these drop is the caller's to say. */
  withActions(actions: readonly DpAction[]): InstalledFlow {
    const { id, key, mask, input, createdAt, tags, lookups, effects } = this;
    const made = { id, key, mask, actions, input, createdAt, tags, lookups, effects, drop: undefined };
    const changed = new InstalledFlow(made, this.#givenUfid);
    changed.creditedPackets = this.creditedPackets;
    changed.creditedBytes = this.creditedBytes;
    changed.isUntranslated = this.isUntranslated;
    return changed;
  }
}

const noEffects: readonly Effect[] = [];

/** Flows that hold the states of packets that leave, or count for an exporter, are counted. */
function countHolder(effects: readonly Effect[], change: 1 | -1): void {
  for (const effect of effects) {
    if (effect.kind === 'frozen') effect.state.flowCount += change;
    else if (effect.kind === 'netflow') effect.exporter.countHolder(effect.key, change);
  }
}

export class InstalledFlows {
  /** By id; undefined where an id is free. */
  readonly #flows: (InstalledFlow | undefined)[] = [];
  /** Oldest first, so that an id rests as long as possible before it means another flow. */
  #freeIds: number[] = [];
  #freeHead = 0;
  #count = 0;
  readonly #tables = new Map<Mask, MaskTable<InstalledFlow>>();

  get count(): number {
    return this.#count;
  }

  get maskCount(): number {
    return this.#tables.size;
  }

  hasMask(mask: Mask): boolean {
    return this.#tables.has(mask);
  }

  /** Ids are below this. */
  get idEnd(): number {
    return this.#flows.length;
  }

  at(id: number): InstalledFlow | undefined {
    return this.#flows[id];
  }

  /** The flow with exactly that match; `key` need not be masked. */
  find(key: Uint32Array, mask: Mask): InstalledFlow | undefined {
    return this.#tables.get(mask)?.find(key);
  }

  /** A flow that a packet with that key takes. */
  findFor(key: Uint32Array): InstalledFlow | undefined {
    for (const table of this.#tables.values()) {
      const flow = table.find(key);
      if (flow !== undefined) return flow;
    }
    return undefined;
  }

  /** Makes a flow for the packet with that key; the caller puts it into the datapath. */
  add(
    packetKey: Uint32Array,
    made: Pick<
      InstalledFlow,
      'mask' | 'actions' | 'input' | 'createdAt' | 'tags' | 'lookups' | 'effects' | 'drop'
    >,
    ufid?: Ufid,
  ): InstalledFlow {
    const { mask } = made;
    const flow = new InstalledFlow({ ...made, id: this.#takeId(), key: packKey(packetKey) }, ufid);
    this.#flows[flow.id] = flow;
    this.#count++;
    let table = this.#tables.get(mask);
    if (table === undefined) {
      table = new MaskTable(mask);
      this.#tables.set(mask, table);
    }
    table.add(flow, mask.pack(packetKey));
    return flow;
  }

  /** The same flow with other actions, which takes its place; the caller puts it into the datapath. */
  withActions(
    flow: InstalledFlow,
    actions: readonly DpAction[],
    drop: PacketDrop | undefined,
  ): InstalledFlow {
    const changed = flow.withActions(actions);
    changed.drop = drop;
    flow.effects = noEffects;
    this.#flows[flow.id] = changed;
    this.#tables.get(flow.mask)?.setHead(flow.slot, changed);
    return changed;
  }

  remove(flow: InstalledFlow): void {
    const { id, mask } = flow;
    if (this.#flows[id] !== flow) return;
    flow.effects = noEffects;
    this.#flows[id] = undefined;
    this.#freeIds.push(id);
    this.#count--;
    const table = this.#tables.get(mask);
    table?.remove(flow);
    if (table?.size === 0) this.#tables.delete(mask);
    if (this.#count === 0) this.#reset();
  }

  *[Symbol.iterator](): IterableIterator<InstalledFlow> {
    for (const flow of this.#flows) if (flow !== undefined) yield flow;
  }

  /** With nothing left, nothing refers to ids: give their memory back. */
  #reset(): void {
    this.#flows.length = 0;
    this.#freeIds = [];
    this.#freeHead = 0;
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
}
