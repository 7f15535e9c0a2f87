/**
 * A database in memory that follows another server's: takes the updates of a monitor of all its tables (RFC 7047
 * section 4.1.6, ovsdb-server(7) section 4.1.14) in, each as one transaction. Used by `Relay`.
 */
import { Malformed } from '../../base/errors.ts';
import { type Uuid, uuid } from '../../base/units.ts';
import type { Json } from '../../rpc/channel.ts';
import { type MonitoredView, noTransaction } from '../client/monitor.ts';
import { bad, objectOf, type UpdateFormat } from '../client/view.ts';
import type { Database } from '../engine/database.ts';
import { datumFromJson } from '../engine/datum.ts';
import { applyDiff, differenceType } from '../engine/datum-algebra.ts';
import { OvsdbError } from '../engine/errors.ts';
import { readRowJson, valuesOf } from '../engine/row.ts';
import type { StoredTable } from '../engine/table.ts';
import type { OpenTransaction } from '../engine/transaction.ts';
import type { Datum } from '../engine/types.ts';

export class RelayCopy implements MonitoredView<void> {
  readonly database: Database;
  #lastId: Uuid | undefined;

  constructor(database: Database) {
    this.database = database;
  }

  /** The other server's last transaction, where its transactions have ids. */
  get lastId(): Uuid | undefined {
    return this.#lastId;
  }

  apply(updates: Json, format: UpdateFormat, id: Uuid | undefined): void {
    this.#change(id, (transaction) => applyUpdates(transaction, updates, format));
  }

  replace(updates: Json, format: UpdateFormat, id: Uuid | undefined): void {
    this.#change(id, (transaction) => {
      deleteOthers(transaction, updates);
      applyUpdates(transaction, updates, format);
    });
  }

  /** Throws Malformed for what this database cannot take. */
  #change(id: Uuid | undefined, change: (transaction: OpenTransaction) => void): void {
    const knownId = id === noTransaction ? undefined : id;
    try {
      this.database.apply(change, knownId);
    } catch (error) {
      if (error instanceof OvsdbError) throw new Malformed('ovsdb update', 0, error.message);
      throw error;
    }
    this.#lastId = knownId;
  }
}

function applyUpdates(transaction: OpenTransaction, updates: Json, format: UpdateFormat): void {
  for (const [name, rows] of Object.entries(objectOf(updates, 'table updates'))) {
    const table = transaction.tables.get(name);
    if (table === undefined) throw bad(`update of table ${name}, which was not asked for`);
    for (const [id, update] of Object.entries(objectOf(rows, 'row updates'))) {
      if (format === 'update') applyUpdate(transaction, table, uuid(id), update);
      else applyUpdate2(transaction, table, uuid(id), update);
    }
  }
}

function deleteOthers(transaction: OpenTransaction, updates: Json): void {
  const contents = objectOf(updates, 'table updates');
  for (const [name, table] of transaction.tables) {
    const wanted = objectOf(contents[name] ?? {}, 'row updates');
    for (const slot of [...table.slots()]) if (!Object.hasOwn(wanted, slot.uuid)) transaction.delete(slot);
  }
}

function applyUpdate(transaction: OpenTransaction, table: StoredTable, id: Uuid, update: Json): void {
  const { new: row } = objectOf(update, 'a row update');
  if (row === undefined) deleteRow(transaction, table, id);
  else putRow(transaction, table, id, row);
}

function applyUpdate2(transaction: OpenTransaction, table: StoredTable, id: Uuid, update: Json): void {
  const { initial, insert = initial, modify, ...rest } = objectOf(update, 'a row update');
  if (insert !== undefined) putRow(transaction, table, id, insert);
  else if (modify !== undefined) modifyRow(transaction, table, id, modify);
  else if ('delete' in rest) deleteRow(transaction, table, id);
  else throw bad(`the update of row ${id} is of no known kind`);
}

/** Columns that the row does not name have their default. */
function putRow(transaction: OpenTransaction, table: StoredTable, id: Uuid, json: Json): void {
  const values = valuesOf(table.schema, readRowJson(table.schema, json));
  const slot = table.slot(id);
  if (slot === undefined) transaction.insert(table, id, values);
  else transaction.modify(slot, values);
}

function modifyRow(transaction: OpenTransaction, table: StoredTable, id: Uuid, json: Json): void {
  const slot = table.slot(id);
  if (slot?.row === undefined) throw bad(`modify of row ${id}, which is not known`);
  const values: Datum[] = slot.row.values.slice();
  for (const [name, difference] of Object.entries(objectOf(json, 'a row'))) {
    const column = table.schema.columnsByName.get(name);
    if (column === undefined) throw bad(`column ${name}, which was not asked for`);
    const { index, type, defaultValue } = column;
    if (index < 0) continue;
    const before = values[index] ?? defaultValue;
    values[index] = applyDiff(type, before, datumFromJson(differenceType(type), difference));
  }
  transaction.modify(slot, values);
}

function deleteRow(transaction: OpenTransaction, table: StoredTable, id: Uuid): void {
  const slot = table.slot(id);
  if (slot === undefined) throw bad(`delete of row ${id}, which is not known`);
  transaction.delete(slot);
}
