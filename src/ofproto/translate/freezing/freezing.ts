/** How a packet leaves the pipeline for a while: what is left to do, and what is kept of it until it comes back. */
import type { Conntrack, DpActionOf } from '../../../datapath/actions.ts';
import type { ControllerArguments } from '../../../openflow/actions/controller.ts';
import type { Action } from '../../../openflow/actions/index.ts';
import { controllerAction } from '../controller-action.ts';
import type { DatapathActions } from '../datapath-actions.ts';
import type { PacketOutcome } from '../packet-outcome.ts';
import type { PipelinePacket } from '../pipeline-packet.ts';
import type { TranslationRequest } from '../request.ts';
import { FrozenActions, type Origin } from './frozen-actions.ts';
import { type FrozenState, type NewState, ownWordsOf, withConnection } from './frozen-states.ts';

const noBytes = new Uint8Array(0);

/** Parts of the translation of the packet. */
export interface FreezingDeps {
  readonly request: TranslationRequest;
  readonly packet: PipelinePacket;
  readonly datapath: DatapathActions;
  readonly outcome: PacketOutcome;
}

export class Freezing {
  readonly #deps: FreezingDeps;
  /** Of the translation. */
  readonly #number: number;
  #isOn = false;
  #isRepeated = false;
  #actions: FrozenActions | undefined;
  /** Taken of the packet before it leaves. */
  #hash: DpActionOf<'hash'> | undefined;
  /** Whose controller says when it goes on. */
  #pause: ControllerArguments | undefined;
  /** Where it is to be looked up; undefined for the first one, or where only actions are left. */
  #table: number | undefined;

  constructor(deps: FreezingDeps) {
    this.#deps = deps;
    this.#number = deps.request.context.frozen.begin();
  }

  /** The packet is about to leave. */
  get isOn(): boolean {
    return this.#isOn;
  }

  /** What is left to do is done when the packet comes back. */
  start(): void {
    this.#isOn = true;
  }

  /** What is left to do begins with a table. */
  startAt(table: number): void {
    this.#table = table;
    this.start();
  }

  /** The action that runs is the first of what is left to do; it has that hash then. */
  startBefore(hash?: DpActionOf<'hash'>): void {
    this.#isRepeated = true;
    this.#hash = hash;
    this.start();
  }

  /** The packet goes on when the controller says so that gets it. */
  startPause(action: ControllerArguments): void {
    this.#pause = action;
    this.start();
  }

  /** Is the action that ran to run again? Asked once. */
  takeRepeated(): boolean {
    const isRepeated = this.#isRepeated;
    this.#isRepeated = false;
    return isRepeated;
  }

  /** These are left to do as well. */
  add(actions: readonly Action[], from: Origin): void {
    this.#actions ??= new FrozenActions();
    this.#actions.add(actions, from);
  }

  /** The packet leaves if it is to: nothing follows here, and as in the reference not behind a clone either. */
  finish(): void {
    if (!this.#isOn) return;
    const { packet, datapath, outcome, request } = this.#deps;
    const actions = this.#actions?.actions ?? [];
    const pause = this.#pause;
    const hash = this.#hash;
    const table = this.#table ?? (actions.length === 0 && pause === undefined ? 0 : undefined);
    this.cancel();
    packet.isUncovered = false;
    packet.hasEnded = true;
    if (outcome.failure !== undefined) return;
    const state = this.#putAside(table, actions, pause?.userData);
    if (hash !== undefined) datapath.push(hash);
    if (pause === undefined) datapath.push({ do: 'recirc', id: state.id });
    else if (request.trace === undefined || request.hasPacket)
      datapath.push(
        controllerAction(state, packet.place.cookie, {
          reason: pause.reason,
          isHeldBack: false,
          isContinuation: true,
          controllerId: pause.controller,
          maxSize: pause.maxLength,
        }),
      );
  }

  /** Nothing is left to do, and the packet does not leave. */
  cancel(): void {
    this.#isOn = false;
    this.#actions = undefined;
    this.#pause = undefined;
    this.#hash = undefined;
    this.#table = undefined;
  }

  /**
   * The packet comes back with what connection tracking knows of it, and is looked up in that table; it also goes on
   * here.
   */
  fork(table: number, tracked: Conntrack): void {
    const { request, packet, datapath } = this.#deps;
    const { trace, context } = request;
    trace?.note({ event: 'forked', table });
    const before = packet.isTracked;
    packet.isTracked = true;
    const state = this.#putAside(table, []);
    datapath.push({ do: 'recirc', id: state.id });
    if (trace !== undefined) trace.forked(state, tracked, withConnection(context.scratch.base, packet.flow));
    packet.isTracked = before;
  }

  /** The packet as it is here, for when it comes back. */
  #putAside(
    table: number | undefined,
    actions: readonly Action[],
    userdata: Uint8Array = noBytes,
  ): FrozenState {
    const { packet, datapath } = this.#deps;
    const { place, flow, isTracked, mirrored, stack, actionSet } = packet;
    datapath.commit();
    return this.keep({
      ...{ ofproto: place.ofproto, table: table ?? 0, ownWords: ownWordsOf(flow), isTracked, mirrored },
      userdata,
      rest: { table, actions, stack: [...stack], actionSet },
    });
  }

  /** Whoever has the result of the translation holds the state. */
  keep(wanted: NewState): FrozenState {
    const { request, outcome } = this.#deps;
    const state = request.context.frozen.intern(wanted, this.#number);
    outcome.effects.push({ kind: 'frozen', state });
    return state;
  }
}
