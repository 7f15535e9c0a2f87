/**
 * Conditions (RFC 7047 section 5.1 `<condition>`): compiled clauses that test rows. Used by the operations' "where",
 * where all clauses must hold, and by conditional monitors, where any is enough.
 */
import type { Json } from '../../rpc/channel.ts';
import { compareAtoms } from '../atom.ts';
import type { Scalar } from '../schema-types.ts';
import type { UuidNames } from './atom.ts';
import { makeType } from './column-type.ts';
import { atomsOf, datumFromJson, datumToJson, describeType, equalDatums } from './datum.ts';
import { isDisjoint, isIncluded } from './datum-algebra.ts';
import { OvsdbError, syntaxError } from './errors.ts';
import { cell } from './row.ts';
import type { ColumnSchema, ColumnType, Datum, RowVersion, TableSchema } from './types.ts';

const functions = ['==', 'includes', '<=', '<', '>=', '>', 'excludes', '!='] as const;
type FunctionName = (typeof functions)[number];

/** `column` is undefined for the constant clauses true and false. */
export interface Clause {
  readonly function: FunctionName | boolean;
  readonly column: ColumnSchema | undefined;
  readonly argument: Datum;
  /** The type that `argument` was read as. */
  readonly argumentType: ColumnType | undefined;
  matches(row: RowVersion): boolean;
}

export class RowCondition {
  readonly clauses: readonly Clause[];

  constructor(clauses: readonly Clause[]) {
    this.clauses = clauses;
  }

  matchesEvery(row: RowVersion): boolean {
    for (const clause of this.clauses) if (!clause.matches(row)) return false;
    return true;
  }

  /** An empty condition holds. */
  matchesAny(row: RowVersion): boolean {
    for (const clause of this.clauses) if (clause.matches(row)) return true;
    return this.clauses.length === 0;
  }

  toJson(): Json {
    return this.clauses.map((clause) =>
      clause.column === undefined || clause.argumentType === undefined
        ? clause.function
        : [clause.column.name, clause.function, datumToJson(clause.argumentType, clause.argument)],
    );
  }
}

/** Throws OvsdbError. */
export function conditionFromJson(
  table: TableSchema,
  json: readonly Json[],
  uuidNames?: UuidNames,
): RowCondition {
  return new RowCondition(json.map((clause) => clauseFromJson(table, clause, uuidNames)));
}

function clauseFromJson(table: TableSchema, json: Json, uuidNames: UuidNames | undefined): Clause {
  if (typeof json === 'boolean') {
    return { function: json, column: undefined, argument: '', argumentType: undefined, matches: () => json };
  }
  if (!Array.isArray(json) || json.length !== 3) throw syntaxError(json, 'Parse error in condition.');
  const [columnName, functionName, argumentJson]: readonly Json[] = json;
  if (typeof columnName !== 'string' || typeof functionName !== 'string' || argumentJson === undefined) {
    throw syntaxError(json, 'Parse error in condition.');
  }
  const column = table.columnsByName.get(columnName);
  if (column === undefined) {
    throw syntaxError(json, `No column ${columnName} in table ${table.name}.`, 'unknown column');
  }
  const name = functions.find((known) => known === functionName);
  if (name === undefined) throw new OvsdbError('unknown function', `No function named ${functionName}.`);
  const argumentType = argumentTypeOf(column, name, json);
  const argument = datumFromJson(argumentType, argumentJson, uuidNames);
  return { function: name, column, argument, argumentType, matches: testOf(column, name, argument) };
}

function isOrdering(name: FunctionName): boolean {
  return name === '<' || name === '<=' || name === '>' || name === '>=';
}

/** The column's type, relaxed as far as the function allows. */
function argumentTypeOf(column: ColumnSchema, name: FunctionName, json: Json): ColumnType {
  const { type } = column;
  const { key, value } = type;
  if (isOrdering(name)) {
    const isNumeric = key.type === 'integer' || key.type === 'real';
    if (value !== undefined || type.max !== 1 || !isNumeric) {
      const why = `Type mismatch: "${name}" operator may not be applied to column ${column.name} of type ${describeType(type)}.`;
      throw syntaxError(json, why);
    }
    return makeType(key, undefined, 1, 1);
  }
  if (type.form === 'scalar') return type;
  if (name === 'includes') return makeType(key, value, 0, type.max);
  if (name === 'excludes') return makeType(key, value, 0, Number.POSITIVE_INFINITY);
  return type;
}

function testOf(column: ColumnSchema, name: FunctionName, argument: Datum): (row: RowVersion) => boolean {
  const { type } = column;
  if (type.form === 'scalar') {
    const [wanted] = atomsOf(argument);
    return wanted === undefined ? () => false : scalarTest(column, name, wanted);
  }
  switch (name) {
    case '==':
      return (row) => equalDatums(cell(row, column), argument);
    case '!=':
      return (row) => !equalDatums(cell(row, column), argument);
    case 'includes':
      return (row) => isIncluded(type, argument, cell(row, column));
    case 'excludes':
      return (row) => isDisjoint(type, argument, cell(row, column));
    default:
      return orderTest(column, name, argument);
  }
}

function scalarTest(column: ColumnSchema, name: FunctionName, wanted: Scalar): (row: RowVersion) => boolean {
  if (name === '==' || name === 'includes') return (row) => cell(row, column) === wanted;
  if (name === '!=' || name === 'excludes') return (row) => cell(row, column) !== wanted;
  return orderTest(column, name, wanted);
}

/** Orders a number, or an optional one; an absent value is never smaller nor greater. */
function orderTest(column: ColumnSchema, name: FunctionName, argument: Datum): (row: RowVersion) => boolean {
  const [wanted] = atomsOf(argument);
  const isSmallerWanted = name === '<' || name === '<=';
  const isEqualWanted = name === '<=' || name === '>=';
  return (row) => {
    const [actual] = atomsOf(cell(row, column));
    if (actual === undefined || wanted === undefined) return false;
    const order = compareAtoms(actual, wanted);
    return order === 0 ? isEqualWanted : order < 0 === isSmallerWanted;
  };
}
