/**
 * Referential integrity (RFC 7047 section 3.2, "refType"): counts of strong references, collection of rows that
 * nothing refers to, and removal of weak references to rows that are gone. Called when a transaction commits.
 */
import { zeroUuid } from '../atom.ts';
import type { Scalar } from '../schema-types.ts';
import { atomsOf, datumOf, elementCount } from './datum.ts';
import { addedAndRemoved } from './datum-algebra.ts';
import { OvsdbError } from './errors.ts';
import type { Slot } from './table.ts';
import type { OpenTransaction } from './transaction.ts';
import type { BaseType, ColumnSchema, ColumnType, Datum, RowVersion } from './types.ts';

/** Moves the counts of all rows that the transaction's changes refer to. Throws OvsdbError. */
export function countReferences(transaction: OpenTransaction): void {
  for (const slot of transaction.edited) {
    const before = slot.edit?.before;
    for (const column of slot.table.strongColumns) {
      const old = before === undefined ? none : valueIn(before, column);
      const now = slot.row === undefined ? none : valueIn(slot.row, column);
      forEachChange(column, 'strong', old, now, (base, uuid, by) => {
        // A row's references to itself do not keep it alive.
        if (uuid !== slot.uuid) count(transaction, slot, column, base, uuid, by);
      });
    }
  }
  for (const slot of transaction.edited) {
    if (slot.row !== undefined || slot.references === 0) continue;
    const what = `cannot delete ${slot.table.schema.name} row ${slot.uuid}`;
    violated(`${what} because of ${slot.references} remaining reference(s)`);
  }
}

const none: Datum = [];

function violated(why: string): never {
  throw new OvsdbError('referential integrity violation', why);
}

function valueIn(row: RowVersion | undefined, column: ColumnSchema): Datum {
  return row?.values[column.index] ?? column.defaultValue;
}

/** Adds `by` to the count of the row to which that column of `slot` refers strongly. */
function count(
  transaction: OpenTransaction,
  slot: Slot,
  column: ColumnSchema,
  base: BaseType,
  uuid: string,
  by: number,
): void {
  const target = findTarget(transaction, base, uuid);
  if (target === undefined) {
    violated(
      `Table ${slot.table.schema.name} column ${column.name} row ${slot.uuid} references nonexistent row ${uuid} in table ${base.refTable}.`,
    );
  }
  transaction.addReferences(target, by);
}

/** The slot that a reference leads to, of a row that is there or was deleted in this transaction. */
function findTarget(transaction: OpenTransaction, base: BaseType, uuid: string): Slot | undefined {
  const table = transaction.tables.get(base.refTable ?? '');
  return table?.slot(uuid) ?? table?.deleted.get(uuid);
}

function forEachReference(
  type: ColumnType,
  value: Datum,
  strength: 'strong' | 'weak',
  visit: (base: BaseType, uuid: string) => void,
): void {
  const atoms = atomsOf(value);
  const step = type.form === 'map' ? 2 : 1;
  const bases = [type.key, type.value];
  for (const [offset, base] of bases.entries()) {
    if (base?.refTable === undefined || base.refType !== strength) continue;
    for (let i = offset; i < atoms.length; i += step) {
      const atom = atoms[i];
      if (typeof atom === 'string') visit(base, atom);
    }
  }
}

/** Deletes rows of tables that are no roots and to which nothing refers any more, and what only they held. */
export function collectGarbage(transaction: OpenTransaction): void {
  const isGarbage = (slot: Slot) =>
    slot.row !== undefined && slot.references === 0 && !slot.table.schema.isRoot;
  const candidates = [...transaction.edited, ...transaction.counted].filter(isGarbage);
  if (candidates.length === 0) return;
  for (let slot = candidates.pop(); slot !== undefined; slot = candidates.pop()) {
    if (!isGarbage(slot)) continue;
    const { row, table } = slot;
    transaction.delete(slot);
    for (const column of table.strongColumns) {
      forEachReference(column.type, valueIn(row, column), 'strong', (base, uuid) => {
        const target = findTarget(transaction, base, uuid);
        if (target === undefined || target === slot) return;
        transaction.addReferences(target, -1);
        candidates.push(target);
      });
    }
  }
}

/**
 * Takes weak references to rows that are not there out of the rows that changed and out of those that refer to rows
 * the transaction deleted. Throws OvsdbError when a column would become empty that must not be.
 */
