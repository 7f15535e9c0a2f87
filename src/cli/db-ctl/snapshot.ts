/**
 * What a command line knows of the database: the answers to the questions its commands have asked so far, all of one
 * moment. A command that asks something new is stopped with `Missing`; then all questions are put together in one
 * transaction and the commands start over. So a command costs what it asks, not what the database holds.
 * Fed by `session.ts`, asked by `Work`.
 */

import { Malformed } from '../../base/errors.ts';
import { logger } from '../../base/log.ts';
import { utf8Problem } from '../../base/text.ts';
import { atomToJson } from '../../ovsdb/engine/atom.ts';
import { datumFromJson, defaultDatum, keysOf } from '../../ovsdb/engine/datum.ts';
import { OvsdbError } from '../../ovsdb/engine/errors.ts';
import type { Datum } from '../../ovsdb/engine/types.ts';
import type { Scalar } from '../../ovsdb/schema-types.ts';
import type { Json, JsonObject } from '../../rpc/channel.ts';
import { isObject } from '../../rpc/json-value.ts';
import { type CtlTable, columnNamed } from './schema.ts';

const log = logger('ovsdb_idl');

/** What rows a question is about: those that meet all clauses. */
export interface RowClause {
  readonly column: string;
  /** "includes": of a set, or among the keys of a map. */
  readonly test: '==' | 'includes';
  readonly value: Scalar;
}

/** A row as the server has it; columns arrive as they are asked for. */
export interface StoredRow {
  readonly id: string;
  readonly columns: Map<string, Datum>;
}

interface Question {
  readonly table: CtlTable;
  readonly clauses: readonly RowClause[];
  readonly columns: Set<string>;
  readonly isSurvey?: boolean;
}

/** Thrown when a command asks what is not known yet. Not an error. */
export class Missing {}

/** So many times a line of commands may start over before whole tables are read instead. */
const patience = 6;

export class Snapshot {
  readonly #questions = new Map<string, Question>();
  readonly #answers = new Map<Question, StoredRow[]>();
  readonly #surveyed = new Map<Question, readonly JsonObject[]>();
  readonly #rows = new Map<string, Map<string, StoredRow>>();
  #roundCount = 0;
  #serverTables: ReadonlyMap<string, ReadonlySet<string>> | undefined;

  /** The rows that meet the clauses, with at least those columns. Throws Missing. */
  ask(table: CtlTable, clauses: readonly RowClause[], columns: readonly string[]): readonly StoredRow[] {
    const whole = this.#questions.get(table.name);
    const wholeRows = whole === undefined ? undefined : this.#answered(whole, columns);
    if (wholeRows !== undefined) {
      if (clauses.length === 0) return wholeRows;
      const needed = clauses.map((c) => c.column).filter((c) => c !== '_uuid');
      if (whole !== undefined && this.#answered(whole, needed) !== undefined) {
        return wholeRows.filter((row) => clauses.every((clause) => meets(table, row, clause)));
      }
    }
    const isWhole = clauses.length === 0 || this.#roundCount >= patience;
    const wanted = isWhole ? [...columns, ...clauses.map((c) => c.column)] : columns;
    const question = this.#note(table, isWhole ? [] : clauses, wanted);
    const rows = this.#answered(question, wanted);
    if (rows === undefined) throw new Missing();
    return isWhole && clauses.length > 0
      ? rows.filter((row) => clauses.every((c) => meets(table, row, c)))
      : rows;
  }

  /**
   * All rows of a table as the server sent them, as an aside: no transaction is made to depend on the answer, and other
   * questions are still put. Throws Missing.
   */
  survey(table: CtlTable, columns: readonly string[]): readonly JsonObject[] {
    const question = this.prepareSurvey(table, columns);
    const rows = this.#surveyed.get(question);
    if (rows === undefined) throw new Missing();
    return rows;
  }

  /** A column of a row that exists; undefined where the server's table has no such column. Throws Missing. */
  column(table: CtlTable, id: string, column: string): Datum | undefined {
    const known = this.#rows.get(table.name)?.get(id)?.columns.get(column);
    if (known !== undefined) return known;
    return this.ask(table, [{ column: '_uuid', test: '==', value: id }], [column])[0]?.columns.get(column);
  }

  /** Puts a question without needing its answer yet. */
  prepare(table: CtlTable, clauses: readonly RowClause[], columns: readonly string[]): void {
    this.#note(table, clauses, columns);
  }

  prepareSurvey(table: CtlTable, columns: readonly string[]): Question {
    const key = JSON.stringify(['survey', table.name, columns]);
    const known = this.#questions.get(key);
    if (known !== undefined) return known;
    const question = { table, clauses: [], columns: new Set(columns), isSurvey: true };
    this.#questions.set(key, question);
    return question;
  }

  /** What the questions ask that the server does not have, as the reference words it. */
  lacking(database: string): string[] {
    const all = [...this.#questions.values()].flatMap(({ table, columns }) => {
      if (!this.#isKnown(table, '_uuid')) return [`${database} database lacks ${table.name} table`];
      const missing = [...columns].filter((column) => !this.#isKnown(table, column));
      return missing.map((column) => `${table.name} table in ${database} database lacks ${column} column`);
    });
    return [...new Set(all)].map((text) => `${text} (database needs upgrade?)`);
  }

  /** One "select" for each question. */
  operations(): JsonObject[] {
    return this.#answerable().map(({ table, clauses, columns }) => ({
      op: 'select',
      table: table.name,
      where: clauses.map((clause) => clauseJson(table, clause)),
      columns: ['_uuid', ...[...columns].filter((column) => this.#isKnown(table, column))],
    }));
  }

