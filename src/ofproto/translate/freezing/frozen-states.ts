/**
 * What is to be known of packets that leave a translation for a while, by the number that goes with them. A state stays
 * as long as somebody holds it: a datapath flow does, through its effects, and the last few are held in any case, for
 * packets that no flow is for. Once no flow holds it any more, the same state gets another number, as in the reference.
 */
import { type OfPort, ofPort } from '../../../base/units.ts';
import { newKey } from '../../../flow/key.ts';
import { isSameMatch, type Match, packMatch, unpackKey } from '../../../flow/match.ts';
import { slots } from '../../../flow/slots.ts';
import type { Action } from '../../../openflow/actions/index.ts';
import type { StackValue } from '../../../openflow/messages/continuation.ts';
import type { Ofproto } from '../../ofproto.ts';
import type { PortOfSwitch } from '../../port-of-switch.ts';
import { formatRuleActions } from '../../tables/rule-text.ts';

export interface NewState {
  /** The switch that has the packet. */
  readonly ofproto: Ofproto;
  readonly table: number;
  /** See `ownWordsOf`. */
  readonly ownWords: Match;
  /** What is known of its connection counts. */
  readonly isTracked: boolean;
  /** Bits of the mirrors that have had it. */
  readonly mirrored: number;
  readonly userdata: Uint8Array;
  /** What is left to do when the packet comes back; undefined for one that does not. */
  readonly rest?: RestOfPipeline;
}

export interface FrozenState extends NewState {
  readonly id: number;
  /** Flows that hold it. */
  flowCount: number;
  /** Of the last translation that made it. */
  translation: number;
}

export interface RestOfPipeline {
  /** Where it is looked up then; undefined where `actions` say what is done. */
  readonly table: number | undefined;
  readonly actions: readonly Action[];
  readonly stack: readonly StackValue[];
  readonly actionSet: readonly Action[];
}

/** States of this many translations are held whether or not a flow needs them. */
const heldCount = 1024;

export class FrozenStates {
  readonly #byId = new Map<number, WeakRef<FrozenState>>();
  readonly #byName = new Map<string, WeakRef<FrozenState>>();
  readonly #held: FrozenState[] = [];
  #heldAt = 0;
  #lastId = 0;
  #lastTranslation = 0;
  readonly #gone = new FinalizationRegistry<{ readonly id: number; readonly name: string | undefined }>(
    ({ id, name }) => {
      this.#byId.delete(id);
      if (name !== undefined && this.#byName.get(name)?.deref() === undefined) this.#byName.delete(name);
    },
  );

  get count(): number {
    return this.#byId.size;
  }

  find(id: number): FrozenState | undefined {
    return this.#byId.get(id)?.deref();
  }

  /** Another translation begins; its number for `intern`. */
  begin(): number {
    return ++this.#lastTranslation;
  }

  /** The same one for the same, while flows hold it and within one translation. */
  intern(wanted: NewState, translation: number): FrozenState {
    const name = nameOf(wanted);
    const known = this.#byName.get(name)?.deref();
    if (known !== undefined && isSameMatch(known.ownWords, wanted.ownWords)) {
      if (known.flowCount > 0) known.translation = translation;
      if (known.translation === translation) return this.#hold(known);
    }
    return this.#hold(this.#make(wanted, translation, name));
  }

  /** One that no other is the same as, for as long as the caller holds it. */
  allocate(wanted: NewState): FrozenState {
    return this.#make(wanted, 0);
  }

  #make(wanted: NewState, translation: number, name?: string): FrozenState {
    const made = { id: ++this.#lastId, flowCount: 0, translation, ...wanted };
    const ref = new WeakRef(made);
    this.#byId.set(made.id, ref);
    if (name !== undefined) this.#byName.set(name, ref);
    this.#gone.register(made, { id: made.id, name });
    return made;
  }

  #hold(state: FrozenState): FrozenState {
    this.#held[this.#heldAt] = state;
    this.#heldAt = (this.#heldAt + 1) % heldCount;
    return state;
  }
}

function nameOf({ ofproto, table, isTracked, mirrored, ownWords, userdata, rest }: NewState): string {
  const plain = `${ofproto.id} ${table} ${isTracked} ${mirrored} ${ownWords.mask.id} ${ownWords.values.join()} ${userdata.join()}`;
  return rest === undefined ? plain : `${plain} ${nameOfRest(rest)}`;
}

function nameOfRest({ table, actions, stack, actionSet }: RestOfPipeline): string {
  return [
    table,
    stack.map(({ value, size }) => `${value}/${size}`).join(),
    formatRuleActions(actionSet),
    formatRuleActions(actions),
  ].join('|');
}

/** What the pipeline has of its own: all from the tunnel's fields on. */
const firstOwnWord = slots.tun_id.word;
const firstConntrackWord = slots.ct_state.word;
const inPortWord = slots.in_port.word;
const recircWord = slots.recirc_id.word;

/** What of a packet its headers do not tell, for `intern`. */
export function ownWordsOf(flow: Uint32Array): Match {
  const mask = newKey();
  for (let word = firstOwnWord; word < mask.length; word++) if (flow[word] !== 0) mask[word] = 0xffffffff;
  mask[inPortWord] = 0xffffffff;
  return packMatch(flow, mask);
}

/** The key of a packet with what the pipeline knows of its connection. */
export function withConnection(key: Uint32Array, flow: Uint32Array): Uint32Array {
  const made = key.slice();
  made.set(flow.subarray(firstConntrackWord, firstOwnWord), firstConntrackWord);
  return made;
}

/** The packet as the pipeline had it, from the key that it came up with. */
export function thaw({ ownWords, isTracked }: FrozenState, key: Uint32Array): Uint32Array {
  const flow = unpackKey(ownWords);
  const inPort = flow[inPortWord] ?? 0;
  flow.set(key.subarray(0, firstOwnWord));
  if (!isTracked) flow.fill(0, firstConntrackWord, firstOwnWord);
  flow[inPortWord] = inPort;
  return flow;
}

/**
 * Where a packet goes on that came up with that key: where it came in, or as its state says; undefined where that is
 * gone. A controller's packet, when it comes back, came in by no port of the datapath.
 */
export function cameBack(
  key: Uint32Array,
  input: PortOfSwitch | undefined,
  frozen: FrozenStates,
): { ofproto: Ofproto; inPort: OfPort; state?: FrozenState } | undefined {
  const id = (key[recircWord] ?? 0) >>> 0;
  if (id === 0)
    return input === undefined ? undefined : { ofproto: input.ofproto, inPort: input.port.ofPort };
  const state = frozen.find(id);
  if (state?.rest === undefined) return undefined;
  const { ofproto, ownWords } = state;
  return { ofproto, inPort: input?.port.ofPort ?? ofPort(unpackKey(ownWords)[inPortWord] ?? 0), state };
}
