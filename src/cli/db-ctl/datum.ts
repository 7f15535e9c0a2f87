/**
 * Column values as the command line tools work on them: every value is a sorted list of atoms, or of pairs for a map,
 * whatever its column's type. Used by the database commands and by table output. RFC 7047 section 5.1.
 */
import { Malformed } from '../../base/errors.ts';
import { compareBytes } from '../../base/text.ts';
import { atomFromJson, defaultAtoms, type JsonAtom } from '../../ovsdb/atom-json.ts';
import type { BaseTypeJson, TypeJson } from '../../ovsdb/schema-types.ts';
import type { Json } from '../../rpc/channel.ts';

/** As read from JSON: `atom-json.ts`. */
export type Atom = JsonAtom;

/** Sorted by key, without duplicates. Never modified once made. */
export interface Datum {
  readonly keys: readonly Atom[];
  /** As long as `keys` for a map, otherwise undefined. */
  readonly values: readonly Atom[] | undefined;
}

export const emptySet: Datum = { keys: [], values: undefined };
export const emptyMap: Datum = { keys: [], values: [] };

export function setOf(...atoms: Atom[]): Datum {
  return sorted(
    atoms.map((a) => [a, undefined]),
    false,
  );
}

export function mapOf(pairs: Iterable<readonly [Atom, Atom]>): Datum {
  return sorted([...pairs], true);
}

export function isMap(type: TypeJson): boolean {
  return type.value !== undefined;
}

export function minOf(type: TypeJson): number {
  return type.min ?? 1;
}

export function maxOf(type: TypeJson): number {
  return type.max === 'unlimited' ? Number.POSITIVE_INFINITY : (type.max ?? 1);
}

export function pairsOf(datum: Datum): [Atom, Atom][] {
  return datum.keys.map((key, i) => [key, datum.values?.[i] ?? '']);
}

export function compareAtoms(a: Atom, b: Atom): number {
  if (typeof a === 'string' && typeof b === 'string') return compareBytes(a, b);
  return a < b ? -1 : a > b ? 1 : 0;
}

/** First by keys, then by values; a shorter one is less (what `find` means by "<"). */
export function compareDatums(a: Datum, b: Datum): number {
  if (a.keys.length !== b.keys.length) return a.keys.length - b.keys.length;
  return compareLists(a.keys, b.keys) || compareLists(a.values ?? [], b.values ?? []);
}

export function isEqualDatum(a: Datum, b: Datum): boolean {
  return compareDatums(a, b) === 0;
}

/** Is every element (pair) of `part` in `whole`? */
export function isIncluded(part: Datum, whole: Datum): boolean {
  const has = membership(whole);
  return part.keys.every((key, i) => has(key, part.values?.[i]));
}

export function isDisjoint(a: Datum, b: Datum): boolean {
  const has = membership(b);
  return !a.keys.some((key, i) => has(key, a.values?.[i]));
}

/** `over` put on `base`: keys of both keep the value of `over`. */
export function unite(base: Datum, over: Datum): Datum {
  const pairs = new Map<Atom, Atom | undefined>(base.keys.map((key, i) => [key, base.values?.[i]]));
  for (const [i, key] of over.keys.entries()) pairs.set(key, over.values?.[i]);
  return sorted([...pairs], over.values !== undefined || base.values !== undefined);
}

/** Takes out of `base` the keys of `out`; where `out` has values, only pairs that are equal in both. */
export function subtract(base: Datum, out: Datum): Datum {
  const has = membership(out);
  const isByKey = out.values === undefined;
  const kept = base.keys
    .map((key, i): [Atom, Atom | undefined] => [key, base.values?.[i]])
    .filter(([key, value]) => !has(key, isByKey ? undefined : value));
  return sorted(kept, base.values !== undefined);
}

export function lookup(datum: Datum, key: Atom): Atom | undefined {
  const at = datum.keys.indexOf(key);
  return at < 0 ? undefined : datum.values?.[at];
}

export function defaultDatum(type: TypeJson): Datum {
  if (isMap(type)) return emptyMap;
  return minOf(type) === 0 ? emptySet : { keys: [defaultAtoms[type.key.type]], values: undefined };
}

/** Throws Malformed. Constraints were the server's to check. */
export function datumFromJson(type: TypeJson, json: Json): Datum {
  const { value } = type;
  if (value === undefined) {
    const isSet = Array.isArray(json) && json[0] === 'set' && Array.isArray(json[1]);
    const atoms: readonly Json[] = isSet ? json[1] : [json];
    return sorted(
      atoms.map((atom) => [readAtom(type.key, atom), undefined]),
      false,
    );
  }
  if (!Array.isArray(json) || json[0] !== 'map' || !Array.isArray(json[1])) throw bad('a map');
  const pairs: readonly Json[] = json[1];
  return sorted(
    pairs.map((pair) => {
      if (!Array.isArray(pair) || pair.length !== 2) throw bad('a pair');
      return [readAtom(type.key, pair[0]), readAtom(value, pair[1])];
    }),
    true,
  );
}

/** `nameOf` tells for a uuid the name of a row that the same transaction inserts. */
export function datumToJson(
  type: TypeJson,
  datum: Datum,
  nameOf?: (uuid: string) => string | undefined,
): Json {
  const atom = (base: BaseTypeJson, value: Atom): Json => {
    if (base.type !== 'uuid') return value;
    const name = nameOf?.(String(value));
    return name === undefined ? ['uuid', value] : ['named-uuid', name];
  };
  const { value } = type;
  if (value !== undefined) {
    return ['map', pairsOf(datum).map(([k, v]) => [atom(type.key, k), atom(value, v)])];
  }
  const [only] = datum.keys;
  if (datum.keys.length === 1 && only !== undefined) return atom(type.key, only);
  return ['set', datum.keys.map((key) => atom(type.key, key))];
}

function readAtom({ type }: BaseTypeJson, json: Json): Atom {
  const atom = atomFromJson(type, json);
  if (atom === undefined) throw bad(type);
  return atom;
}

/** The same as `sorted` would give, but undefined where a key comes twice. */
export function sortedUnique(
  pairs: readonly (readonly [Atom, Atom | undefined])[],
  asMap: boolean,
): Datum | undefined {
  const datum = sorted(pairs, asMap);
  const isUnique = datum.keys.every((key, i) => i === 0 || key !== datum.keys[i - 1]);
  return isUnique ? datum : undefined;
}

function sorted(pairs: readonly (readonly [Atom, Atom | undefined])[], asMap: boolean): Datum {
  const list = pairs.length > 1 ? [...pairs].sort(([a], [b]) => compareAtoms(a, b)) : pairs;
  return { keys: list.map(([key]) => key), values: asMap ? list.map(([, value]) => value ?? '') : undefined };
}

function membership(whole: Datum): (key: Atom, value: Atom | undefined) => boolean {
  if (whole.keys.length < 8) {
    return (key, value) => {
      const at = whole.keys.indexOf(key);
      return at >= 0 && (value === undefined || whole.values === undefined || whole.values[at] === value);
    };
  }
  const byKey = new Map(whole.keys.map((key, i) => [key, whole.values?.[i]]));
  return (key, value) =>
    byKey.has(key) && (value === undefined || whole.values === undefined || byKey.get(key) === value);
}

function compareLists(a: readonly Atom[], b: readonly Atom[]): number {
  for (const [i, x] of a.entries()) {
    const y = b[i];
    const order = y === undefined ? 1 : compareAtoms(x, y);
    if (order !== 0) return order;
  }
  return 0;
}

function bad(wanted: string): Malformed {
  return new Malformed('ovsdb value', 0, `expected ${wanted}`);
}
