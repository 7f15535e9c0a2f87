/** The `show` command: the tables that a program names, as a tree from its root table downwards. */
import { formatAtom } from '../../ovsdb/engine/atom.ts';
import { formatDatum, isDefaultDatum } from '../../ovsdb/engine/datum.ts';
import type { Scalar } from '../../ovsdb/schema-types.ts';
import type { CommandDef, Context } from './command.ts';
import { type CtlColumn, columnNamed } from './schema.ts';
import type { WorkRow } from './work.ts';

/** A table of the tree: its rows are shown by name, with columns; references to tables of the tree become branches. */
export interface ShownTable {
  readonly table: string;
  readonly nameColumn?: string;
  readonly columns: readonly string[];
}

/** The first of `shown` is the root. */
export function makeShowCommand(shown: readonly ShownTable[]): CommandDef {
  return {
    name: 'show',
    minArgs: 0,
    maxArgs: 0,
    arguments: '',
    options: [],
    mayWrite: false,
    prepare(_command, { schema, snapshot }) {
      for (const { table, nameColumn, columns } of shown) {
        const found = schema.tables.find((one) => one.name === table);
        if (found !== undefined)
          snapshot.prepare(found, [], nameColumn === undefined ? columns : [nameColumn, ...columns]);
      }
    },
    run(context) {
      const [root] = shown;
      if (root === undefined) return;
      for (const row of context.work.rows(root.table, root.columns))
        showRow(context, shown, row, 0, new Set());
    },
  };
}

/** `above` are the tables of the branch so far: a table inside itself is shown by name only. */
function showRow(
  context: Context,
  shown: readonly ShownTable[],
  row: WorkRow,
  level: number,
  above: ReadonlySet<string>,
): void {
  const show = shown.find(({ table }) => table === row.table.name);
  const indent = ' '.repeat(4 * level);
  const name = show?.nameColumn;
  context.print(indent + (name === undefined ? row.id : `${row.table.name} ${textOf(row, name)}`));
  if (show === undefined || above.has(show.table)) return;
  const inside = new Set([...above, show.table]);
  for (const columnName of show.columns) {
    const column = columnNamed(row.table, columnName);
    const target = shown.find(({ table }) => table === column.type.key.refTable);
    const mapTarget = shown.find(({ table }) => table === column.type.value?.refTable);
    if (target !== undefined) showBranches(context, shown, target, row.keys(columnName), level, inside);
    else if (mapTarget?.nameColumn !== undefined)
      showMap(context, mapTarget, mapTarget.nameColumn, column, row, level);
    else if (!isDefaultDatum(column.type, row.get(columnName))) {
      context.print(`${indent}    ${columnName}: ${textOf(row, columnName)}`);
    }
  }
}

function showBranches(
  context: Context,
  shown: readonly ShownTable[],
  target: ShownTable,
  ids: readonly Scalar[],
  level: number,
  inside: ReadonlySet<string>,
): void {
  const byId = new Map(context.work.rows(target.table).map((row) => [row.id, row]));
  for (const id of ids) {
    const row = byId.get(String(id));
    if (row !== undefined) showRow(context, shown, row, level + 1, inside);
  }
}

function showMap(
  context: Context,
  target: ShownTable,
  nameColumn: string,
  column: CtlColumn,
  owner: WorkRow,
  level: number,
): void {
  const indent = ' '.repeat(4 * level);
  context.print(`${indent}    ${column.name}:`);
  for (const [key, value] of owner.pairs(column.name)) {
    const row = context.work.row(target.table, String(value));
    const name = row === undefined ? '"<null>"' : textOf(row, nameColumn);
    context.print(`${indent}        ${formatAtom(column.type.key.type, key)}=${name}`);
  }
}

function textOf(row: WorkRow, column: string): string {
  const { type } = columnNamed(row.table, column);
  return formatDatum(type, row.get(column));
}
