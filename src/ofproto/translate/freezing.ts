/** A packet that is about to leave the pipeline, and what is left to do when it comes back. */
import type { DpActionOf } from '../../datapath/actions.ts';
import type { ControllerArguments } from '../../openflow/actions/controller.ts';
import type { Action } from '../../openflow/actions/index.ts';
import { FrozenActions, type Origin } from './frozen-actions.ts';

/** What the packet leaves with. */
export interface Freeze {
  readonly actions: readonly Action[];
  /** Where it is to be looked up; undefined where only actions are left. */
  readonly table: number | undefined;
  /** Taken of the packet before it leaves. */
  readonly hash: DpActionOf<'hash'> | undefined;
  /** Whose controller says when it goes on. */
  readonly pause: ControllerArguments | undefined;
}

export class Freezing {
  #isOn = false;
  #isRepeated = false;
  #actions = new FrozenActions();
  #hash: DpActionOf<'hash'> | undefined;
  #pause: ControllerArguments | undefined;
  #table: number | undefined;

  get isOn(): boolean {
    return this.#isOn;
  }

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
    this.#actions.add(actions, from);
  }

  /** All that was gathered; the next packet to leave begins with nothing. */
  take(): Freeze {
    const { actions } = this.#actions;
    const pause = this.#pause;
    const hash = this.#hash;
    const table = this.#table ?? (actions.length === 0 && pause === undefined ? 0 : undefined);
    this.#isOn = false;
    this.#actions = new FrozenActions();
    this.#pause = undefined;
    this.#hash = undefined;
    this.#table = undefined;
    return { actions, table, hash, pause };
  }
}