  /** The server's own tables and columns, when they are not those that the program expects: others are as if empty. */
  limitTo(tables: ReadonlyMap<string, ReadonlySet<string>>): void {
    this.#serverTables = tables;
  }

  /** Takes the answers to `operations` in, in place of all earlier ones. Throws Malformed. */
  answer(results: readonly Json[]): void {
    this.#roundCount++;
    this.#answers.clear();
    this.#surveyed.clear();
    this.#rows.clear();
    for (const question of this.#questions.values()) {
      if (question.isSurvey === true) this.#surveyed.set(question, []);
      else this.#answers.set(question, []);
    }
    for (const [i, question] of this.#answerable().entries()) {
      const result = results[i];
      if (!isObject(result) || !Array.isArray(result.rows)) throw new Malformed('ovsdb reply', 0, 'no rows');
      const rows: readonly Json[] = result.rows;
      if (question.isSurvey === true) {
        this.#surveyed.set(question, rows.filter(isObject));
        continue;
      }
      this.#answers.set(
        question,
        rows.map((row) => this.#store(question, row)),
      );
    }
  }

  /**
   * "wait" operations that make a transaction fail if other rows than those seen answer the questions now. Questions
   * about whole tables are left out: what matters of them the commands verify themselves.
   */
  guards(): JsonObject[] {
    return [...this.#answers].flatMap(([{ table, clauses }, rows]) => {
      if (clauses.length === 0 || clauses.some((clause) => clause.column === '_uuid')) return [];
      if (!clauses.every(canBeMet)) return [];
      return [
        {
          op: 'wait',
          timeout: 0,
          table: table.name,
          where: clauses.map((clause) => clauseJson(table, clause)),
          columns: ['_uuid'],
          until: '==',
          rows: rows.map((row) => ({ _uuid: ['uuid', row.id] })),
        },
      ];
    });
  }

  /** The tables and columns asked for so far, for a monitor that tells when to look again. */
  watched(): Map<string, Set<string>> {
    const watched = new Map<string, Set<string>>();
    for (const { table, clauses, columns, isSurvey } of this.#questions.values()) {
      if (isSurvey === true) continue;
      const all = watched.get(table.name) ?? new Set();
      for (const column of [...columns, ...clauses.map((c) => c.column)])
        if (column !== '_uuid') all.add(column);
      watched.set(table.name, all);
    }
    return watched;
  }

  #note(table: CtlTable, clauses: readonly RowClause[], columns: readonly string[]): Question {
    const key =
      clauses.length === 0
        ? table.name
        : JSON.stringify([table.name, clauses.map((c) => [c.column, c.test, String(c.value)])]);
    const question = this.#questions.get(key) ?? { table, clauses, columns: new Set<string>() };
    this.#questions.set(key, question);
    for (const column of columns) if (column !== '_uuid') question.columns.add(column);
    return question;
  }

  #answered(question: Question, columns: readonly string[]): StoredRow[] | undefined {
    const rows = this.#answers.get(question);
    const isKnown = rows?.every((row) => columns.every((c) => c === '_uuid' || row.columns.has(c)));
    return isKnown === true ? rows : undefined;
  }

  #store({ table, columns }: Question, json: Json): StoredRow {
    const uuid = isObject(json) ? json._uuid : undefined;
    const id = Array.isArray(uuid) ? uuid[1] : undefined;
    if (!isObject(json) || typeof id !== 'string') throw new Malformed('ovsdb reply', 0, 'row without _uuid');
    const rows = this.#rows.get(table.name) ?? new Map<string, StoredRow>();
    this.#rows.set(table.name, rows);
    const row = rows.get(id) ?? { id, columns: new Map<string, Datum>() };
    rows.set(id, row);
    for (const column of columns) {
      const value = json[column];
      if (value !== undefined) row.columns.set(column, readColumn(table, column, id, value));
      else if (!this.#isKnown(table, column))
        row.columns.set(column, defaultDatum(columnNamed(table, column).type));
    }
    return row;
  }

  /** The questions about what the server has and can have. */
  #answerable(): Question[] {
    return [...this.#questions.values()]
      .filter(({ table, clauses }) =>
        ['_uuid', ...clauses.map(({ column }) => column)].every((column) => this.#isKnown(table, column)),
      )
      .filter(({ clauses }) => clauses.every(canBeMet));
  }

  #isKnown(table: CtlTable, column: string): boolean {
    if (this.#serverTables === undefined) return true;
    const columns = this.#serverTables.get(table.name);
    return columns !== undefined && (column === '_uuid' || columns.has(column));
  }
}

/** A value that the column cannot hold, which a server of another version may send, counts as never written. */
function readColumn(table: CtlTable, column: string, id: string, json: Json): Datum {
  const { type } = columnNamed(table, column);
  try {
    return datumFromJson(type, json);
  } catch (why) {
    if (!(why instanceof OvsdbError)) throw why;
    log.warn(`error parsing column ${column} in row ${id} in table ${table.name}: ${why.message}`);
    return defaultDatum(type);
  }
}

function meets(table: CtlTable, row: StoredRow, { column, value }: RowClause): boolean {
  if (column === '_uuid') return row.id === value;
  const datum = row.columns.get(column);
  return datum !== undefined && keysOf(columnNamed(table, column).type, datum).includes(value);
}

/** The server refuses a question about text that no column can hold, instead of finding nothing. */
function canBeMet({ value }: RowClause): boolean {
  return typeof value !== 'string' || utf8Problem(value) === undefined;
}

function clauseJson(table: CtlTable, { column, test, value }: RowClause): Json {
  if (column === '_uuid') return ['_uuid', '==', ['uuid', value]];
  return [column, test, atomToJson(columnNamed(table, column).type.key.type, value)];
}
