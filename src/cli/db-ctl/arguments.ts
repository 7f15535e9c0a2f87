/** Arguments of the form COLUMN[:KEY] and COLUMN[:KEY]=VALUE, and the relations that `find` and `wait-until` know. */
import { makeType } from '../../ovsdb/engine/column-type.ts';
import { compareDatums, elementCount } from '../../ovsdb/engine/datum.ts';
import { isDisjoint, isIncluded, valueUnder } from '../../ovsdb/engine/datum-algebra.ts';
import type { ColumnType, Datum } from '../../ovsdb/engine/types.ts';
import type { Scalar } from '../../ovsdb/schema-types.ts';
import { CommandFailed, Cursor, readAtom, readDatum, type Symbols } from './datum-text.ts';
import { type CtlColumn, type CtlTable, findColumn } from './schema.ts';
import type { WorkRow } from './work.ts';

export interface ColumnArgument {
  readonly column: CtlColumn;
  readonly key: string | undefined;
  /** What stands after the key. */
  readonly rest: string;
}

/** COLUMN[:KEY], and what follows. Throws CommandFailed. */
function readColumnArgument(arg: string, table: CtlTable): ColumnArgument {
  const cursor = new Cursor(arg);
  const name = cursor.token();
  if (name === '') throw new CommandFailed(`${arg}: missing column name`);
  const column = findColumn(table, name);
  const hasKey = cursor.next === ':';
  if (hasKey) cursor.take(':');
  return { column, key: hasKey ? cursor.token() : undefined, rest: cursor.rest };
}

/** COLUMN[:KEY] with nothing after it. Throws CommandFailed. */
export function readColumnAndKey(arg: string, table: CtlTable): ColumnArgument {
  const found = readColumnArgument(arg, table);
  if (found.rest !== '') throw new CommandFailed(`${arg}: trailing garbage "${found.rest}" in argument`);
  return found;
}

/** COLUMN[:KEY]=VALUE, the value still as text. Throws CommandFailed. */
export function readAssignment(arg: string, table: CtlTable): ColumnArgument & { readonly value: string } {
  const found = readColumnArgument(arg, table);
  const { value } = readOperator(arg, found.rest, ['=']);
  return { ...found, value };
}

/** By its column alone, for what a command is going to read. Throws CommandFailed. */
export function columnOfArgument(arg: string, table: CtlTable): CtlColumn {
  const name = new Cursor(arg).token();
  if (name === '') throw new CommandFailed(`${arg}: missing column name`);
  return findColumn(table, name);
}

type Test = (type: ColumnType, a: Datum, b: Datum) => boolean;

const hasFewer: Test = (type, a, b) => elementCount(type, a) < elementCount(type, b);

const relations = {
  '=': (type, a, b) => compareDatums(type, a, b) === 0,
  '!=': (type, a, b) => compareDatums(type, a, b) !== 0,
  '<': (type, a, b) => compareDatums(type, a, b) < 0,
  '>': (type, a, b) => compareDatums(type, a, b) > 0,
  '<=': (type, a, b) => compareDatums(type, a, b) <= 0,
  '>=': (type, a, b) => compareDatums(type, a, b) >= 0,
  '{=}': (type, a, b) => compareDatums(type, a, b) === 0,
  '{!=}': (type, a, b) => compareDatums(type, a, b) !== 0,
  '{<}': (type, a, b) => hasFewer(type, a, b) && isIncluded(type, a, b),
  '{>}': (type, a, b) => hasFewer(type, b, a) && isIncluded(type, b, a),
  '{<=}': isIncluded,
  '{>=}': (type, a, b) => isIncluded(type, b, a),
  '{in}': isIncluded,
  '{not-in}': isDisjoint,
} as const satisfies Record<string, Test>;

type Relation = keyof typeof relations;
const relationNames = Object.keys(relations).filter((name): name is Relation => name in relations);

/** Does the row meet COLUMN[:KEY]=VALUE, with any of the relations for "="? Throws CommandFailed. */
export function isConditionMet(arg: string, table: CtlTable, row: WorkRow, symbols: Symbols): boolean {
  const { column, key, rest } = readColumnArgument(arg, table);
  const { operator, value } = readOperator(arg, rest, relationNames);
  const have = row.get(column.name);
  const relation: Test = relations[operator];
  const { type } = column;
  if (key === undefined) {
    return relation(type, have, readDatum(value, type, symbols));
  }
  if (type.value === undefined)
    throw new CommandFailed(`cannot specify key to check for non-map column ${column.name}`);
  const wantedKey = readAtom(key, type.key, symbols);
  const valueType = makeType(type.value, undefined, type.min, Number.POSITIVE_INFINITY);
  const wanted = readDatum(value, valueType, symbols);
  const found = valueUnder(type, have, wantedKey);
  if (found === undefined && !operator.startsWith('{')) return false;
  return relation(valueType, found === undefined ? [] : [found], wanted);
}

/** The longest operator that begins `rest`, with something after it. */
function readOperator<O extends string>(
  arg: string,
  rest: string,
  allowed: readonly O[],
): { operator: O; value: string } {
  let best: O | undefined;
  for (const operator of allowed) {
    const isLonger = operator.length > (best?.length ?? 0);
    if (isLonger && rest.startsWith(operator) && rest.length > operator.length) best = operator;
  }
  if (best === undefined)
    throw new CommandFailed(`${arg}: argument does not end in ${alternatives(allowed)} followed by a value.`);
  return { operator: best, value: rest.slice(best.length) };
}

function alternatives(operators: readonly string[]): string {
  const quoted = operators.map((operator) => `"${operator}"`);
  const last = quoted.at(-1) ?? '';
  if (quoted.length < 3) return quoted.join(' or ');
  return `${quoted.slice(0, -1).join(', ')}, or ${last}`;
}

/** Key and value of a map's assignment. Throws CommandFailed. */
export function readPair(
  column: CtlColumn,
  key: string,
  value: string,
  symbols: Symbols,
  what: 'set' | 'get' | 'check',
): readonly [Scalar, Scalar] {
  const { value: valueType } = column.type;
  if (valueType === undefined) {
    throw new CommandFailed(`cannot specify key to ${what} for non-map column ${column.name}`);
  }
  return [readAtom(key, column.type.key, symbols), readAtom(value, valueType, symbols)];
}
