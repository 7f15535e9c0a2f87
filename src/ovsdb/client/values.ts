/**
 * Column values as a typed client sees them, read from JSON (RFC 7047 section 5.1 `<value>`): a column of exactly
 * one atom is a scalar, of none or one `T | undefined`, a set a sorted array, a map a `ReadonlyMap` with sorted keys.
 * Used by the view and the transactions of this folder.
 */
import { emptyMap } from '../../base/empty-map.ts';
import { Malformed } from '../../base/errors.ts';
import type { Json } from '../../rpc/channel.ts';
import { emitJson } from '../../rpc/json.ts';
import { compareAtoms, defaultAtoms, uncheckedAtom } from '../atom.ts';
import type { BaseTypeJson, Scalar, TypeJson, Value } from '../schema-types.ts';

/** A row without its static type. */
export type AnyRow = Readonly<Record<string, Value>>;

/** Throws Malformed when `json` is not a value of that type. Sizes are the server's to check, not ours. */
export function readValue(type: TypeJson, json: Json): Value {
  if (type.value !== undefined) return readMap(type.key, type.value, json);
  const atoms = readSet(type.key, json);
  if (isScalar(type)) {
    const [only] = atoms;
    if (only === undefined || atoms.length !== 1) throw bad('exactly one atom', json);
    return only;
  }
  if (isOptional(type)) {
    if (atoms.length > 1) throw bad('at most one atom', json);
    return atoms[0];
  }
  return sortAtoms(atoms);
}

/** What a column holds that was never written. */
export function defaultValue(type: TypeJson): Value {
  if (type.value !== undefined) return emptyMap;
  if (isScalar(type)) return defaultAtom(type.key);
  if (isOptional(type)) return undefined;
  return type.min === 1 ? [defaultAtom(type.key)] : [];
}

/** The same value as rows hold it: sets and maps sorted, integers of one form. */
export function canonicalValue(type: TypeJson, value: Value): Value {
  const key = (atom: Scalar): Scalar => canonicalAtom(type.key.type, atom);
  if (Array.isArray(value)) return sortAtoms(value.map(key));
  if (!(value instanceof Map)) return value === undefined ? undefined : key(value as Scalar);
  const valueType = type.value?.type ?? 'string';
  return sortedMap([...value].map(([k, v]) => [key(k), canonicalAtom(valueType, v)]));
}

export function isEqualValue(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (a instanceof Map && b instanceof Map) {
    if (a.size !== b.size) return false;
    for (const [k, v] of a) if (b.get(k) !== v) return false;
    return true;
  }
  if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
  if (a.every((v, i) => v === b[i])) return true;
  const [x, y] = [sortAtoms([...a]), sortAtoms([...b])];
  return x.every((v, i) => v === y[i]);
}

/**
 * What a `modify` of an `update2` notification makes of `old`: a column of at most one atom is replaced; of a set, each
 * atom named changes between in and out; of a map, a pair that is there goes, any other is put.
 */
export function applyValueDiff(type: TypeJson, old: Value, diff: Value): Value {
  if ((type.max ?? 1) === 1 || diff === undefined) return diff;
  if (diff instanceof Map && old instanceof Map) {
    const pairs = new Map<Scalar, Scalar>(old);
    for (const [k, v] of diff) {
      if (pairs.get(k) === v) pairs.delete(k);
      else pairs.set(k, v);
    }
    return sortedMap([...pairs]);
  }
  if (!Array.isArray(diff) || !Array.isArray(old)) return diff;
  return toggled(old, diff);
}

/** Both sorted. Compares only near the atoms named: a bridge's set of ports may be thousands long, the change is one. */
function toggled(old: readonly Scalar[], named: readonly Scalar[]): readonly Scalar[] {
  const atoms: Scalar[] = [];
  let copied = 0;
  const copyUpTo = (end: number): void => {
    for (const atom of old.slice(copied, end)) atoms.push(atom);
    copied = end;
  };
  for (const atom of named) {
    copyUpTo(placeOf(old, atom));
    if (old[copied] === atom) copied++;
    else atoms.push(atom);
  }
  copyUpTo(old.length);
  return atoms;
}

/** Where `atom` stands in a sorted list, or would. */
function placeOf(list: readonly Scalar[], atom: Scalar): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareAtoms(list[middle] ?? atom, atom) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function isScalar(type: TypeJson): boolean {
  return (type.min ?? 1) === 1 && (type.max ?? 1) === 1;
}

function isOptional(type: TypeJson): boolean {
  return type.min === 0 && (type.max ?? 1) === 1;
}

function sortAtoms(atoms: Scalar[]): Scalar[] {
  return atoms.length < 2 ? atoms : atoms.sort(compareAtoms);
}

function readSet(key: BaseTypeJson, json: Json): Scalar[] {
  if (Array.isArray(json) && json[0] === 'set') {
    const [, atoms] = json;
    if (!Array.isArray(atoms)) throw bad('a set', json);
    return atoms.map((atom) => readAtom(key, atom));
  }
  return [readAtom(key, json)];
}

function readMap(key: BaseTypeJson, value: BaseTypeJson, json: Json): ReadonlyMap<Scalar, Scalar> {
  if (!Array.isArray(json) || json[0] !== 'map' || !Array.isArray(json[1])) throw bad('a map', json);
  const pairs: [Scalar, Scalar][] = json[1].map((pair: Json) => {
    if (!Array.isArray(pair) || pair.length !== 2) throw bad('a pair', pair);
    return [readAtom(key, pair[0]), readAtom(value, pair[1])];
  });
  return sortedMap(pairs);
}

function sortedMap(pairs: [Scalar, Scalar][]): ReadonlyMap<Scalar, Scalar> {
  return pairs.length === 0 ? emptyMap : new Map(pairs.sort(([a], [b]) => compareAtoms(a, b)));
}

function readAtom({ type }: BaseTypeJson, json: Json): Scalar {
  const atom = uncheckedAtom(type, json);
  if (atom === undefined) throw bad(type, json);
  return atom;
}

/** A program may give an integer as either of the two types; a row holds each as one. */
export function canonicalAtom(type: BaseTypeJson['type'], atom: Scalar): Scalar {
  if (type !== 'integer') return atom;
  const double = Number(atom);
  if (typeof atom === 'bigint') return Number.isSafeInteger(double) ? double : atom;
  return Number.isInteger(atom) && !Number.isSafeInteger(atom) ? BigInt(double) : atom;
}

function defaultAtom({ type, enum: values }: BaseTypeJson): Scalar {
  return values === undefined ? defaultAtoms[type] : (values[1][0] ?? '');
}

function bad(wanted: string, json: Json | undefined): Malformed {
  return new Malformed('ovsdb value', 0, `expected ${wanted}, got ${brief(json)}`);
}

/** JSON text for a message, cut to what a log line bears. */
export function brief(json: Json | undefined): string {
  const text = json === undefined ? 'nothing' : emitJson(json);
  return text.length <= 80 ? text : `${[...text].slice(0, 77).join('')}...`;
}
