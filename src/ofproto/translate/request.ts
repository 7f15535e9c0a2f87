/** What a translation is asked and what it answers, and the memory that it works in. */
import type { OfPort } from '../../base/units.ts';
import type { DpAction } from '../../datapath/actions.ts';
import type { SlowPathReason } from '../../datapath/cookie.ts';
import { newKey } from '../../flow/key.ts';
import type { Action } from '../../openflow/actions/index.ts';
import type { Abilities } from '../abilities.ts';
import type { Ofproto } from '../ofproto.ts';
import type { PortIndex } from '../port-index.ts';
import type { Rule } from '../tables/rule.ts';
import type { NativeTunnels } from '../tunnels/native-tunnels.ts';
import type { ZonePolicies } from '../zone-policies.ts';
import type { DropReason } from './drop-reasons.ts';
import type { Effect } from './effects.ts';
import type { FrozenState, FrozenStates } from './freezing/frozen-states.ts';
import { LookupLists, type TableLookup } from './lookups.ts';
import type { Trace } from './trace/trace.ts';

/**
 * Memory for one translation at a time, since nothing in one waits. Whoever translates often keeps one: typed arrays
 * are dear to make.
 */
export class Scratch {
  readonly flow = newKey();
  readonly base = newKey();
  readonly mask = newKey();
  readonly lookupLists = new LookupLists();
  readonly #kept: Uint32Array[] = [];
  #keptCount = 0;

  /** A copy of `key`, good until it is let go by `pop`. */
  push(key: Uint32Array): Uint32Array {
    const depth = this.#keptCount++;
    const copy = this.#kept[depth] ?? newKey();
    copy.set(key);
    this.#kept[depth] = copy;
    return copy;
  }

  /** Lets the last copy go. */
  pop(): void {
    this.#keptCount--;
  }

  /** Another translation begins: nothing is kept. */
  reset(): void {
    this.#keptCount = 0;
  }
}

/** What all translations for one datapath work with. */
export interface TranslationContext {
  readonly ports: PortIndex;
  readonly scratch: Scratch;
  readonly frozen: FrozenStates;
  readonly abilities: Abilities;
  readonly tunnels: NativeTunnels;
  readonly zonePolicies: ZonePolicies;
}

export interface TranslationRequest {
  readonly context: TranslationContext;
  /** Words of the packet's datapath key; those beyond its length are zero. */
  readonly key: Uint32Array;
  /** Its tunnel options are where the switch's TLV table places them, and not as they lie on the wire. */
  readonly hasPlacedOptions?: boolean;
  /** The switch that it comes into, and by which port, which need not be there. */
  readonly ofproto: Ofproto;
  readonly inPort: OfPort;
  /** There is a packet, and learned addresses and the log follow from it; off when only the answer is wanted. */
  readonly hasPacket: boolean;
  /** Its bytes, where they are known. */
  readonly packet?: Uint8Array;
  /** What to do instead of looking into table 0. */
  readonly actions?: readonly Action[] | undefined;
  /** The packet has come back, and goes on as this says. */
  readonly state?: FrozenState | undefined;
  readonly trace?: Trace;
}

/** Where a packet was looked up last, and what was being done with it. */
export interface PacketEnd {
  /** undefined for a packet that came into none. */
  readonly ofproto: Ofproto | undefined;
  /** By which it came into that one. */
  readonly inPort: OfPort;
  /** undefined when it was in none. */
  readonly table: number | undefined;
  /** undefined when none was found, or it was not looked up. */
  readonly rule: Rule | undefined;
  /** undefined when there was nothing to do. */
  readonly action: Action | undefined;
}

/** Why packets end, and where. */
export interface PacketDrop {
  readonly reason: DropReason;
  readonly end: PacketEnd;
}

export interface TranslationResult {
  /** Empty drops. */
  readonly actions: readonly DpAction[];
  /** Why only the slow path can do that; a flow sends its packets there. */
  readonly slowPath: readonly SlowPathReason[];
  /** Of whole width, without bits beyond `datapathWordCount`; the scratch's, so good until the next translation. */
  readonly mask: Uint32Array;
  /** The learned addresses that it depended on; see tags.ts. */
  readonly tags: number;
  /** The tables that it looked at. */
  readonly lookups: readonly TableLookup[];
  readonly effects: readonly Effect[];
  /** What it decided holds for this packet only, so no flow is to say it. */
  readonly isPassing: boolean;
  /** Set when there are no actions, but for packets that a protocol of the switch has taken. */
  readonly drop: PacketDrop | undefined;
  readonly end: PacketEnd;
}
