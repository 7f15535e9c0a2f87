/**
 * From a transaction to a commit: every check RFC 7047 wants when it ends, in the reference's order. Used by
 * `Database` and by the replay of the log.
 */
import {
  collectGarbage,
  countReferences,
  dropDanglingWeakReferences,
  noteWeakReferences,
} from './references.ts';
import type { StoredTable } from './table.ts';
import { OpenTransaction } from './transaction.ts';
import type { Commit, RowUpdate } from './types.ts';
import { checkIndexes, checkRowCounts } from './uniqueness.ts';

/**
 * Checks the transaction and collects garbage. Returns what changed, not yet final: `finishCommit` or
 * `transaction.undo` comes next. Throws OvsdbError; then only `undo` may come.
 */
export function prepareCommit(transaction: OpenTransaction): readonly RowUpdate[] {
  transaction.forgetUnchanged();
  if (transaction.edited.length === 0) return [];
  checkCommit(transaction);
  return transaction.changes();
}

/** The checks alone: for the replay of a log, whose transactions nobody listens to. */
export function checkCommit(transaction: OpenTransaction): void {
  countReferences(transaction);
  collectGarbage(transaction);
  checkRowCounts(transaction);
  dropDanglingWeakReferences(transaction);
  checkIndexes(transaction);
}

/** Takes back a commit after which nothing has changed. */
export function revertCommit(tables: ReadonlyMap<string, StoredTable>, { changes }: Commit): void {
  const transaction = new OpenTransaction(tables, neverNew);
  for (const { table: schema, uuid, before } of changes) {
    const table = tables.get(schema.name);
    if (table !== undefined) transaction.putBack(table, uuid, before);
  }
  countReferences(transaction);
  finishCommit(transaction);
}

function neverNew(): never {
  throw new Error('a commit that is taken back makes no rows');
}

export function finishCommit(transaction: OpenTransaction): void {
  noteWeakReferences(transaction);
  transaction.finish();
}
