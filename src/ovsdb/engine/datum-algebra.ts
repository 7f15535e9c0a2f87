/**
 * How values combine: union and difference of sets and maps (mutations), inclusion (conditions), and the difference
 * between an old and a new value that the log file and "update2" notifications carry.
 */
import { compareAtoms } from '../atom.ts';
import type { Scalar } from '../schema-types.ts';
import { atomsOf, datumOf, elementCount, equalDatums, stepOf } from './datum.ts';
import { OvsdbError } from './errors.ts';
import type { ColumnType, Datum } from './types.ts';

/** The offset of `key` in sorted `atoms`; where it is absent, -1 minus the offset at which it would stand. */
function findKey(type: ColumnType, atoms: readonly Scalar[], key: Scalar): number {
  const step = stepOf(type);
  let low = 0;
  let high = atoms.length / step;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const order = compareAtoms(key, atoms[middle * step] ?? key);
    if (order === 0) return middle * step;
    if (order < 0) high = middle;
    else low = middle + 1;
  }
  return -1 - low * step;
}

/** The value of a map under `key`. */
export function valueUnder(type: ColumnType, map: Datum, key: Scalar): Scalar | undefined {
  const atoms = atomsOf(map);
  const at = findKey(type, atoms, key);
  return at < 0 ? undefined : atoms[at + 1];
}

/** All of `a`, and what `b` has under keys that `a` lacks. */
export function unionOf(type: ColumnType, a: Datum, b: Datum): Datum {
  const step = stepOf(type);
  const base = atomsOf(a);
  const more = atomsOf(b);
  if (more.length > 16 * step) return merge(type, base, more);
  let result: Scalar[] | undefined;
  for (let i = 0; i < more.length; i += step) {
    const at = findKey(type, result ?? base, more[i] ?? 0);
    if (at >= 0) continue;
    result ??= base.slice();
    result.splice(-1 - at, 0, ...more.slice(i, i + step));
  }
  return result === undefined ? a : datumOf(type, result);
}

function merge(type: ColumnType, a: readonly Scalar[], b: readonly Scalar[]): Datum {
  const step = stepOf(type);
  const result: Scalar[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const order = compareHeads(a, i, b, j);
    if (order <= 0) push(result, a, i, step);
    else push(result, b, j, step);
    if (order <= 0) i += step;
    if (order >= 0) j += step;
  }
  return datumOf(type, result);
}

/** Which of two sorted lists has the smaller key next; a list that has ended comes last. */
function compareHeads(a: readonly Scalar[], i: number, b: readonly Scalar[], j: number): number {
  const x = a[i];
  const y = b[j];
  if (x === undefined) return 1;
  return y === undefined ? -1 : compareAtoms(x, y);
}

function push(to: Scalar[], from: readonly Scalar[], at: number, step: number): void {
  for (let k = at; k < at + step; k++) {
    const atom = from[k];
    if (atom !== undefined) to.push(atom);
  }
}

/** `a` without the elements of `b`: equal pairs of a map, or with `byKey` the pairs under the keys that `b` lists. */
export function differenceOf(type: ColumnType, a: Datum, b: Datum, byKey = false): Datum {
  const step = stepOf(type);
  const base = atomsOf(a);
  const less = atomsOf(b);
  const drop = new Set<number>();
  for (let i = 0; i < less.length; i += byKey ? 1 : step) {
    const at = findKey(type, base, less[i] ?? 0);
    if (at >= 0 && (step === 1 || byKey || base[at + 1] === less[i + 1])) drop.add(at);
  }
  if (drop.size === 0) return a;
  return datumOf(
    type,
    base.filter((_, i) => !drop.has(i - (i % step))),
  );
}

/** Whether every element of `part` is in `whole`. */
export function isIncluded(type: ColumnType, part: Datum, whole: Datum): boolean {
  return countCommon(type, part, whole) === elementCount(type, part);
}

/** Whether no element of `part` is in `whole`. */
export function isDisjoint(type: ColumnType, part: Datum, whole: Datum): boolean {
  return countCommon(type, part, whole) === 0;
}

