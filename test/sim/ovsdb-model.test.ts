/**
 * Random transactions on the database engine agree with the plain model: same failures, same contents, and the log
 * replays to the same. OVSDB_MODEL_TRANSACTIONS sets how many (1000000 for a long run), OVSDB_MODEL_SEED where to start.
 */
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../src/base/clock.ts';
import { type Random, seededRandom } from '../../src/base/random.ts';
import { Timers } from '../../src/base/timers.ts';
import { uuid } from '../../src/base/units.ts';
import { Database } from '../../src/ovsdb/engine/database.ts';
import { OvsdbError } from '../../src/ovsdb/engine/errors.ts';
import { compileSchema } from '../../src/ovsdb/engine/schema.ts';
import type { Commit, Datum, Journal } from '../../src/ovsdb/engine/types.ts';
import { emitCommit } from '../../src/ovsdb/storage/log-text.ts';
import { replayRecord } from '../../src/ovsdb/storage/replay.ts';
import type { Json } from '../../src/rpc/channel.ts';
import {
  emptyTables,
  type ModelRow,
  type Operation,
  runModel,
  same,
  sorted,
  type TableName,
  type Tables,
  type Value,
  type Where,
} from './ovsdb-model.ts';

const transactionCount = Number(process.env.OVSDB_MODEL_TRANSACTIONS ?? 1000);
const firstSeed = Number(process.env.OVSDB_MODEL_SEED ?? 1);
const transactionsPerDatabase = 200;

const reference = (
  refTable: string,
  refType: 'strong' | 'weak',
  min: number,
  max: number | 'unlimited',
): Json => ({
  type: { key: { type: 'uuid', refTable, refType }, min, max },
});
const schema = compileSchema({
  name: 'model',
  version: '1.0.0',
  tables: {
    Root: {
      isRoot: true,
      maxRows: 4,
      columns: {
        name: { type: 'string' },
        kids: reference('Child', 'strong', 0, 'unlimited'),
        friend: reference('Root', 'weak', 0, 1),
        n: { type: { key: { type: 'integer', minInteger: 0 } } },
      },
    },
    Child: {
      indexes: [['name']],
      columns: {
        name: { type: 'string' },
        next: reference('Child', 'strong', 0, 1),
        peers: reference('Child', 'weak', 0, 'unlimited'),
      },
    },
    Note: {
      isRoot: true,
      columns: {
        about: reference('Child', 'weak', 1, 'unlimited'),
        tags: { type: { key: 'integer', min: 0, max: 3 } },
        m: { type: { key: 'string', value: 'integer', min: 0, max: 'unlimited' } },
      },
    },
  },
});
const tableNames: readonly TableName[] = ['Root', 'Child', 'Note'];
const context = { isReadOnly: false, access: undefined, holdsLock: () => false };

/** Makes up transactions that often meet rows that exist, and sometimes ones that do not. */
class Inventor {
  readonly #random: Random;
  #tables: Tables = emptyTables;
  #fresh: string[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  invent(tables: Tables): Operation[] {
    this.#tables = tables;
    this.#fresh = Array.from({ length: 4 }, () => this.#uuid());
    return Array.from({ length: 1 + this.#below(5) }, () => this.#operation());
  }

  #below(limit: number): number {
    return this.#random.u32() % limit;
  }

  #pick<T>(from: readonly T[], otherwise: T): T {
    return from[this.#below(Math.max(1, from.length))] ?? otherwise;
  }

