/** Runs lists of actions, each by its handler, until one ends the list, the pipeline, or the packet's stay in it. */
import { actionSetOrder } from '../../openflow/action-set.ts';
import type { Action } from '../../openflow/actions/index.ts';
import type { NamedPacketInReason } from '../../openflow/packet-in-reasons.ts';
import type { DatapathActions } from './datapath-actions.ts';
import type { Detours } from './detours.ts';
import type { Freezing } from './freezing/freezing.ts';
import type { PacketOutcome } from './packet-outcome.ts';
import type { PipelinePacket } from './pipeline-packet.ts';
import type { Trace } from './trace/trace.ts';
import { enterAction } from './trace/trace-steps.ts';
import { seesNoPayload } from './uncovered.ts';

/** Parts of the translation of the packet. */
export interface ActionRunnerDeps {
  readonly packet: PipelinePacket;
  readonly freezing: Freezing;
  readonly outcome: PacketOutcome;
  readonly detours: Detours;
  readonly datapath: DatapathActions;
  readonly trace: Trace | undefined;
  /** Does one action. */
  readonly act: (action: Action) => void;
}

export class ActionRunner {
  readonly #deps: ActionRunnerDeps;
  /** What is done with the packet, or was last; undefined where that is nothing. */
  current: Action | undefined;
  /** Why packets that the list that runs outputs to controllers go there. */
  outputReason: NamedPacketInReason = 'action';
  /** The action that runs, and those that it is one of. */
  #at = 0;
  #list: readonly Action[] = [];
  #endsList = false;
  /** Whatever runs was led to by the action set. */
  #isActionSet = false;

  constructor(deps: ActionRunnerDeps) {
    this.#deps = deps;
  }

  /** What is in the list behind the action that runs; to be asked for before it runs others. */
  get rest(): readonly Action[] {
    return this.#list.slice(this.#at + 1);
  }

  /** No action after the one that runs is run in the list that it is in. */
  endList(): void {
    this.#endsList = true;
  }

  /** Runs actions, and what they put into the action set. */
  runToEnd(actions: readonly Action[]): void {
    this.run(actions);
    this.runActionSet();
  }

  runActionSet(): void {
    const { freezing, packet, trace } = this.#deps;
    if (freezing.isOn) return;
    const written = packet.takeActionSet();
    const actions = written.length === 0 ? [] : actionSetOrder(written);
    if (actions.length === 0) return;
    trace?.enter({ event: 'actionSet' });
    this.#isActionSet = true;
    this.run(actions);
    this.#isActionSet = false;
    trace?.leave();
  }

  run(
    actions: readonly Action[],
    outputReason: NamedPacketInReason = this.#isActionSet ? 'action_set' : 'action',
  ): void {
    const { trace, detours } = this.#deps;
    if (actions.length === 0) {
      this.current = undefined;
      trace?.note({ event: 'action', text: 'drop' });
    }
    const { isTail } = detours;
    const before = this.outputReason;
    this.outputReason = outputReason;
    this.#runEach(actions, isTail);
    this.outputReason = before;
    detours.isTail = isTail;
  }

  #runEach(actions: readonly Action[], isTail: boolean): void {
    const { packet, freezing, outcome, detours } = this.#deps;
    for (let n = 0; n < actions.length; n++) {
      const action = actions[n];
      if (action === undefined) return;
      if (packet.hasEnded || outcome.failure !== undefined) return;
      if (packet.isUncovered && !seesNoPayload(action)) freezing.start();
      if (freezing.isOn) {
        freezing.add(actions.slice(n), packet.place);
        return;
      }
      this.#at = n;
      this.#list = actions;
      detours.isTail = isTail && n === actions.length - 1 && packet.actionSet.length === 0;
      this.#runOne(action);
      const isRepeated = freezing.takeRepeated();
      if (isRepeated) freezing.add(actions.slice(n), packet.place);
      const isEnd = this.#endsList || isRepeated;
      this.#endsList = false;
      if (isEnd) return;
    }
  }

  #runOne(action: Action): void {
    const { trace, packet, datapath, act } = this.#deps;
    if (trace !== undefined) enterAction(trace, packet.place.ofproto, action);
    this.current = action;
    datapath.isPlain &&= action.do === 'output';
    act(action);
    trace?.leave();
  }
}