function countCommon(type: ColumnType, part: Datum, whole: Datum): number {
  const step = stepOf(type);
  const atoms = atomsOf(part);
  const all = atomsOf(whole);
  let count = 0;
  for (let i = 0; i < atoms.length; i += step) {
    const at = findKey(type, all, atoms[i] ?? 0);
    if (at >= 0 && (step === 1 || all[at + 1] === atoms[i + 1])) count++;
  }
  return count;
}

/**
 * What turns `before` into `after`: for sets and maps of several elements those that were added or removed, and new
 * pairs where a map's value changed; for others the new value.
 */
export function diffDatums(type: ColumnType, before: Datum, after: Datum): Datum {
  if (type.max <= 1) return after;
  const result: Scalar[] = [];
  compareElements(type, before, after, (atoms, at, step, side) => {
    if (side !== 'replaced') push(result, atoms, at, step);
  });
  return datumOf(type, result);
}

/** The atoms that only `after` has and those that only `before` has; a changed pair counts on both sides. */
export function addedAndRemoved(
  type: ColumnType,
  before: Datum,
  after: Datum,
): { added: Scalar[]; removed: Scalar[] } {
  const added: Scalar[] = [];
  const removed: Scalar[] = [];
  compareElements(type, before, after, (atoms, at, step, side) => {
    push(side === 'after' ? added : removed, atoms, at, step);
  });
  return { added, removed };
}

/**
 * Visits the elements that two values do not share, in order of their keys: those of one side only, and for a pair
 * whose value changed the old one as "replaced", then the new one. What both begin and end with is skipped quickly.
 */
function compareElements(
  type: ColumnType,
  before: Datum,
  after: Datum,
  visit: (atoms: readonly Scalar[], at: number, step: number, side: 'before' | 'replaced' | 'after') => void,
): void {
  const step = stepOf(type);
  const a = atomsOf(before);
  const b = atomsOf(after);
  const { start, endA, endB } = differingRange(a, b, step);
  let i = start;
  let j = start;
  while (i < endA || j < endB) {
    const order = i >= endA ? 1 : j >= endB ? -1 : compareHeads(a, i, b, j);
    if (order < 0) visit(a, i, step, 'before');
    else if (order > 0) visit(b, j, step, 'after');
    else if (step === 2 && a[i + 1] !== b[j + 1]) {
      visit(a, i, step, 'replaced');
      visit(b, j, step, 'after');
    }
    if (order <= 0) i += step;
    if (order >= 0) j += step;
  }
}

/** What is left of two lists without their common beginning and end, in whole elements. */
function differingRange(
  a: readonly Scalar[],
  b: readonly Scalar[],
  step: number,
): { start: number; endA: number; endB: number } {
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start < shorter && a[start] === b[start]) start++;
  start -= start % step;
  let same = 0;
  while (same < shorter - start && a[a.length - 1 - same] === b[b.length - 1 - same]) same++;
  same -= same % step;
  return { start, endA: a.length - same, endB: b.length - same };
}

/** The type of differences: one may have more elements than a value. */
export function differenceType(type: ColumnType): ColumnType {
  if (type.max <= 1 || type.max === Number.POSITIVE_INFINITY) return type;
  return { ...type, max: Number.POSITIVE_INFINITY };
}

/** The value that `diff` makes of `before`. Throws OvsdbError when the type cannot hold it. */
export function applyDiff(type: ColumnType, before: Datum, diff: Datum): Datum {
  const after = diffDatums(type, before, diff);
  const count = elementCount(type, after);
  if (type.max > 1 && (count < type.min || count > type.max)) {
    throw new OvsdbError('ovsdb error', 'Datum crated by diff has size error');
  }
  return after;
}

/**
 * The difference as a peer of the reference will read it: undefined where its reader would go wrong, because it takes
 * the difference to a default that is not empty for the value itself, or refuses one with more elements than the type
 * allows a value.
 */
export function diffForLog(type: ColumnType, before: Datum, after: Datum, initial: Datum): Datum | undefined {
  if (type.max > 1 && type.min > 0 && equalDatums(before, initial)) return undefined;
  const diff = diffDatums(type, before, after);
  return elementCount(type, diff) > type.max ? undefined : diff;
}
