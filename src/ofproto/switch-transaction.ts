/**
 * Changes of a switch that are seen whole or not at all: flows, groups and what goes with them (OpenFlow 1.4.1
 * section 6.8). A change sees those before it.
 */
import type { Ms } from '../base/units.ts';
import type { Action } from '../openflow/actions/index.ts';
import { OpenFlowError } from '../openflow/errors.ts';
import type { FlowMod } from '../openflow/messages/flow-mod.ts';
import type { GroupMod } from '../openflow/messages/group-mod.ts';
import { GroupChanges, type GroupTable } from './groups/group-table.ts';
import type { SwitchMeters } from './meters/switch-meters.ts';
import type { FlowModCounts, Requester } from './requester.ts';
import { someAction } from './tables/actions-within.ts';
import type { FlowTables } from './tables/flow-tables.ts';
import { FlowTransaction } from './tables/flow-transaction.ts';

export interface SwitchTransactionDeps {
  readonly tables: FlowTables;
  readonly groups: GroupTable;
  readonly meters: Pick<SwitchMeters, 'get'>;
  /** Groups of these numbers came, went or changed. */
  readonly groupsChanged: (numbers: Iterable<number>) => void;
  readonly now: () => Ms;
}

/** One owner, who goes through the steps to commit or to revert in the end; after an error only these are left. */
export class SwitchTransaction {
  readonly #deps: SwitchTransactionDeps;
  readonly #flows: FlowTransaction;
  readonly #groups: GroupChanges;
  #hasGroups = false;
  readonly #flowMods = { adds: 0, deletes: 0, modifications: 0 };
  readonly #onCommit: (() => void)[] = [];

  constructor(deps: SwitchTransactionDeps) {
    this.#deps = deps;
    this.#groups = new GroupChanges(deps.groups);
    this.#flows = new FlowTransaction(deps.tables, (actions) => this.checkReferences(actions));
  }

  /** In steps, which throw OpenFlowError. */
  modifyFlows(mod: FlowMod): Iterable<void> {
    this.#flowMods[kindOf(mod)]++;
    return this.#flows.steps(mod);
  }

  /** Flows that use a group go with it. Throws OpenFlowError. */
  modifyGroup(mod: GroupMod): void {
    this.#hasGroups = true;
    for (const number of this.#groups.apply(mod, this.#deps.now()))
      this.#flows.removeAll(this.#deps.tables.groupUsers.find(number), 'group_delete');
  }

  /** Throws OpenFlowError for actions that name a group or meter which is not there. */
  checkReferences(actions: readonly Action[]): void {
    someAction(actions, (action) => {
      if (action.do === 'group' && this.#groups.get(action.group) === undefined)
        throw new OpenFlowError('OFPBAC_BAD_OUT_GROUP', `there is no group ${action.group}`);
      if (action.do === 'meter' && this.#deps.meters.get(action.meter) === undefined)
        throw new OpenFlowError('OFPMMFC_INVALID_METER', `there is no meter ${action.meter}`);
      return false;
    });
  }

  /** Runs something as if all so far held already. Nothing may be changed by it. */
  preview<T>(run: () => T): T {
    this.#groups.swap();
    try {
      return this.#flows.preview(run);
    } finally {
      this.#groups.swap();
    }
  }

  /** Is done right after all changes hold, in the order of these calls. */
  onCommit(act: () => void): void {
    this.#onCommit.push(act);
  }

  /** With the first step all holds. */
  *commitSteps(by?: Requester): IterableIterator<void> {
    if (this.#hasGroups) {
      this.#groups.swap();
      this.#deps.groupsChanged(this.#groups.numbers);
    }
    yield* this.#flows.commitSteps(by);
    by?.connection.flowsModified(this.#flowMods);
    for (const act of this.#onCommit) act();
  }

  /** All is as it was before. */
  revertSteps(): Iterable<void> {
    return this.#flows.revertSteps();
  }
}

function kindOf({ command }: FlowMod): keyof FlowModCounts {
  if (command === 'add') return 'adds';
  return command === 'delete' || command === 'delete_strict' ? 'deletes' : 'modifications';
}
