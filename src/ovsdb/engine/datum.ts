/**
 * Values of columns: scalars, sets and maps (RFC 7047 section 5.1), from and to JSON, compared, printed.
 * How they are combined (mutations, differences) is in `datum-algebra.ts`.
 */
import type { Json } from '../../rpc/channel.ts';
import { compareAtoms, defaultAtoms } from '../atom.ts';
import type { Scalar } from '../schema-types.ts';
import { atomFromJson, atomToJson, formatAtom, type UuidNames } from './atom.ts';
import { OvsdbError, syntaxError } from './errors.ts';
import type { ColumnType, Datum } from './types.ts';

const none: readonly Scalar[] = Object.freeze([]);

/** The atoms of a value: one for a scalar, keys and values in turn for a map. */
export function atomsOf(datum: Datum): readonly Scalar[] {
  return isAtoms(datum) ? datum : [datum];
}

export function isAtoms(datum: Datum): datum is readonly Scalar[] {
  return Array.isArray(datum);
}

/** Atoms of one element. */
export function stepOf(type: ColumnType): 1 | 2 {
  return type.form === 'map' ? 2 : 1;
}

/** The keys and values of a map. */
export function pairsOf(map: Datum): [key: Scalar, value: Scalar][] {
  const atoms = atomsOf(map);
  const pairs: [Scalar, Scalar][] = [];
  for (let i = 0; i + 1 < atoms.length; i += 2) pairs.push([atoms[i] ?? 0, atoms[i + 1] ?? 0]);
  return pairs;
}

/** The elements of a set, the keys of a map. */
export function keysOf(type: ColumnType, datum: Datum): readonly Scalar[] {
  const atoms = atomsOf(datum);
  return type.form === 'map' ? atoms.filter((_, i) => i % 2 === 0) : atoms;
}

/** Elements of a set, pairs of a map, 1 for a scalar. */
export function elementCount(type: ColumnType, datum: Datum): number {
  if (!isAtoms(datum)) return 1;
  return type.form === 'map' ? datum.length / 2 : datum.length;
}

/** The value of that type with these atoms. */
export function datumOf(type: ColumnType, atoms: readonly Scalar[]): Datum {
  if (type.form === 'scalar') return atoms[0] ?? defaultAtoms[type.key.type];
  return atoms.length === 0 ? none : atoms;
}

/** What a column holds when an insert does not mention it. */
export function defaultDatum(type: ColumnType): Datum {
  const key = defaultAtoms[type.key.type];
  if (type.form === 'scalar') return key;
  if (type.min === 0) return none;
  return type.value === undefined ? [key] : [key, defaultAtoms[type.value.type]];
}

