/** A packet in the pipeline: its fields as they are at this point, where it is, and what it carries along. */
import { type OfPort, ofPort } from '../../base/units.ts';
import { slots } from '../../flow/slots.ts';
import type { Action } from '../../openflow/actions/index.ts';
import type { StackValue } from '../../openflow/messages/continuation.ts';
import { unsetPort } from '../../openflow/ports.ts';
import type { Ofproto } from '../ofproto.ts';
import type { OfprotoPort } from '../port.ts';
import type { Rule } from '../tables/rule.ts';
import { hasWireOptions, placeOptions } from '../tunnels/geneve-options.ts';
import { untoldCookie } from './controller-action.ts';
import { firstTunnelWord, tunnelEnd } from './flow-mask.ts';
import { thaw } from './freezing/frozen-states.ts';
import type { Scratch, TranslationRequest } from './request.ts';

const inPortWord = slots.in_port.word;
const trackedWord = slots.ct_state.word;
const setOutputWord = slots.actset_output.word;

/** Where in the pipeline a packet is. Never changed, so that keeping it is enough to come back. */
export interface Place {
  readonly ofproto: Ofproto;
  readonly table: number;
  readonly rule: Rule | undefined;
  /** That of the rule; all ones while there is none. */
  readonly cookie: bigint;
}

export class PipelinePacket {
  readonly flow: Uint32Array;
  place: Place;
  /** Values that actions have put aside. */
  stack: StackValue[] = [];
  /** No further action is run up to where it came into this bridge. */
  hasEnded = false;
  /** The last label was popped: what the pipeline knows of what was behind it is nothing. */
  isUncovered = false;
  /** It came with what is known of its connection. */
  isTracked: boolean;
  /** What its tunnel says beside its addresses makes sense. */
  readonly hasGoodOptions: boolean;
  /** Bits of the mirrors that have had it, and of those that send to the same places. */
  mirrored: number;
  /** Headers of a tunnel are in front of it, so that its bytes are others. */
  isWrapped = false;
  readonly #scratch: Scratch;
  readonly #bytes: Uint8Array | undefined;
  /** What is done at the end of the pipeline of this bridge, as it was written. */
  #actionSet: readonly Action[] = [];

  constructor(request: TranslationRequest) {
    const { key, state, inPort, ofproto, hasPlacedOptions } = request;
    const { scratch } = request.context;
    const { flow, base } = scratch;
    this.#scratch = scratch;
    this.#bytes = request.hasPacket ? request.packet : undefined;
    scratch.reset();
    this.flow = flow;
    base.fill(0);
    base.set(key);
    if (state === undefined) {
      flow.set(base);
      flow[inPortWord] = inPort;
      flow[setOutputWord] = unsetPort;
    } else flow.set(thaw(state, base));
    this.hasGoodOptions =
      state !== undefined ||
      hasPlacedOptions === true ||
      !hasWireOptions(base) ||
      placeOptions(base, ofproto.tlvTable, flow);
    base.fill(0, firstTunnelWord, tunnelEnd); // a datapath forgets the tunnel
    this.place = { ofproto, table: 0, rule: undefined, cookie: untoldCookie };
    this.isTracked = state === undefined ? (flow[trackedWord] ?? 0) !== 0 : state.isTracked;
    this.mirrored = state?.mirrored ?? 0;
  }

  /** As it came in, where it is known and still is the packet. */
  get bytes(): Uint8Array | undefined {
    return this.isWrapped ? undefined : this.#bytes;
  }

  /** The port by which it came into the bridge that it is in; actions may have changed that, too. */
  get port(): OfprotoPort | undefined {
    return this.place.ofproto.ports.get(this.inPort);
  }

  get inPort(): OfPort {
    return ofPort(this.flow[inPortWord] ?? 0);
  }

  set inPort(port: OfPort) {
    this.flow[inPortWord] = port;
  }

  get actionSet(): readonly Action[] {
    return this.#actionSet;
  }

  set actionSet(set: readonly Action[]) {
    this.#actionSet = set;
    this.flow[setOutputWord] = outputOf(set);
  }

  /** The action set is to be done, and is empty then. */
  takeActionSet(): readonly Action[] {
    const set = this.#actionSet;
    this.#actionSet = [];
    return set;
  }

  /** Bytes of values that are put aside, each with its length. */
  get stackedBytes(): number {
    return this.stack.reduce((sum, { size }) => sum + size + 1, 0);
  }

  /** Runs something that is done with the packet once it has the headers of a tunnel. */
  whileWrapped(run: () => void): void {
    const before = this.isWrapped;
    this.isWrapped = true;
    run();
    this.isWrapped = before;
  }

  /** Runs something after which the packet is as it was before, but for what is remembered of it as a whole. */
  keepWhile(run: () => void): void {
    const { place, isUncovered } = this;
    const stack = [...this.stack];
    const actionSet = this.#actionSet;
    const flow = this.#scratch.push(this.flow);
    run();
    this.flow.set(flow);
    this.#scratch.pop();
    this.place = place;
    this.isUncovered = isUncovered;
    this.stack = stack;
    this.#actionSet = actionSet;
  }
}

/** Where an action set sends packets: nowhere that is known where it has a group. */
function outputOf(set: readonly Action[]): number {
  let port: number = unsetPort;
  for (const action of set) {
    if (action.do === 'group') return unsetPort;
    if (action.do === 'output') port = action.port;
  }
  return port;
}
