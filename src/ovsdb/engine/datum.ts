/**
 * Values of columns: scalars, sets and maps (RFC 7047 section 5.1), from and to JSON, compared, printed.
 * How they are combined (mutations, differences) is in `datum-algebra.ts`.
 */
import type { Json } from '../../rpc/channel.ts';
import { atomFromJson, atomToJson, compareAtoms, defaultAtom, formatAtom, type Symbols } from './atom.ts';
import { OvsdbError, syntaxError } from './errors.ts';
import type { Atom, ColumnType, Datum } from './types.ts';

const none: readonly Atom[] = Object.freeze([]);

/** The atoms of a value: one for a scalar, keys and values in turn for a map. */
export function atomsOf(datum: Datum): readonly Atom[] {
  return isAtoms(datum) ? datum : [datum];
}

export function isAtoms(datum: Datum): datum is readonly Atom[] {
  return Array.isArray(datum);
}

/** Elements of a set, pairs of a map, 1 for a scalar. */
export function elementCount(type: ColumnType, datum: Datum): number {
  if (!isAtoms(datum)) return 1;
  return type.form === 'map' ? datum.length / 2 : datum.length;
}

/** The value of that type with these atoms. */
export function datumOf(type: ColumnType, atoms: readonly Atom[]): Datum {
  if (type.form === 'scalar') return atoms[0] ?? defaultAtom(type.key.type);
  return atoms.length === 0 ? none : atoms;
}

/** What a column holds when an insert does not mention it. */
export function defaultDatum(type: ColumnType): Datum {
  const key = defaultAtom(type.key.type);
  if (type.form === 'scalar') return key;
  if (type.min === 0) return none;
  return type.value === undefined ? [key] : [key, defaultAtom(type.value.type)];
}

/** Reads a value and checks its constraints. Throws OvsdbError. */
export function datumFromJson(type: ColumnType, json: Json, symbols?: Symbols): Datum {
  const isInSet = type.form !== 'map' && Array.isArray(json) && json.length > 0 && json[0] === 'set';
  if (type.form !== 'map' && !isInSet) {
    const atom = atomFromJson(type.key, json, symbols);
    return type.form === 'scalar' ? atom : [atom];
  }
  const form = type.form === 'map' ? 'map' : 'set';
  const elements = unwrap(json, form);
  checkCount(type, form, elements.length, json);
  const atoms =
    type.value === undefined ? readSet(type, elements, symbols) : readMap(type, elements, symbols);
  return datumOf(type, atoms);
}

function unwrap(json: Json, form: 'set' | 'map'): readonly Json[] {
  if (Array.isArray(json) && json.length === 2 && json[0] === form) {
    const elements: Json = json[1];
    if (Array.isArray(elements)) return elements;
  }
  throw syntaxError(json, `expected ["${form}", <array>]`);
}

function checkCount(type: ColumnType, form: string, count: number, json: Json): void {
  if (count >= type.min && count <= type.max) return;
  if (type.min === 1 && type.max === 1) {
    throw syntaxError(json, `${form} must have exactly one member but ${count} are present`);
  }
  const max = type.max === Number.POSITIVE_INFINITY ? 4294967295 : type.max;
  throw syntaxError(json, `${form} must have ${type.min} to ${max} members but ${count} are present`);
}

function readSet(type: ColumnType, elements: readonly Json[], symbols: Symbols | undefined): readonly Atom[] {
  const atoms = elements.map((element) => atomFromJson(type.key, element, symbols));
  sortSet(type, atoms);
  return atoms;
}

/** Sorts in place. Throws OvsdbError when an atom is there twice. */
export function sortSet(type: ColumnType, atoms: Atom[]): void {
  const order = type.key.type;
  let isSorted = true;
  for (let i = 1; i < atoms.length && isSorted; i++) isSorted = compareAt(order, atoms, i - 1, i) < 0;
  if (isSorted) return;
  atoms.sort((a, b) => compareAtoms(order, a, b));
  for (let i = 1; i < atoms.length; i++) {
    if (atoms[i] === atoms[i - 1]) throw new OvsdbError('ovsdb error', 'set contains duplicate');
  }
}

function compareAt(
  order: Parameters<typeof compareAtoms>[0],
  atoms: readonly Atom[],
  i: number,
  j: number,
): number {
  const a = atoms[i];
  const b = atoms[j];
  return a === undefined || b === undefined ? 0 : compareAtoms(order, a, b);
}

