/** Finds the row that a command line means: by uuid or its beginning, ".", or the names that its table declares. */
import { isUuid } from '../../ovsdb/atom.ts';
import { CommandFailed, partialUuidLength } from './datum-text.ts';
import { type CtlSchema, type CtlTable, columnNamed, type RowId, tableNamed } from './schema.ts';
import type { RowClause, Snapshot } from './snapshot.ts';
import type { Work, WorkRow } from './work.ts';

/** Tells the snapshot what `findRow` will ask, so that all is asked at once. */
export function prepareRow(
  schema: CtlSchema,
  snapshot: Snapshot,
  table: CtlTable,
  record: string,
  columns: readonly string[],
): void {
  if (isUuid(record)) snapshot.prepare(table, [uuidClause(record)], columns);
  else if (record === '.') snapshot.prepare(table, [], columns);
  else {
    for (const id of table.rowIds) {
      const nameTable = tableNamed(schema, id.table);
      const clause = nameClause(nameTable, id, record);
      if (clause !== undefined)
        snapshot.prepare(nameTable, [clause], id.uuidColumn === undefined ? columns : [id.uuidColumn]);
    }
  }
}

/** Throws CommandFailed when the name is ambiguous, or Missing. */
export function findRow(
  work: Work,
  table: CtlTable,
  record: string,
  columns: readonly string[] = [],
): WorkRow | undefined {
  if (isUuid(record)) {
    const row = work.row(table.name, record.toLowerCase(), columns);
    if (row !== undefined) return row;
  }
  if (record === '.') {
    const rows = work.rows(table.name, columns);
    if (rows.length === 1) return rows[0];
  }
  for (const id of table.rowIds) {
    const row = findByName(work, table, id, record, columns);
    if (row !== undefined) return row;
  }
  return partialUuidLength(record) >= 4 ? findByPartialUuid(work, table, record.toLowerCase()) : undefined;
}

/** As `findRow`, but throws CommandFailed when there is none. */
export function needRow(
  work: Work,
  table: CtlTable,
  record: string,
  columns: readonly string[] = [],
): WorkRow {
  const row = findRow(work, table, record, columns);
  if (row === undefined) throw new CommandFailed(`no row "${record}" in table ${table.name}`);
  return row;
}

function findByName(
  work: Work,
  table: CtlTable,
  id: RowId,
  record: string,
  columns: readonly string[],
): WorkRow | undefined {
  const isOwn = id.uuidColumn === undefined;
  const wanted = isOwn ? columns : [id.uuidColumn];
  const named = rowsNamed(work, id, record, wanted);
  if (named.length > 1) throw new CommandFailed(`multiple rows in ${id.table} match "${record}"`);
  const [found] = named;
  if (found === undefined || id.uuidColumn === undefined) return found;
  found.verify(id.uuidColumn);
  const [uuid, ...others] = found.texts(id.uuidColumn);
  return uuid === undefined || others.length > 0 ? undefined : work.row(table.name, uuid, columns);
}

/** The beginning of a uuid also names a row whose name is a uuid. */
function rowsNamed(work: Work, id: RowId, record: string, columns: readonly string[]): WorkRow[] {
  const clause = nameClause(work.table(id.table), id, record);
  if (clause === undefined && id.key === undefined) return [];
  const exact = clause === undefined ? [] : work.where(id.table, [clause], columns);
  const mayBeUuid = partialUuidLength(record) >= 4;
  if (exact.length > 0 || (!mayBeUuid && id.key === undefined)) return exact;
  return work.rows(id.table, [id.nameColumn]).filter((row) => isNamed(nameOf(row, id), record));
}

function isNamed(name: string | undefined, record: string): boolean {
  if (name === undefined) return false;
  return name === record || (record.length >= 4 && isUuid(name) && name.startsWith(record));
}

function nameOf(row: WorkRow, { nameColumn, key }: RowId): string | undefined {
  if (key !== undefined) {
    const value = row.valueUnder(nameColumn, key);
    return value === undefined ? undefined : String(value);
  }
  const [name, ...others] = row.texts(nameColumn);
  return others.length > 0 ? undefined : name;
}

/** Undefined where a condition cannot express it, or nothing can be named so. */
function nameClause(table: CtlTable, { nameColumn, key }: RowId, record: string): RowClause | undefined {
  if (key !== undefined) return undefined;
  if (columnNamed(table, nameColumn).type.key.type !== 'integer')
    return { column: nameColumn, test: '==', value: record };
  return /^[0-9]+$/.test(record) ? { column: nameColumn, test: '==', value: Number(record) } : undefined;
}

function uuidClause(id: string): RowClause {
  return { column: '_uuid', test: '==', value: id.toLowerCase() };
}

function findByPartialUuid(work: Work, table: CtlTable, start: string): WorkRow | undefined {
  const [first, second] = work.rows(table.name).filter((row) => row.id.startsWith(start));
  if (first !== undefined && second !== undefined) {
    throw new CommandFailed(
      `${table.name} contains 2 or more rows whose UUIDs begin with ${start}: at least ${first.id} and ${second.id}`,
    );
  }
  return first;
}
