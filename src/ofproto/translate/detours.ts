/**
 * Things that are done to a packet after which the pipeline, and often the datapath, goes on with it as it was before.
 */
import type { DpAction } from '../../datapath/actions.ts';
import type { Action } from '../../openflow/actions/index.ts';
import type { DatapathActions } from './datapath-actions.ts';
import type { Freezing } from './freezing/freezing.ts';
import type { PipelinePacket } from './pipeline-packet.ts';
import type { TranslationRequest } from './request.ts';
import { isReversible } from './reversible.ts';
import { tell } from './trace/trace-log.ts';

/** Of samples that stand for clones. */
const leastNesting = 4;
/** The probability of a sample that takes every packet. */
const always = 0xffffffff;

/** Parts of the translation of the packet. */
export interface DetoursDeps {
  readonly request: TranslationRequest;
  readonly packet: PipelinePacket;
  readonly datapath: DatapathActions;
  readonly freezing: Freezing;
}

export class Detours {
  readonly #deps: DetoursDeps;
  /** Nothing follows what runs. */
  isTail = true;

  constructor(deps: DetoursDeps) {
    this.#deps = deps;
  }

  /** Runs something after which all is as it was before, but for what the datapath was told to do. */
  take(run: () => void): void {
    const { packet, freezing } = this.#deps;
    packet.keepWhile(() => {
      run();
      freezing.finish();
    });
  }

  /** The datapath actions of something after which the datapath's packet is as it was before, as all else is. */
  collect(run: () => void): DpAction[] {
    const { scratch } = this.#deps.request.context;
    const base = scratch.push(scratch.base);
    const collected = this.#deps.datapath.collect(() => this.take(run));
    scratch.base.set(base);
    scratch.pop();
    return collected;
  }

  /** Runs `actions` by `run` on a copy: one of the datapath's own where they cannot be undone, and more is to follow. */
  takeApart(actions: readonly Action[], run: () => void): void {
    if (this.isTail || isReversible(actions)) {
      this.take(run);
      return;
    }
    const { request, packet, datapath } = this.#deps;
    const { abilities } = request.context;
    datapath.commit();
    const clones = abilities.has('clone');
    if (!clones && abilities.limit('sample_nesting') < leastNesting) {
      tell({ event: 'misplaced', what: 'Failed to compose clone action' }, packet.place.ofproto, request);
      return;
    }
    const inner = this.collect(() => this.#inOrder(true, run));
    if (inner.length > 0)
      datapath.push(
        clones ? { do: 'clone', actions: inner } : { do: 'sample', probability: always, actions: inner },
      );
  }

  /**
   * Has the datapath do `first`, and what `run` adds, with a copy: one of its own where more is to follow. Nothing is
   * done where that adds nothing.
   */
  takeCopy(first: DpAction, run: () => void): void {
    const { datapath } = this.#deps;
    const actions = this.collect(() => {
      datapath.push(first);
      run();
    });
    if (actions.length < 2) return;
    if (this.isTail) for (const action of actions) datapath.push(action);
    else datapath.push({ do: 'clone', actions });
  }

  /** Does one thing of several; with `isLast`, nothing follows it but what follows the action that runs. */
  step(isLast: boolean, run: () => void): void {
    this.#inOrder(this.isTail && isLast, run);
  }

  #inOrder(isTail: boolean, run: () => void): void {
    const before = this.isTail;
    this.isTail = isTail;
    run();
    this.isTail = before;
  }
}