  #uuid(): string {
    const digits = () => this.#random.u32().toString(16).padStart(8, '0');
    return `${digits()}-0000-4000-8000-0000${digits()}`;
  }

  #target(table: TableName): string {
    const known = [...this.#tables[table].keys()];
    return this.#below(3) > 0 && known.length > 0 ? this.#pick(known, '') : this.#pick(this.#fresh, '');
  }

  #targets(table: TableName, max: number): Value {
    const count = this.#below(max + 1);
    return sorted([...new Set(Array.from({ length: count }, () => this.#target(table)))]);
  }

  #name(): string {
    return this.#pick(['a', 'b', 'c', 'd', 'é', '😀'], '');
  }

  #value(column: string): Value {
    switch (column) {
      case 'name':
        return this.#name();
      case 'n':
        return this.#below(4) - 1;
      case 'kids':
      case 'peers':
        return this.#targets('Child', 3);
      case 'about':
        return sorted([...new Set([this.#target('Child'), this.#target('Child')])]);
      case 'next':
        return this.#targets('Child', 1);
      case 'friend':
        return this.#targets('Root', 1);
      case 'tags':
        return sorted([...new Set(Array.from({ length: this.#below(5) }, () => this.#below(5)))]);
      default: {
        const names = new Set(Array.from({ length: this.#below(4) }, () => this.#name()));
        return sorted([...names].map((name) => [name, this.#below(3)]));
      }
    }
  }

  #column(table: TableName): string {
    return this.#pick(
      [...(schema.tables.get(table)?.columns ?? [])].map((column) => column.name),
      'name',
    );
  }

  #row(table: TableName, isWhole: boolean): ModelRow {
    const names = isWhole
      ? [...(schema.tables.get(table)?.columns ?? [])].map((column) => column.name)
      : [this.#column(table)];
    return Object.fromEntries(names.map((name) => [name, this.#value(name)]));
  }

  #where(table: TableName): Where {
    const kind = this.#below(6);
    if (kind === 0) return 'all';
    if (kind < 3) {
      const column = this.#column(table);
      const value = this.#value(column);
      const isStorable = !(column === 'tags' && Array.isArray(value) && value.length > 3) && value !== -1;
      if (isStorable) return { column, value };
    }
    return { uuid: this.#target(table) };
  }

  #operation(): Operation {
    const table = this.#pick(tableNames, 'Root');
    switch (this.#below(8)) {
      case 0:
      case 1:
      case 2:
        return {
          op: 'insert',
          table,
          uuid: this.#pick(this.#fresh, ''),
          row: this.#row(table, this.#below(4) > 0),
        };
      case 3:
        return { op: 'update', table, where: this.#where(table), row: this.#row(table, this.#below(2) > 0) };
      case 4:
        return { op: 'delete', table, where: this.#where(table) };
      case 5:
        return { op: 'add', table: 'Root', where: this.#where('Root'), column: 'n', by: this.#below(4) - 1 };
      default: {
        const [owner, column] = this.#pick<readonly [TableName, string]>(
          [
            ['Root', 'kids'],
            ['Child', 'peers'],
            ['Note', 'tags'],
            ['Note', 'm'],
          ],
          ['Note', 'm'],
        );
        let value = this.#value(column);
        if (column === 'tags' && Array.isArray(value)) value = value.slice(0, 3);
        return {
          op: this.#below(2) > 0 ? 'put' : 'take',
          table: owner,
          where: this.#where(owner),
          column,
          value,
        };
      }
    }
  }
}

const uuidColumns = ['kids', 'friend', 'next', 'peers', 'about'];

function toJson(column: string, value: Value): Json {
  if (typeof value !== 'object') return value;
  if (column === 'm')
    return ['map', value.map((pair) => (typeof pair === 'object' ? [pair[0], pair[1]] : null))];
  const isReference = uuidColumns.includes(column);
  return ['set', value.map((element) => (isReference ? ['uuid', String(element)] : Number(element)))];
}

function rowJson(row: ModelRow): Json {
  return Object.fromEntries(Object.entries(row).map(([column, value]) => [column, toJson(column, value)]));
}

function whereJson(where: Where): Json {
  if (where === 'all') return [];
  if ('uuid' in where) return [['_uuid', '==', ['uuid', where.uuid]]];
  return [[where.column, '==', toJson(where.column, where.value)]];
}

function operationJson(operation: Operation): Json {
  const { table } = operation;
  if (operation.op === 'insert')
    return { op: 'insert', table, uuid: operation.uuid, row: rowJson(operation.row) };
  const where = whereJson(operation.where);
  if (operation.op === 'update') return { op: 'update', table, where, row: rowJson(operation.row) };
  if (operation.op === 'delete') return { op: 'delete', table, where };
  const mutator = { add: '+=', put: 'insert', take: 'delete' }[operation.op];
  const argument = operation.op === 'add' ? operation.by : toJson(operation.column, operation.value);
  return { op: 'mutate', table, where, mutations: [[operation.column, mutator, argument]] };
}

/** What the engine holds, in the model's form. */
function contentsOf(database: Database): Record<TableName, [string, ModelRow][]> {
  const rowsOf = (name: TableName): [string, ModelRow][] => {
    const columns = schema.tables.get(name)?.columns ?? [];
    const rows = [...(database.table(name)?.rows() ?? [])].map((row): [string, ModelRow] => [
      row.uuid,
      Object.fromEntries(
        columns.map((column) => [column.name, modelValue(column.name, row.values[column.index] ?? '')]),
      ),
    ]);
    return byUuid(rows);
  };
  return { Root: rowsOf('Root'), Child: rowsOf('Child'), Note: rowsOf('Note') };
}

function byUuid<T>(rows: [string, T][]): [string, T][] {
  return rows.sort(([a], [b]) => (a < b ? -1 : 1));
}

function modelValue(column: string, datum: Datum): Value {
  if (typeof datum !== 'object') return typeof datum === 'string' ? datum : Number(datum);
  if (column !== 'm') return datum.map((atom) => (typeof atom === 'string' ? atom : Number(atom)));
  const pairs: [string, number][] = [];
  for (let i = 0; i < datum.length; i += 2) pairs.push([String(datum[i]), Number(datum[i + 1])]);
  return pairs;
}

function modelContents(tables: Tables): Record<TableName, [string, ModelRow][]> {
  const rowsOf = (name: TableName): [string, ModelRow][] => {
    const columns = schema.tables.get(name)?.columns ?? [];
    const inOrder = (row: ModelRow) => Object.fromEntries(columns.map(({ name: c }) => [c, row[c] ?? '']));
    return byUuid([...tables[name]].map(([id, row]) => [id, inOrder(row)]));
  };
  return { Root: rowsOf('Root'), Child: rowsOf('Child'), Note: rowsOf('Note') };
}

function firstError(results: Json): string | undefined {
  if (!Array.isArray(results)) return 'not an array';
  for (const result of results) {
    if (typeof result === 'object' && result !== null && 'error' in result) return String(result.error);
  }
  return undefined;
}

function makeDatabase(random: Random): Database {
  let count = 0;
  const newUuid = () =>
    uuid(
      `${(random.u32() >>> 0).toString(16).padStart(8, '0')}-1111-4000-8000-${String(++count).padStart(12, '0')}`,
    );
  return new Database(schema, { timers: new Timers(new FakeClock()), newUuid });
}

/** Runs one database's life; returns how many transactions succeeded. */
function compareOne(seed: number): number {
  const random = seededRandom(seed);
  const inventor = new Inventor(random);
  const database = makeDatabase(random);
  const replica = makeDatabase(random);
  const commits: Commit[] = [];
  database.onCommit((commit) => commits.push(commit));
  let model: Tables = emptyTables;
  let succeeded = 0;
  for (let i = 0; i < transactionsPerDatabase; i++) {
    const operations = inventor.invent(model);
    const expected = runModel(model, operations);
    const results = database.transact(['model', ...operations.map(operationJson)], context);
    const error = firstError(results);
    const what = `seed ${seed} transaction ${i}: ${JSON.stringify(operations)} gave ${JSON.stringify(results)}`;
    if ('error' in expected) {
      if (error === undefined) expect.fail(`${what}, expected ${expected.error}`);
    } else {
      if (error !== undefined) expect.fail(`${what}, expected success`);
      model = expected.tables;
      succeeded++;
    }
    const contents = contentsOf(database);
    if (!same(contents, modelContents(model))) expect(contents, what).toEqual(modelContents(model));
  }
  replay(commits, replica);
  expect(contentsOf(replica), `seed ${seed}: replay`).toEqual(modelContents(model));
  return succeeded;
}

function replay(commits: readonly Commit[], into: Database): void {
  for (const commit of commits) {
    const text = emitCommit(commit, 0);
    if (text === undefined) continue;
    const data = Buffer.from(`${text}\n`);
    const replayed = replayRecord(into, { parse: () => JSON.parse(text) }, data, { isConverting: false });
    expect(replayed, text).toEqual({ kind: 'applied' });
  }
}

/** A journal in memory, on a disk that is full every now and then. */
class UnreliableJournal implements Journal {
  readonly written: Commit[] = [];
  readonly #random: Random;
  #pending: Commit[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  append(commit: Commit): void {
    this.#pending.push(commit);
  }

  flush(): void {
    const pending = this.#pending;
    this.#pending = [];
    if (this.#random.u32() % 3 === 0) throw new OvsdbError('I/O error', 'full');
    this.written.push(...pending);
  }

  defer(): void {} // the test settles

  async sync(): Promise<void> {}

  replace(): void {}
}

/** Several transactions a turn on an unreliable disk: those that it did not take have never been. */
function compareGroups(seed: number): void {
  const random = seededRandom(seed);
  const inventor = new Inventor(random);
  const database = makeDatabase(random);
  const journal = new UnreliableJournal(random);
  database.setJournal(journal);
  const heard: Commit[] = [];
  database.onCommit((commit) => heard.push(commit));
  let model: Tables = emptyTables;
  for (let turn = 0; turn < transactionsPerDatabase / 5; turn++) {
    const group = Array.from({ length: 1 + (random.u32() % 8) }, () => inventor.invent(model));
    const replies: Json[] = [];
    for (const operations of group) {
      const params = ['model', ...operations.map(operationJson)];
      database.submit(params, context, ({ result }) => replies.push(result));
    }
    database.settle();
    expect(replies.length).toBe(group.length);
    for (const [i, operations] of group.entries()) {
      const error = firstError(replies[i] ?? null);
      if (error === 'I/O error') continue;
      const expected = runModel(model, operations);
      expect(error === undefined, `seed ${seed} turn ${turn}: ${error}`).toBe('tables' in expected);
      if ('tables' in expected) model = expected.tables;
    }
    expect(contentsOf(database), `seed ${seed} turn ${turn}`).toEqual(modelContents(model));
  }
  expect(heard).toEqual(journal.written);
  const replica = makeDatabase(random);
  replay(heard, replica);
  expect(contentsOf(replica)).toEqual(modelContents(model));
}

describe('the database engine', () => {
  it('agrees with a plain model of RFC 7047, and its log with both', {
    timeout: 120_000 + transactionCount * 20,
  }, () => {
    let succeeded = 0;
    let total = 0;
    for (let seed = firstSeed; total < transactionCount; seed++, total += transactionsPerDatabase) {
      succeeded += compareOne(seed);
    }
    expect(succeeded).toBeGreaterThan(total / 10);
  });

  it('agrees with it too where transactions are written together and the disk refuses some', {
    timeout: 120_000 + transactionCount * 20,
  }, () => {
    const count = Math.ceil(transactionCount / transactionsPerDatabase);
    for (let seed = firstSeed; seed < firstSeed + count; seed++) compareGroups(seed);
  });
});
