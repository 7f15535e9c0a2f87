/**
 * `ovsdb-server/tlog-set`: writes each change of a table into the log, for who looks for the author of a change.
 */
import { LimitedSite, logger } from '../../base/log.ts';
import { formatDatum } from '../../ovsdb/engine/datum.ts';
import { cell } from '../../ovsdb/engine/row.ts';
import type { Commit, RowUpdate } from '../../ovsdb/engine/types.ts';

const log = logger('transaction');
const rowLimit = new LimitedSite({ perMinute: 30, burst: 60 });

export class TableLog {
  readonly #tables = new Set<string>();

  isOn(database: string, table: string): boolean {
    return this.#tables.has(`${database}:${table}`);
  }

  set(database: string, table: string, isOn: boolean): void {
    if (isOn) this.#tables.add(`${database}:${table}`);
    else this.#tables.delete(`${database}:${table}`);
  }

  /** To be told of the commits of each database. */
  committed(database: string, commit: Commit): void {
    if (this.#tables.size === 0) return;
    for (const change of commit.changes) {
      if (this.isOn(database, change.table.name)) log.limited('info', rowLimit, () => describe(change));
    }
  }
}

function describe({ table, before, after }: RowUpdate): string {
  const operation = before === undefined ? 'inserted' : after === undefined ? 'deleted' : 'updated';
  const row = after ?? before;
  const cells = [...table.columnsByName.values()].map((column) =>
    row === undefined ? '' : `${column.name}:${formatDatum(column.type, cell(row, column))}`,
  );
  return `table:${table.name},op:${operation},${cells.join(',')}`;
}