function readMap(type: ColumnType, elements: readonly Json[], symbols: Symbols | undefined): readonly Atom[] {
  const atoms: Atom[] = [];
  let isSorted = true;
  for (const element of elements) {
    if (!Array.isArray(element) || element.length !== 2)
      throw syntaxError(element, 'expected 2-element array');
    const key = atomFromJson(type.key, element[0], symbols);
    const value = type.value === undefined ? key : atomFromJson(type.value, element[1], symbols);
    const before = atoms.at(-2);
    if (before !== undefined && compareAtoms(type.key.type, before, key) >= 0) isSorted = false;
    atoms.push(key, value);
  }
  return isSorted ? atoms : sortMap(type, atoms);
}

function sortMap(type: ColumnType, atoms: readonly Atom[]): Atom[] {
  const pairs: [Atom, Atom][] = [];
  for (let i = 0; i + 1 < atoms.length; i += 2) pairs.push([atoms[i] ?? 0, atoms[i + 1] ?? 0]);
  pairs.sort(([a], [b]) => compareAtoms(type.key.type, a, b));
  for (let i = 1; i < pairs.length; i++) {
    if (pairs[i]?.[0] === pairs[i - 1]?.[0])
      throw new OvsdbError('ovsdb error', 'map contains duplicate key');
  }
  return pairs.flat();
}

/** RFC 7047 `<value>`; a set of one is given as its atom, as the reference does. */
export function datumToJson(type: ColumnType, datum: Datum): Json {
  const key = type.key.type;
  if (!isAtoms(datum)) return atomToJson(key, datum);
  if (type.value !== undefined) {
    const value = type.value.type;
    const pairs: Json[] = [];
    for (let i = 0; i + 1 < datum.length; i += 2) {
      pairs.push([atomToJson(key, datum[i] ?? 0), atomToJson(value, datum[i + 1] ?? 0)]);
    }
    return ['map', pairs];
  }
  const [only] = datum;
  if (datum.length === 1 && only !== undefined) return atomToJson(key, only);
  return ['set', key === 'uuid' || key === 'real' ? datum.map((atom) => atomToJson(key, atom)) : datum];
}

export function equalDatums(a: Datum, b: Datum): boolean {
  if (a === b) return true;
  if (!isAtoms(a) || !isAtoms(b) || a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** The reference's order: fewer elements first, then keys, then values. */
export function compareDatums(type: ColumnType, a: Datum, b: Datum): number {
  if (!isAtoms(a) || !isAtoms(b)) {
    return isAtoms(a) || isAtoms(b) ? 0 : compareAtoms(type.key.type, a, b);
  }
  if (a.length !== b.length) return a.length - b.length;
  const step = type.form === 'map' ? 2 : 1;
  return (
    compareEvery(type.key.type, a, b, 0, step) || compareEvery(type.value?.type ?? 'string', a, b, 1, step)
  );
}

function compareEvery(
  order: Parameters<typeof compareAtoms>[0],
  a: readonly Atom[],
  b: readonly Atom[],
  from: number,
  step: number,
): number {
  for (let i = from; i < a.length && from < step; i += step) {
    const order3 = compareAtoms(order, a[i] ?? 0, b[i] ?? 0);
    if (order3 !== 0) return order3;
  }
  return 0;
}

export function isDefaultDatum(type: ColumnType, datum: Datum): boolean {
  return equalDatums(datum, defaultDatum(type));
}

/** As the tools print it: "[a, b]", "{k=v}", a bare atom where the type holds at most one. */
export function formatDatum(type: ColumnType, datum: Datum): string {
  const key = type.key.type;
  const atoms = atomsOf(datum);
  const parts: string[] = [];
  if (type.value === undefined) {
    for (const atom of atoms) parts.push(formatAtom(key, atom));
  } else {
    for (let i = 0; i + 1 < atoms.length; i += 2) {
      parts.push(`${formatAtom(key, atoms[i] ?? 0)}=${formatAtom(type.value.type, atoms[i + 1] ?? 0)}`);
    }
  }
  const text = parts.join(', ');
  if (type.max === 1 && atoms.length > 0) return text;
  return type.value === undefined ? `[${text}]` : `{${text}}`;
}

/** "set of up to 3 strings": how messages call a type. */
export function describeType(type: ColumnType): string {
  const { key, value, min, max } = type;
  if (type.form === 'scalar') return key.type;
  const form = value === undefined ? 'set' : 'map';
  const elements = value === undefined ? `${key.type}s` : `(${key.type}, ${value.type}) pairs`;
  let range = ` of up to ${max}`;
  if (max === Number.POSITIVE_INFINITY) range = min > 0 ? ` of ${min} or more` : ' of';
  else if (min > 0) range = ` of ${min} to ${max}`;
  return `${form}${range} ${elements}`;
}