/** Reads a value and checks its constraints. Throws OvsdbError. */
export function datumFromJson(type: ColumnType, json: Json, uuidNames?: UuidNames): Datum {
  const isInSet = type.form !== 'map' && Array.isArray(json) && json.length > 0 && json[0] === 'set';
  if (type.form !== 'map' && !isInSet) {
    const atom = atomFromJson(type.key, json, uuidNames);
    return type.form === 'scalar' ? atom : [atom];
  }
  const form = type.form === 'map' ? 'map' : 'set';
  const elements = unwrap(json, form);
  checkCount(type, form, elements.length, json);
  const atoms =
    type.value === undefined ? readSet(type, elements, uuidNames) : readMap(type, elements, uuidNames);
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

function readSet(
  type: ColumnType,
  elements: readonly Json[],
  uuidNames: UuidNames | undefined,
): readonly Scalar[] {
  const atoms = sortElements(
    type,
    elements.map((element) => atomFromJson(type.key, element, uuidNames)),
  );
  if (hasRepeatedKey(type, atoms)) throw new OvsdbError('ovsdb error', 'set contains duplicate');
  return atoms;
}

function readMap(
  type: ColumnType,
  elements: readonly Json[],
  uuidNames: UuidNames | undefined,
): readonly Scalar[] {
  const given: Scalar[] = [];
  for (const element of elements) {
    if (!Array.isArray(element) || element.length !== 2)
      throw syntaxError(element, 'expected 2-element array');
    const key = atomFromJson(type.key, element[0], uuidNames);
    given.push(key, type.value === undefined ? key : atomFromJson(type.value, element[1], uuidNames));
  }
  const atoms = sortElements(type, given);
  if (hasRepeatedKey(type, atoms)) throw new OvsdbError('ovsdb error', 'map contains duplicate key');
  return atoms;
}

/** The elements in order of their keys; `atoms` itself when it is so already, else a copy. */
export function sortElements(type: ColumnType, atoms: readonly Scalar[]): readonly Scalar[] {
  if (isSorted(type, atoms)) return atoms;
  if (type.form !== 'map') return [...atoms].sort(compareAtoms);
  return pairsOf(atoms)
    .sort(([a], [b]) => compareAtoms(a, b))
    .flat();
}

function isSorted(type: ColumnType, atoms: readonly Scalar[]): boolean {
  const step = stepOf(type);
  for (let i = step; i < atoms.length; i += step) {
    if (compareAtoms(atoms[i - step] ?? 0, atoms[i] ?? 0) > 0) return false;
  }
  return true;
}

/** Whether sorted elements have two of one key. */
export function hasRepeatedKey(type: ColumnType, atoms: readonly Scalar[]): boolean {
  const step = stepOf(type);
  for (let i = step; i < atoms.length; i += step) if (atoms[i] === atoms[i - step]) return true;
  return false;
}

/** The value of that type with these atoms, given in any order; of a key that comes twice the first is taken. */
export function makeDatum(type: ColumnType, atoms: readonly Scalar[]): Datum {
  const sorted = sortElements(type, atoms);
  if (!hasRepeatedKey(type, sorted)) return datumOf(type, sorted);
  const step = stepOf(type);
  return datumOf(
    type,
    sorted.filter((_, i) => {
      const at = i - (i % step);
      return at === 0 || sorted[at] !== sorted[at - step];
    }),
  );
}

/**
 * RFC 7047 `<value>`; a set of one is given as its atom, as the reference does. `nameOf` tells for a uuid the
 * "named-uuid" of a row that the same transaction inserts.
 */
export function datumToJson(
  type: ColumnType,
  datum: Datum,
  nameOf?: (uuid: Scalar) => string | undefined,
): Json {
  const key = type.key.type;
  if (!isAtoms(datum)) return atomToJson(key, datum, nameOf);
  if (type.value !== undefined) {
    const value = type.value.type;
    const pairs: Json[] = [];
    for (let i = 0; i + 1 < datum.length; i += 2) {
      pairs.push([atomToJson(key, datum[i] ?? 0, nameOf), atomToJson(value, datum[i + 1] ?? 0, nameOf)]);
    }
    return ['map', pairs];
  }
  const [only] = datum;
  if (datum.length === 1 && only !== undefined) return atomToJson(key, only, nameOf);
  return [
    'set',
    key === 'uuid' || key === 'real' ? datum.map((atom) => atomToJson(key, atom, nameOf)) : datum,
  ];
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
    return isAtoms(a) || isAtoms(b) ? 0 : compareAtoms(a, b);
  }
  if (a.length !== b.length) return a.length - b.length;
  const step = stepOf(type);
  return compareEvery(a, b, 0, step) || compareEvery(a, b, 1, step);
}

function compareEvery(a: readonly Scalar[], b: readonly Scalar[], from: number, step: number): number {
  for (let i = from; i < a.length && from < step; i += step) {
    const order = compareAtoms(a[i] ?? 0, b[i] ?? 0);
    if (order !== 0) return order;
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
  const { value } = type;
  const parts =
    value === undefined
      ? atoms.map((atom) => formatAtom(key, atom))
      : pairsOf(atoms).map(([k, v]) => `${formatAtom(key, k)}=${formatAtom(value.type, v)}`);
  const text = parts.join(', ');
  if (type.max === 1 && atoms.length > 0) return text;
  return value === undefined ? `[${text}]` : `{${text}}`;
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
