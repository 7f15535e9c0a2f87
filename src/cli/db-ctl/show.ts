/** The `show` command: the tables that a program names, as a tree from its root table downwards. */
import { formatAtom } from '../../ovsdb/engine/atom.ts';
import { datumToJson, formatDatum, isDefaultDatum } from '../../ovsdb/engine/datum.ts';
import type { Scalar } from '../../ovsdb/schema-types.ts';
import type { Json } from '../../rpc/channel.ts';
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
      const trees = context.work
        .rows(root.table, root.columns)
        .map((row) => showRow(context, shown, row, 0, new Set()));
      context.value = trees;
    },
  };
}

type Tree = Record<string, Json>;

/**
 * Prints a row and returns it as data. `above` are the tables of the branch so far: a table inside itself is shown by
 * name only.
 */
function showRow(
  context: Context,
  shown: readonly ShownTable[],
  row: WorkRow,
  level: number,
  above: ReadonlySet<string>,
): Tree {
  const show = shown.find(({ table }) => table === row.table.name);
  const indent = ' '.repeat(4 * level);
  const name = show?.nameColumn;
  context.print(indent + (name === undefined ? row.id : `${row.table.name} ${textOf(row, name)}`));
  const tree: Tree = name === undefined ? { _uuid: row.id } : { [name]: jsonOf(row, name) };
  if (show === undefined || above.has(show.table)) return tree;
  const inside = new Set([...above, show.table]);
  for (const columnName of show.columns) {
    const column = columnNamed(row.table, columnName);
    const target = shown.find(({ table }) => table === column.type.key.refTable);
    const mapTarget = shown.find(({ table }) => table === column.type.value?.refTable);
    if (target !== undefined)
      tree[columnName] = showBranches(context, shown, target, row.keys(columnName), level, inside);
    else if (mapTarget?.nameColumn !== undefined)
      tree[columnName] = showMap(context, mapTarget, mapTarget.nameColumn, column, row, level);
    else if (!isDefaultDatum(column.type, row.get(columnName))) {
      context.print(`${indent}    ${columnName}: ${textOf(row, columnName)}`);
      tree[columnName] = jsonOf(row, columnName);
    }
  }
  return tree;
}

function showBranches(
  context: Context,
  shown: readonly ShownTable[],
  target: ShownTable,
  ids: readonly Scalar[],
  level: number,
  inside: ReadonlySet<string>,
): Tree[] {
  const byId = new Map(context.work.rows(target.table).map((row) => [row.id, row]));
  const rows = ids.map((id) => byId.get(String(id))).filter((row) => row !== undefined);
  return rows.map((row) => showRow(context, shown, row, level + 1, inside));
}

function showMap(
  context: Context,
  target: ShownTable,
  nameColumn: string,
  column: CtlColumn,
  owner: WorkRow,
  level: number,
): Tree {
  const indent = ' '.repeat(4 * level);
  const tree: Tree = {};
  context.print(`${indent}    ${column.name}:`);
  for (const [key, value] of owner.pairs(column.name)) {
    const row = context.work.row(target.table, String(value));
    const name = row === undefined ? '"<null>"' : textOf(row, nameColumn);
    context.print(`${indent}        ${formatAtom(column.type.key.type, key)}=${name}`);
    tree[String(key)] = row === undefined ? null : jsonOf(row, nameColumn);
  }
  return tree;
}

function textOf(row: WorkRow, column: string): string {
  const { type } = columnNamed(row.table, column);
  return formatDatum(type, row.get(column));
}

function jsonOf(row: WorkRow, column: string): Json {
  return datumToJson(columnNamed(row.table, column).type, row.get(column));
}
