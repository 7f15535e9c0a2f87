/** A schema in one spelling, so that two that mean the same compare equal. For the schema tests. */
import type { BaseTypeJson, ColumnJson, SchemaJson, TableJson, TypeJson } from '../../ovsdb/schema-types.ts';

type Loose =
  | string
  | (Omit<TypeJson, 'key' | 'value'> & { key: string | BaseTypeJson; value?: string | BaseTypeJson });

/** One line a column, sorted by name: "name string", "tag {integer 0..4095} 0..1". */
function canonicalTable(table: TableJson): string[] {
  const lines = Object.entries(table.columns).map(([name, c]) => `${name} ${canonicalColumn(c)}`);
  const traits = [
    table.isRoot === true ? 'root' : '',
    table.maxRows === undefined ? '' : `max ${table.maxRows}`,
    ...(table.indexes ?? []).map((index) => `index ${index.join('+')}`),
  ];
  return [...lines.sort(), ...traits.filter((t) => t !== '')];
}

export function canonicalSchema(schema: SchemaJson): ReadonlyMap<string, readonly string[]> {
  return new Map(Object.entries(schema.tables).map(([name, table]) => [name, canonicalTable(table)]));
}

function canonicalColumn(column: ColumnJson): string {
  const type: Loose = column.type;
  const long = typeof type === 'string' ? { key: type } : type;
  const value = long.value === undefined ? '' : `->${canonicalBase(long.value)}`;
  const flags = `${column.ephemeral === true ? ' ephemeral' : ''}${column.mutable === false ? ' immutable' : ''}`;
  return `${canonicalBase(long.key)}${value} ${long.min ?? 1}..${long.max ?? 1}${flags}`;
}

function canonicalBase(base: string | BaseTypeJson): string {
  if (typeof base === 'string') return base;
  const parts = Object.entries(base)
    .filter(([key]) => key !== 'type')
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .sort();
  return parts.length === 0 ? base.type : `{${base.type} ${parts.join(' ')}}`;
}
