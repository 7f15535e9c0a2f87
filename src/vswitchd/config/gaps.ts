/**
 * What a row asks for and does not get, by the roles of its columns (column-roles.ts). Told to the operator by
 * `GapLog`.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Columns } from '../../ovsdb/schema-types.ts';
import { type OvsRow, openVswitch } from '../schema/index.ts';
import { type ColumnRole, gapsOfSpeed, type KeyColumn, roles, type SeenTable } from './column-roles.ts';
import type { Judgement } from './row-judges.ts';

/** One gap that a row meets. */
interface Shortfall extends Judgement {
  /** Column, and key: the same for all values of it. */
  readonly place: string;
}

/** The gaps that a row meets, and its values of no use. An interface may be the local port of a bridge. */
export function shortfallsOf<T extends SeenTable>(
  table: T,
  row: OvsRow<T>,
  { isLocalPort } = { isLocalPort: false },
): Shortfall[] {
  const values: Readonly<Record<string, unknown>> = row;
  const columns: Columns = openVswitch.tables[table].columns;
  return Object.entries<ColumnRole<T>>(roles[table]).flatMap(([column, role]) => {
    if (typeof role === 'string') return [];
    const value = values[column];
    if ('keys' in role) return keyShortfalls(column, role, value);
    if ('judge' in role) {
      const told = role.judge(row, isLocalPort);
      return told === undefined ? [] : [{ ...told, place: column }];
    }
    if (isEmpty(value)) return [];
    const text = nameOf(column, columns[column], value);
    return [{ level: 'warn', place: column, text: `${text} is not acted on: ${role.gap}` }];
  });
}

/** Columns of which a change may change what `shortfallsOf` says. */
export function gapColumns(table: SeenTable): string[] {
  return Object.entries<unknown>(roles[table]).flatMap(([name, role]) =>
    typeof role === 'string' ? [] : name,
  );
}

function keyShortfalls(column: string, role: KeyColumn, value: unknown): Shortfall[] {
  if (!(value instanceof Map)) return [];
  const map: ReadonlyMap<string, string> = value;
  return [...unmetKeys(column, role, map), ...unreadKeys(column, role, map)];
}

/** Keys with a gap that ask for something. */
function unmetKeys(
  column: string,
  { gaps, idle = [] }: KeyColumn,
  map: ReadonlyMap<string, string>,
): Shortfall[] {
  return [...map].flatMap(([key, text]) => {
    const gap = Object.hasOwn(gaps, key) && !idle.includes(text) ? gaps[key] : undefined;
    if (gap === undefined) return [];
    const place = `${column}:${key}`;
    const level = gapsOfSpeed.has(gap) ? 'info' : 'warn';
    return [{ level, place, text: `${place}=${text} is not acted on: ${gap}` }];
  });
}

/** Keys whose text is no value. */
function unreadKeys(column: string, { keys }: KeyColumn, map: ReadonlyMap<string, string>): Shortfall[] {
  return Object.values(keys).flatMap((key): Shortfall[] => {
    const text = map.get(key.name);
    if (text === undefined || key.read(text) !== undefined) return [];
    const place = `${column}:${key.name}`;
    const complaint = key.complaint?.(text);
    if (complaint !== undefined) return [{ level: 'err', place, text: complaint }];
    return [{ level: 'info', place, text: `${place}=${text} is not acted on: it is not ${key.wants}` }];
  });
}

/** References and maps say nothing to a reader. */
function nameOf(column: string, declared: Columns[string] | undefined, value: unknown): string {
  const isPlain = declared?.type.key.type !== 'uuid' && declared?.type.value === undefined;
  return isPlain ? `${column}=${String(value)}` : column;
}

function isEmpty(value: unknown): boolean {
  if (value instanceof Map) return value.size === 0;
  return [undefined, false, 0, ''].some((empty) => empty === value) || isDeepStrictEqual(value, []);
}
