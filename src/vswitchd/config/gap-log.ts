/** Tells the operator what is configured and not done: once for each value. What that is, `gaps.ts` says. */
import { LimitedSite, logger } from '../../base/log.ts';
import type { Uuid } from '../../base/units.ts';
import type { ChangeSet } from '../../ovsdb/client/index.ts';
import type { OvsRow, OvsTables } from '../schema/index.ts';
import type { SeenTable } from './column-roles.ts';
import { gapColumns, shortfallsOf } from './gaps.ts';

const log = logger('bridge');
const notDone = new LimitedSite({ perMinute: 60, burst: 100 });

export class GapLog {
  /** What was told of a row, by column and key. Rows of which nothing is to be told are not there. */
  readonly #told = new Map<Uuid, ReadonlyMap<string, string>>();
  readonly #isBridge: (name: string) => boolean;

  /** A bridge's own port has its name. */
  constructor(isBridge: (name: string) => boolean) {
    this.#isBridge = isBridge;
  }

  /** Looks at the rows that changed. */
  take(changes: ChangeSet<OvsTables>): void {
    this.#takeTable('Open_vSwitch', changes);
    this.#takeTable('Bridge', changes);
    this.#takeTable('Port', changes);
    this.#takeTable('Interface', changes);
    this.#takeTable('Flow_Sample_Collector_Set', changes);
    this.#takeTable('Controller', changes);
    this.#takeTable('CT_Timeout_Policy', changes);
  }

  #takeTable<T extends SeenTable>(table: T, changes: ChangeSet<OvsTables>): void {
    const deltas = changes.of(table);
    const columns = deltas.length === 0 ? [] : gapColumns(table);
    for (const { id, old, new: row } of deltas) {
      if (row === undefined) this.#told.delete(id);
      else if (old === undefined || columns.some((column) => isChanged(column, old, row)))
        this.#tell(table, id, row);
    }
  }

  #tell<T extends SeenTable>(table: T, id: Uuid, row: OvsRow<T>): void {
    const before = this.#told.get(id);
    const told = new Map<string, string>();
    const { name }: Readonly<Record<string, unknown>> = row;
    const isLocalPort = typeof name === 'string' && this.#isBridge(name);
    for (const { level, place, text } of shortfallsOf(table, row, { isLocalPort })) {
      told.set(place, text);
      if (before?.get(place) !== text) log.limited(level, notDone, `${nameOf(table, row)}: ${text}`);
    }
    if (told.size > 0) this.#told.set(id, told);
    else this.#told.delete(id);
  }
}

/** The client keeps a value's identity when an update does not name its column. */
function isChanged(
  column: string,
  old: Readonly<Record<string, unknown>>,
  row: Readonly<Record<string, unknown>>,
): boolean {
  return old[column] !== row[column];
}

function nameOf(table: SeenTable, row: Readonly<Record<string, unknown>>): string {
  if (table === 'Open_vSwitch') return table;
  if (table === 'Flow_Sample_Collector_Set') return `${table} ${row.id}`;
  if (table === 'CT_Timeout_Policy') return `${table} ${row._uuid}`;
  return `${table.toLowerCase()} ${table === 'Controller' ? row.target : row.name}`;
}
