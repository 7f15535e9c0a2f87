/** A schema given as JSON (an `.ovsschema` file, or what a server has) as the typed client takes it. */
import type { Json, JsonObject } from '../rpc/channel.ts';
import { emitJson, parseJson } from '../rpc/json.ts';
import type { AnyTables } from './client/types.ts';
import { columnTypeToJson } from './engine/column-type.ts';
import { compileSchema } from './engine/schema.ts';
import type { ColumnSchema, DatabaseSchema } from './engine/types.ts';
import {
  type BaseTypeJson,
  type Column,
  type Schema,
  schemaToJson,
  type TypeJson,
  type Value,
} from './schema-types.ts';

/**
 * Reads a schema from its RFC 7047 JSON, as parsed. Its rows are typed only as far as any row is: a column holds a
 * `Value`. Throws OvsdbError when it is no valid schema.
 */
export function schemaFromJson(json: unknown): Schema<AnyTables> {
  // Read member by member: what is no JSON is refused as of the wrong type.
  const { name, version, cksum, tables } = compileSchema(json as Json);
  const declared = [...tables.values()].map((table) => {
    const columns = Object.fromEntries(table.columns.map((column) => [column.name, declaredColumn(column)]));
    const maxRows = table.maxRows === Number.POSITIVE_INFINITY ? undefined : table.maxRows;
    const indexes = table.indexes.map((index) => index.map((column) => column.name));
    return [table.name, { columns, isRoot: table.isRoot, maxRows, indexes }] as const;
  });
  return { name, version, cksum, tables: Object.fromEntries(declared) };
}

/**
 * A schema declared in TypeScript as the engine takes it. Throws OvsdbError when it is no valid schema.
 * @internal
 */
export function compileDeclared(declared: Schema): DatabaseSchema {
  return compileSchema(parseJson(emitJson(schemaToJson(declared) as unknown as Json)));
}

function declaredColumn({ type, isMutable, isPersistent }: ColumnSchema): Column<Value> {
  return { type: longType(columnTypeToJson(type)), isMutable, isEphemeral: !isPersistent };
}

/** RFC 7047 lets short forms stand for types of one atom, of atoms without constraints, and for enums of one value. */
function longType(json: Json): TypeJson {
  if (typeof json === 'string') return { key: longBase(json) };
  const { key = null, value, ...sizes } = json as JsonObject;
  return { ...sizes, key: longBase(key), ...(value !== undefined && { value: longBase(value) }) };
}

/** The engine has checked it. */
function longBase(json: Json): BaseTypeJson {
  if (typeof json === 'string') return { type: json as BaseTypeJson['type'] };
  const base = json as unknown as BaseTypeJson;
  if (base.enum === undefined) return base;
  const values: unknown = base.enum;
  return Array.isArray(values) && values[0] === 'set' ? base : { ...base, enum: ['set', [values as string]] };
}
