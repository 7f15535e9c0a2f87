/**
 * Mutations (RFC 7047 section 5.1 `<mutation>`): arithmetic on numbers and sets of numbers, insertion into and deletion
 * from sets and maps. Used by the "mutate" operation.
 */
import type { Json } from '../../rpc/channel.ts';
import type { Scalar } from '../schema-types.ts';
import { checkAtom, type UuidNames } from './atom.ts';
import { elementsType, keysType, makeType, plainBase } from './column-type.ts';
import {
  atomsOf,
  datumFromJson,
  datumOf,
  describeType,
  elementCount,
  hasRepeatedKey,
  sortElements,
} from './datum.ts';
import { differenceOf, unionOf } from './datum-algebra.ts';
import { OvsdbError, syntaxError } from './errors.ts';
import type { ColumnSchema, Datum, TableSchema } from './types.ts';

export interface Mutation {
  readonly column: ColumnSchema;
  /** The column's next value. Throws OvsdbError. */
  apply(value: Datum): Datum;
}

/** Throws OvsdbError. */
export function mutationFromJson(table: TableSchema, json: Json, uuidNames: UuidNames): Mutation {
  if (!Array.isArray(json) || json.length !== 3) throw syntaxError(json, 'Parse error in mutation.');
  const [columnName, mutator, argument]: readonly Json[] = json;
  if (typeof columnName !== 'string' || typeof mutator !== 'string' || argument === undefined) {
    throw syntaxError(json, 'Parse error in mutation.');
  }
  const column = table.columnsByName.get(columnName);
  if (column === undefined) {
    throw syntaxError(json, `No column ${columnName} in table ${table.name}.`, 'unknown column');
  }
  if (!column.isMutable) {
    const why = `Cannot mutate immutable column ${columnName} in table ${table.name}.`;
    throw syntaxError(json, why, 'constraint violation');
  }
  if (mutator === 'insert' || mutator === 'delete')
    return elementMutation(column, mutator, argument, json, uuidNames);
  const operator = arithmetic.get(mutator);
  if (operator === undefined) throw new OvsdbError('unknown mutator', `No mutator named ${mutator}.`);
  return arithmeticMutation(column, mutator, operator, argument, json);
}

function mismatch(column: ColumnSchema, mutator: string, json: Json): OvsdbError {
  const type = describeType(column.type);
  return syntaxError(
    json,
    `Type mismatch: "${mutator}" operator may not be applied to column ${column.name} of type ${type}.`,
  );
}

function elementMutation(
  column: ColumnSchema,
  mutator: 'insert' | 'delete',
  argument: Json,
  json: Json,
  uuidNames: UuidNames,
): Mutation {
  const { type } = column;
  if (type.form === 'scalar') throw mismatch(column, mutator, json);
  if (mutator === 'insert') {
    const more = datumFromJson(makeType(type.key, type.value, 0, type.max), argument, uuidNames);
    return { column, apply: (value) => counted(column, unionOf(type, value, more)) };
  }
  const { less, isKeys } = readDeleted(column, argument, uuidNames);
  return { column, apply: (value) => counted(column, differenceOf(type, value, less, isKeys)) };
}

/** What "delete" takes away; from a map it may be a set of keys. */
function readDeleted(
  column: ColumnSchema,
  argument: Json,
  uuidNames: UuidNames,
): { less: Datum; isKeys: boolean } {
  const { type } = column;
  try {
    return { less: datumFromJson(elementsType(type), argument, uuidNames), isKeys: false };
  } catch (error) {
    if (type.value === undefined || !(error instanceof OvsdbError)) throw error;
    return { less: datumFromJson(keysType(type), argument, uuidNames), isKeys: true };
  }
}

function counted(column: ColumnSchema, value: Datum): Datum {
  const { type } = column;
  const count = elementCount(type, value);
  if (count >= type.min && count <= type.max) return value;
  const why = `Attempted to store ${count} elements in ${describeType(type)}.`;
  throw new OvsdbError('constraint violation', why);
}

interface Arithmetic {
  integer(x: bigint, y: bigint): bigint;
  real?(x: number, y: number): number;
  readonly isDivision?: true;
}

const arithmetic: ReadonlyMap<string, Arithmetic> = new Map<string, Arithmetic>([
  ['+=', { integer: (x, y) => x + y, real: (x, y) => x + y }],
  ['-=', { integer: (x, y) => x - y, real: (x, y) => x - y }],
  ['*=', { integer: (x, y) => x * y, real: (x, y) => x * y }],
  ['/=', { integer: (x, y) => x / y, real: (x, y) => x / y, isDivision: true }],
  ['%=', { integer: (x, y) => x % y, isDivision: true }],
]);

function arithmeticMutation(
  column: ColumnSchema,
  mutator: string,
  operator: Arithmetic,
  argument: Json,
  json: Json,
): Mutation {
  const { type } = column;
  const { key } = type;
  const isReal = key.type === 'real';
  if (
    type.value !== undefined ||
    (!isReal && key.type !== 'integer') ||
    (isReal && operator.real === undefined)
  ) {
    throw mismatch(column, mutator, json);
  }
  const [y = 0] = atomsOf(datumFromJson(makeType(plainBase(key.type), undefined, 1, 1), argument));
  const compute = isReal ? realStep(mutator, operator, Number(y)) : integerStep(mutator, operator, BigInt(y));
  const apply = (value: Datum): Datum => {
    const results = atomsOf(value).map(compute);
    for (const result of results) checkAtom(key, result);
    const sorted = sortElements(type, results);
    if (hasRepeatedKey(type, sorted))
      throw new OvsdbError('constraint violation', `Result of "${mutator}" operation contains duplicates.`);
    return datumOf(type, sorted);
  };
  return { column, apply };
}

/** Differs: -2^63 times -1 is out of range, and a negative number times 0 is 0; the reference leaves the one and crashes at the other. */
function integerStep(mutator: string, operator: Arithmetic, y: bigint): (x: Scalar) => Scalar {
  if (operator.isDivision && y === 0n) return divisionByZero;
  return (x) => {
    const big = BigInt(x);
    const result = operator.integer(big, y);
    // A remainder is computed with the quotient, and is out of range with it.
    const computed = operator.isDivision ? big / y : result;
    if (BigInt.asIntN(64, computed) !== computed) outOfRange(mutator);
    const small = Number(result);
    return Number.isSafeInteger(small) ? small : result;
  };
}

function realStep(mutator: string, operator: Arithmetic, y: number): (x: Scalar) => Scalar {
  if (operator.isDivision && y === 0) return divisionByZero;
  return (x) => {
    const result = operator.real?.(Number(x), y) ?? 0;
    if (!Number.isFinite(result)) outOfRange(mutator);
    return result + 0;
  };
}

function divisionByZero(): never {
  throw new OvsdbError('domain error', 'Division by zero.');
}

function outOfRange(mutator: string): never {
  throw new OvsdbError('range error', `Result of "${mutator}" operation is out of range.`);
}