export function dropDanglingWeakReferences(transaction: OpenTransaction): void {
  const affected = new Set<Slot>();
  for (const slot of transaction.edited) {
    if (slot.row === undefined)
      for (const referrer of slot.weakReferrers?.keys() ?? []) affected.add(referrer);
    else if (slot.table.weakColumns.length > 0) affected.add(slot);
  }
  for (const slot of affected) if (slot.row !== undefined) dropFrom(transaction, slot, slot.row);
}

function dropFrom(transaction: OpenTransaction, slot: Slot, row: RowVersion): void {
  let values: Datum[] | undefined;
  for (const column of slot.table.weakColumns) {
    const value = valueIn(row, column);
    const kept = withoutDangling(transaction, column.type, value);
    if (kept === value) continue;
    checkNotEmpty(slot, column, value, kept);
    values ??= row.values.slice();
    values[column.index] = kept;
  }
  if (values !== undefined) transaction.modify(slot, values);
}

function withoutDangling(transaction: OpenTransaction, type: ColumnType, value: Datum): Datum {
  const atoms = atomsOf(value);
  const step = type.form === 'map' ? 2 : 1;
  let kept: Scalar[] | undefined;
  for (let i = 0; i < atoms.length; i += step) {
    const isDangling =
      isGone(transaction, type.key, atoms[i]) || isGone(transaction, type.value, atoms[i + 1]);
    if (isDangling) kept ??= atoms.slice(0, i);
    else if (kept !== undefined) kept.push(...atoms.slice(i, i + step));
  }
  // A scalar that dangles is "no element", which only the check that follows sees.
  return kept === undefined ? value : type.form === 'scalar' ? kept : datumOf(type, kept);
}

function isGone(transaction: OpenTransaction, base: BaseType | undefined, atom: Scalar | undefined): boolean {
  if (base?.refTable === undefined || base.refType !== 'weak' || typeof atom !== 'string') return false;
  return transaction.tables.get(base.refTable)?.slot(atom) === undefined;
}

function checkNotEmpty(slot: Slot, column: ColumnSchema, value: Datum, kept: Datum): void {
  const { type } = column;
  const left = elementCount(type, kept);
  if (left >= type.min) return;
  const table = slot.table.schema.name;
  const isNew = slot.edit !== undefined && slot.edit.before === undefined;
  if (isNew && atomsOf(value).includes(zeroUuid)) {
    throw new OvsdbError(
      'constraint violation',
      `Weak reference column "${column.name}" in "${table}" row ${slot.uuid} (inserted within this transaction) contained all-zeros UUID (probably as the default value for this column) but deleting this value caused a constraint volation because this column is not allowed to be empty.`,
    );
  }
  const removed = elementCount(type, value) - left;
  const when = isNew ? '(inserted within this transaction) ' : '';
  throw new OvsdbError(
    'constraint violation',
    `Deletion of ${removed} weak reference(s) to deleted (or never-existing) rows from column "${column.name}" in "${table}" row ${slot.uuid} ${when}caused this column to become empty, but constraints on this column disallow an empty column.`,
  );
}

/** Once a transaction is final: lets every row know which rows refer to it weakly. */
export function noteWeakReferences(transaction: OpenTransaction): void {
  for (const slot of transaction.edited) {
    const before = slot.edit?.before;
    for (const column of slot.table.weakColumns) {
      const old = before === undefined ? none : valueIn(before, column);
      const now = slot.row === undefined ? none : valueIn(slot.row, column);
      forEachChange(column, 'weak', old, now, (base, uuid, by) => {
        const target = transaction.tables.get(base.refTable ?? '')?.slot(uuid);
        if (target !== undefined && target !== slot) countReferrer(target, slot, by);
      });
    }
  }
}

function countReferrer(target: Slot, referrer: Slot, by: number): void {
  target.weakReferrers ??= new Map();
  const total = (target.weakReferrers.get(referrer) ?? 0) + by;
  if (total > 0) target.weakReferrers.set(referrer, total);
  else target.weakReferrers.delete(referrer);
}

/** The references that `after` has more than `before` (`by` 1), then those that it has no longer (-1). */
function forEachChange(
  { type }: ColumnSchema,
  strength: 'strong' | 'weak',
  before: Datum,
  after: Datum,
  visit: (base: BaseType, uuid: string, by: 1 | -1) => void,
): void {
  if (before === after) return;
  const { added, removed } = addedAndRemoved(type, before, after);
  forEachReference(type, added, strength, (base, uuid) => visit(base, uuid, 1));
  forEachReference(type, removed, strength, (base, uuid) => visit(base, uuid, -1));
}
