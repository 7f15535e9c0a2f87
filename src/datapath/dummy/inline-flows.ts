/** The flows of a datapath on the main thread, and which of its engines have them. */
import { type Match, packKey, valuesUnder } from '../../flow/match.ts';
import type { DpAction } from '../actions.ts';
import { FlowList } from '../flow-list.ts';
import { logFlowChange } from '../flow-log.ts';
import type { DpFlow, DpFlowStats, Upcall } from '../provider.ts';
import type { ActionStep } from '../userspace/execute.ts';
import { lowerActions } from '../userspace/lower.ts';
import type { DeviceFlows } from './device-flows.ts';
import type { InlineWorker } from './inline-worker.ts';
import type { InlineWorkers } from './inline-workers.ts';

export class InlineFlows {
  readonly list: FlowList;
  /** Where devices keep flows, too. */
  deviceFlows: DeviceFlows | undefined;
  readonly #workers: InlineWorkers;
  /** Lists are shared by many flows. */
  readonly #lowered = new WeakMap<readonly DpAction[], readonly ActionStep[]>();

  constructor(capacity: number, workers: InlineWorkers) {
    this.list = new FlowList(capacity);
    this.#workers = workers;
  }

  /** `first`: the key of the packet that it was made for. */
  put(flow: DpFlow, first?: Uint32Array): void {
    const { id, key, mask, actions } = flow;
    const before = this.list.get(id);
    const generation = this.list.put(flow);
    if (generation === 0) return;
    logFlowChange(flow, before);
    this.deviceFlows?.put(flow);
    const steps = this.stepsOf(actions);
    const values = valuesUnder(key, mask);
    for (const { engine } of this.#workers.takersOf(id, before === undefined)) {
      engine.flows.stats.reserve(id);
      engine.flows.put({ id, generation, mask, values, steps }, first);
    }
  }

  delete(id: number): void {
    const gone = this.list.delete(id);
    if (gone === undefined) return;
    this.deviceFlows?.delete(gone);
    this.#workers.forgetFlow(id);
    for (const { engine } of this.#workers.all) engine.flows.delete(id);
  }

  flush(): void {
    for (const flow of this.list) this.deviceFlows?.delete(flow);
    this.list.clear();
    this.#workers.forgetFlows();
    for (const { engine } of this.#workers.all) engine.flows.clear();
  }

  /** What `among`, or all, have counted; false where none of them has the flow. */
  readStats(id: number, into: DpFlowStats, among?: readonly InlineWorker[]): boolean {
    const holders = this.#workers.holdersOf(id, among);
    if (among !== undefined && holders.length === 0) return false;
    return this.list.readStats(id, holders, into);
  }

  /** As engines run them. */
  stepsOf(actions: readonly DpAction[]): readonly ActionStep[] {
    let steps = this.#lowered.get(actions);
    if (steps === undefined) {
      steps = lowerActions(actions);
      this.#lowered.set(actions, steps);
    }
    return steps;
  }

  /** A thread may have missed a flow that others have: its owner, who knows it, does not put it again. */
  adopt(worker: InlineWorker, missed: readonly Upcall[]): void {
    if (this.#workers.isMain(worker)) return;
    for (const { reason, key } of missed) {
      if (reason !== 'miss') continue;
      const packet = packKey(key);
      for (const flow of this.list)
        if (this.#workers.holdersOf(flow.id, [worker]).length === 0 && isFlowOf(flow, packet)) this.put(flow);
    }
  }
}

/** Do packets with that key take it? */
function isFlowOf({ key, mask }: DpFlow, packet: Match): boolean {
  const values = valuesUnder(packet, mask);
  return valuesUnder(key, mask).every((value, n) => value === values[n]);
}
