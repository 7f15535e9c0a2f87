/** What controllers may change of a switch: flows, groups, meters and tables. */
import type { Ms } from '../base/units.ts';
import type { Match } from '../flow/match.ts';
import { type CheckOptions, checkActions } from '../openflow/action-rules.ts';
import type { Action } from '../openflow/actions/index.ts';
import { OpenFlowError } from '../openflow/errors.ts';
import type { FlowMod } from '../openflow/messages/flow-mod.ts';
import { everyFlow } from '../openflow/messages/flow-request.ts';
import { withoutGroups } from '../openflow/messages/group-mod.ts';
import { lastMeter, type MeterMod } from '../openflow/messages/meters.ts';
import { allTables, type TableMod } from '../openflow/messages/tables.ts';
import type { WireVersion } from '../openflow/versions.ts';
import type { ChangeTurns } from './change-turns.ts';
import type { FlowTableConfig } from './config.ts';
import type { Controllers } from './controllers.ts';
import type { GroupTable } from './groups/group-table.ts';
import type { SwitchMeters } from './meters/switch-meters.ts';
import type { Requester } from './requester.ts';
import { SwitchTransaction } from './switch-transaction.ts';
import { findRules } from './tables/flow-query.ts';
import type { FlowTable } from './tables/flow-table.ts';
import { type FlowTables, visibleTableCount } from './tables/flow-tables.ts';
import { checkHiddenFields, checkTable, FlowTransaction, removeRules } from './tables/flow-transaction.ts';
import { checkOptionFields } from './tables/option-fields.ts';
import type { TlvTable } from './tlv-table.ts';

export interface SwitchChangesDeps {
  /** The switch's. */
  readonly name: string;
  readonly now: () => Ms;
  readonly tables: FlowTables;
  readonly groups: GroupTable;
  readonly meters: SwitchMeters;
  readonly tlvTable: TlvTable;
  readonly controllers: Pick<Controllers, 'tableChanged'>;
  readonly turns: ChangeTurns;
  /** Anything that decides about packets changed. */
  readonly changed: () => void;
  /** Groups of these numbers came, went or changed. */
  readonly groupsChanged: (numbers: Iterable<number>) => void;
}

export class SwitchChanges {
  readonly #deps: SwitchChangesDeps;
  #vacancyTables: readonly FlowTable[] = [];

  constructor(deps: SwitchChangesDeps) {
    this.#deps = deps;
  }

  /** Changes flows as a controller asks. Throws OpenFlowError. */
  modifyFlows(mod: FlowMod, version: WireVersion, by?: Requester): void | Promise<void> {
    this.checkFlowMod(mod, version);
    return this.make((transaction) => transaction.modifyFlows(mod), by);
  }

  /**
   * Makes changes that packets see all at once, or none if `change` or one of its steps throws; by the time it returns,
   * or the promise resolves.
   */
  make(
    change: (transaction: SwitchTransaction) => Iterable<void> | void,
    by?: Requester,
  ): void | Promise<void> {
    return this.#deps.turns.make(this.#steps(change, by));
  }

  *#steps(
    change: (transaction: SwitchTransaction) => Iterable<void> | void,
    by: Requester | undefined,
  ): Generator<void, void> {
    const transaction = this.begin();
    try {
      yield* change(transaction) ?? [];
    } catch (why) {
      yield* transaction.revertSteps();
      throw why;
    }
    yield* transaction.commitSteps(by);
  }

  begin(): SwitchTransaction {
    return new SwitchTransaction(this.#deps);
  }

  /** Throws OpenFlowError for actions that do not fit the match, and for tables that are not the controllers'. */
  checkFlowMod(mod: FlowMod, version: WireVersion): void {
    const { actions, match, table } = mod;
    checkTable(mod);
    if (!mod.command.startsWith('delete')) checkHiddenFields(mod, this.#deps.name);
    this.checkActions(actions, match, { version, table });
  }

  /** Throws OpenFlowError. */
  checkActions(
    actions: readonly Action[],
    match: Match,
    context: CheckOptions & { readonly version: WireVersion },
  ): void {
    checkOptionFields(actions, this.#deps.tlvTable);
    const error = checkActions(actions, match, context);
    if (error === undefined || (error === 'inconsistent' && context.version === 1)) return;
    const name = error === 'inconsistent' ? 'OFPBAC_MATCH_INCONSISTENT' : error;
    throw new OpenFlowError(name, 'actions that do not fit the match');
  }

  /** Changes one table or all as a controller asks. Throws OpenFlowError. */
  modifyTables(mod: TableMod): void {
    if (mod.table >= visibleTableCount && mod.table !== allTables)
      throw new OpenFlowError('OFPTMFC_EPERM', `table ${mod.table} is the switch's own`);
    const { tables } = this.#deps;
    for (let number = 0; number < visibleTableCount; number++)
      if (mod.table === allTables || mod.table === number) tables.table(number).modify(mod);
    if (mod.miss !== undefined) this.#deps.changed();
    this.#vacancyTables = [...tables.tables()].filter(({ hasVacancyEvents }) => hasVacancyEvents);
  }

  /** Tells what each table is to be; flows that are too many make room. */
  configureTables(wanted: readonly FlowTableConfig[]): void {
    const { tables } = this.#deps;
    const configs = new Map(wanted.map((each) => [each.number, each]));
    const transaction = new FlowTransaction(tables);
    for (let number = 0; number < visibleTableCount; number++) {
      const table = tables.table(number);
      table.configure(configs.get(number));
      transaction.shrink(table);
    }
    transaction.commit();
  }

  /** Tables may be fuller or emptier: controllers that asked are told. */
  tellVacancy(): void {
    for (const table of this.#vacancyTables) {
      const status = table.takeVacancyEvent();
      if (status !== undefined) this.#deps.controllers.tableChanged(status);
    }
  }

  /** Changes meters as a controller asks; flows go with their meter. Throws OpenFlowError. */
  modifyMeter(mod: MeterMod): void {
    const { meters, tables, now } = this.#deps;
    switch (mod.command) {
      case 'add':
        meters.add(mod, now());
        break;
      case 'modify':
        meters.modify(mod);
        break;
      case 'delete':
        for (const number of meters.find(mod.meter)) {
          this.#deps.turns.whenFree(() =>
            removeRules(tables, tables.meterUsers.find(number), 'meter_delete'),
          );
          meters.delete(number);
        }
    }
    if (mod.meter > lastMeter) this.#deps.changed(); // packets on their way up may go through it
  }

  /** Takes all flows that controllers may see away, and all groups and meters. */
  flush(): void {
    const { tables, meters } = this.#deps;
    removeRules(tables, findRules(tables, everyFlow, tables.version));
    const transaction = this.begin();
    transaction.modifyGroup(withoutGroups);
    for (const _ of transaction.commitSteps());
    meters.clear();
  }
}
