/**
 * A plain model of RFC 7047 transactions: everything is copied, every check looks at everything. Slow and obvious, so
 * that the engine can be compared with it. Knows the schema of `ovsdb-model.test.ts` and nothing of the engine.
 */

/** Scalars, sets as sorted arrays, maps as arrays of pairs sorted by key. */
export type Value = string | number | readonly (string | number)[] | readonly (readonly [string, number])[];
export type ModelRow = Readonly<Record<string, Value>>;
export type Tables = Readonly<Record<TableName, ReadonlyMap<string, ModelRow>>>;
export type TableName = 'Root' | 'Child' | 'Note';

export const emptyTables: Tables = { Root: new Map(), Child: new Map(), Note: new Map() };
const initialRows: Readonly<Record<TableName, ModelRow>> = {
  Root: { name: '', kids: [], friend: [], n: 0 },
  Child: { name: '', next: [], peers: [] },
  Note: { about: [zero()], tags: [], m: [] },
};

export type Operation =
  | { readonly op: 'insert'; readonly table: TableName; readonly uuid: string; readonly row: ModelRow }
  | { readonly op: 'update'; readonly table: TableName; readonly where: Where; readonly row: ModelRow }
  | { readonly op: 'delete'; readonly table: TableName; readonly where: Where }
  | {
      readonly op: 'add';
      readonly table: TableName;
      readonly where: Where;
      readonly column: string;
      readonly by: number;
    }
  | {
      readonly op: 'put';
      readonly table: TableName;
      readonly where: Where;
      readonly column: string;
      readonly value: Value;
    }
  | {
      readonly op: 'take';
      readonly table: TableName;
      readonly where: Where;
      readonly column: string;
      readonly value: Value;
    };

/** All rows, the row with that uuid, or those whose column has that value. */
export type Where = 'all' | { readonly uuid: string } | { readonly column: string; readonly value: Value };

export type ModelOutcome = { readonly tables: Tables } | { readonly error: string };

const maxTags = 3;

/** Runs the operations and all checks of a commit. */
export function runModel(before: Tables, operations: readonly Operation[]): ModelOutcome {
  const tables = { Root: new Map(before.Root), Child: new Map(before.Child), Note: new Map(before.Note) };
  for (const operation of operations) {
    const error = runOperation(tables, operation, before);
    if (error !== undefined) return { error };
  }
  const error = checkAndCollect(tables, before);
  return error === undefined ? { tables } : { error };
}

type Draft = Record<TableName, Map<string, ModelRow>>;

function runOperation(tables: Draft, operation: Operation, before: Tables): string | undefined {
  const table = tables[operation.table];
  if (operation.op === 'insert') {
    if (table.has(operation.uuid) || before[operation.table].has(operation.uuid)) return 'duplicate uuid';
    const row = { ...initialRows[operation.table], ...operation.row };
    const error = checkValues(row);
    if (error === undefined) table.set(operation.uuid, row);
    return error;
  }
  if (operation.op === 'update') {
    const error = checkValues(operation.row);
    if (error !== undefined) return error;
  }
  for (const [uuid, row] of [...table]) {
    if (!matches(uuid, row, operation.where)) continue;
    if (operation.op === 'delete') {
      table.delete(uuid);
      continue;
    }
    const next = operation.op === 'update' ? { ...row, ...operation.row } : mutated(row, operation);
    const error = operation.op === 'update' ? undefined : checkValues(next);
    if (error !== undefined) return error;
    table.set(uuid, next);
  }
  return undefined;
}

function checkValues(row: ModelRow): string | undefined {
  const tooMany = Array.isArray(row.tags) && row.tags.length > maxTags;
  const isNegative = typeof row.n === 'number' && row.n < 0;
  return tooMany || isNegative ? 'invalid' : undefined;
}

function matches(uuid: string, row: ModelRow, where: Where): boolean {
  if (where === 'all') return true;
  if ('uuid' in where) return where.uuid === uuid;
  return same(row[where.column], where.value);
}

export function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function mutated(row: ModelRow, operation: Extract<Operation, { op: 'add' | 'put' | 'take' }>): ModelRow {
  const value = row[operation.column];
  if (operation.op === 'add') return { ...row, [operation.column]: Number(value) + operation.by };
  const have: readonly unknown[] = Array.isArray(value) ? value : [];
  const change: readonly unknown[] = Array.isArray(operation.value) ? operation.value : [];
  const keyOf = (element: unknown) => JSON.stringify(Array.isArray(element) ? element[0] : element);
  const result =
    operation.op === 'put'
      ? [...have, ...change.filter((element) => !have.some((other) => keyOf(other) === keyOf(element)))]
      : have.filter((element) => !change.some((other) => same(other, element)));
  return { ...row, [operation.column]: sorted(result) };
}

/** Numbers by size, texts and pairs by (first) text. */
export function sorted(elements: readonly unknown[]): Value {
  const key = (element: unknown): unknown => (Array.isArray(element) ? element[0] : element);
  const list: readonly unknown[] = [...elements].sort((a, b) => {
    const [x, y] = [key(a), key(b)];
    if (typeof x === 'number' && typeof y === 'number') return x - y;
    return String(x) < String(y) ? -1 : 1;
  });
  return list as Value; // elements of a Value, in another order
}

function uuids(value: Value | undefined): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

/** Strong references: Root.kids and Child.next, both to Child. */
function strongReferences(tables: Draft): { from: string; to: string }[] {
  const found: { from: string; to: string }[] = [];
  for (const [from, row] of tables.Root) for (const to of uuids(row.kids)) found.push({ from, to });
  for (const [from, row] of tables.Child) for (const to of uuids(row.next)) found.push({ from, to });
  return found.filter(({ from, to }) => from !== to);
}

function checkAndCollect(tables: Draft, before: Tables): string | undefined {
  if (strongReferences(tables).some(({ to }) => !tables.Child.has(to)))
    return 'referential integrity violation';
  for (let isDone = false; !isDone; ) {
    const held = new Set(strongReferences(tables).map(({ to }) => to));
    const garbage = [...tables.Child.keys()].filter((uuid) => !held.has(uuid));
    for (const uuid of garbage) tables.Child.delete(uuid);
    isDone = garbage.length === 0;
  }
  // A limit is looked at only where something has changed.
  if (tables.Root.size > 4 && !sameTable(tables.Root, before.Root)) return 'constraint violation';
  if (!dropWeak(tables)) return 'constraint violation';
  const names = [...tables.Child.values()].map((row) => row.name);
  return new Set(names).size < names.length ? 'constraint violation' : undefined;
}

function sameTable(a: ReadonlyMap<string, ModelRow>, b: ReadonlyMap<string, ModelRow>): boolean {
  return a.size === b.size && [...a].every(([uuid, row]) => same(row, b.get(uuid)));
}

/** Root.friend to Root, Child.peers to Child, Note.about to Child. False when a note is about nothing any more. */
function dropWeak(tables: Draft): boolean {
  const keep = (table: TableName, column: string, target: TableName): void => {
    for (const [uuid, row] of tables[table]) {
      const kept = uuids(row[column]).filter((to) => tables[target].has(to));
      tables[table].set(uuid, { ...row, [column]: kept });
    }
  };
  keep('Root', 'friend', 'Root');
  keep('Child', 'peers', 'Child');
  keep('Note', 'about', 'Child');
  return [...tables.Note.values()].every((row) => uuids(row.about).length > 0);
}

function zero(): string {
  return '00000000-0000-0000-0000-000000000000';
}
