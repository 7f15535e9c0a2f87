import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { Timers } from '../../base/timers.ts';
import { uuid } from '../../base/units.ts';
import type { Json } from '../../rpc/channel.ts';
import { formatJson } from '../../rpc/json.ts';
import { Database } from './database.ts';
import { OvsdbError } from './errors.ts';
import { compiledSchemaToJson, compileSchema, equalSchemas } from './schema.ts';

/** A schema with one table whose columns are given. */
const withColumns = (columns: Json, more: object = {}): Json => ({
  name: 'db',
  tables: { T: { columns, ...more } },
});
const withType = (type: Json): Json => withColumns({ c: { type } });

const reasonOf = (json: Json): string => {
  try {
    compileSchema(json);
    return 'accepted';
  } catch (error) {
    if (error instanceof OvsdbError) return error.details ?? '';
    throw error;
  }
};

describe('schemaFromJson', () => {
  it.each<[Json, string]>([
    [[], 'Parsing database schema failed: Object expected.'],
    [{ name: '1', tables: {} }, "Parsing database schema failed: Type mismatch for member 'name'."],
    [
      { name: 'db', tables: {}, a: 1, b: 2, c: 3 },
      "Parsing database schema failed: Member 'b' and 2 other members are present but not allowed here.",
    ],
    [{ name: 'db', version: '1.2', tables: {} }, 'schema version "1.2" not in format x.y.z'],
    [{ name: 'db', tables: { _T: {} } }, 'names beginning with "_" are reserved'],
    [{ name: 'db', tables: { 'a-b': {} } }, 'name must be a valid id'],
    [withColumns({}), 'table must have at least one column'],
    [withColumns({ c: { type: 'string' } }, { maxRows: 0 }), 'maxRows must be at least 1'],
    [withColumns({ c: { type: 'string' } }, { indexes: [[]] }), 'index must have at least one column'],
    [
      withColumns({ c: { type: 'string' } }, { indexes: [['c', 'c']] }),
      'array of distinct column names expected',
    ],
    [withType('text'), '"text" is not an atomic-type'],
    [withType({ key: 'string', min: 2, max: 3 }), 'ovsdb type fails constraint checks'],
    [withType({ key: 'string', max: 'many' }), 'bad min or max value'],
    [withType({ key: { type: 'real', minReal: 2, maxReal: 1 } }), 'minReal exceeds maxReal'],
    [withType({ key: { type: 'string', minLength: 2, maxLength: 1 } }), 'minLength exceeds maxLength'],
    [
      withType({ key: { type: 'uuid', refTable: 'T', refType: 'soft' } }),
      'refType must be "strong" or "weak" (not "soft")',
    ],
    [
      withType({ key: { type: 'string', minInteger: 1 } }),
      "Parsing ovsdb type failed: Member 'minInteger' is present but not allowed here.",
    ],
    [
      withType({ key: { type: 'string', enum: ['set', []] } }),
      'set must have 1 to 4294967295 members but 0 are present',
    ],
  ])('refuses %j', (json, reason) => {
    expect(reasonOf(json)).toBe(reason);
  });

  it('makes every table a root when none is, and weak references mutable', () => {
    const json = withColumns({
      c: { type: { key: { type: 'uuid', refTable: 'T', refType: 'weak' } }, mutable: false },
    });
    const table = compileSchema(json).tables.get('T');
    expect([table?.isRoot, table?.columns[0]?.isMutable]).toEqual([true, true]);
  });

  it('stores strong references to tables that are no roots, whatever the schema says', () => {
    const schema = compileSchema({
      name: 'db',
      tables: {
        R: {
          isRoot: true,
          columns: { c: { type: { key: { type: 'uuid', refTable: 'T' } }, ephemeral: true } },
        },
        T: { columns: { c: { type: 'string', ephemeral: true } } },
      },
    });
    const isPersistent = (table: string) => schema.tables.get(table)?.columns[0]?.isPersistent;
    expect([isPersistent('R'), isPersistent('T')]).toEqual([true, false]);
  });

  it('gives types back in their short form', () => {
    const types: Json[] = [
      'integer',
      { key: 'string', min: 0, max: 'unlimited' },
      { key: { type: 'string', enum: 'only' }, value: 'real' },
      { key: { type: 'integer', minInteger: 1, maxInteger: 9007199254740993n } },
    ];
    for (const type of types) {
      const columns = compiledSchemaToJson(compileSchema(withType(type))).tables;
      expect(columns).toEqual({ T: { columns: { c: { type } } } });
    }
    const long = compileSchema(withType({ key: { type: 'integer' }, min: 1, max: 1 }));
    expect(formatJson(compiledSchemaToJson(long))).toContain('"type":"integer"');
  });

  it('reads any JSON or throws OvsdbError', () => {
    const base = fc.oneof(
      fc.constantFrom<Json>('string', 'integer', 'uuid', 'x'),
      fc.record(
        {
          type: fc.constantFrom('string', 'integer', 'real', 'uuid'),
          enum: fc.jsonValue(),
          minInteger: fc.jsonValue(),
          maxLength: fc.jsonValue(),
          refTable: fc.constantFrom('T', 'U'),
        },
        { requiredKeys: ['type'] },
      ),
    );
    const type = fc.oneof(
      base,
      fc.record(
        {
          key: base,
          value: base,
          min: fc.constantFrom<Json>(0, 1, 2, 'x'),
          max: fc.constantFrom<Json>(0, 1, 5, 'unlimited'),
        },
        { requiredKeys: ['key'] },
      ),
      fc.jsonValue(),
    );
    const column = fc.record(
      { type, mutable: fc.boolean(), ephemeral: fc.boolean() },
      { requiredKeys: ['type'] },
    );
    const table = fc.record(
      {
        columns: fc.dictionary(fc.constantFrom('a', 'b', '_c'), column),
        isRoot: fc.boolean(),
        indexes: fc.jsonValue(),
      },
      { requiredKeys: ['columns'] },
    );
    const schema = fc.record({
      name: fc.constantFrom('db', '1'),
      tables: fc.dictionary(fc.constantFrom('T', 'U'), table),
    });
    fc.assert(
      fc.property(fc.oneof(schema, fc.jsonValue()), (value) => {
        const json: Json = JSON.parse(JSON.stringify(value));
        if (reasonOf(json) !== 'accepted') return;
        const compiled = compileSchema(json);
        expect(equalSchemas(compiled, compileSchema(compiledSchemaToJson(compiled)))).toBe(true);
      }),
    );
  });
});

describe('a transaction of any JSON', () => {
  it('answers with results or errors, and changes nothing when it fails', () => {
    const columns = {
      s: { type: { key: 'string', min: 0, max: 2 } },
      n: { type: 'integer' },
      m: { type: { key: 'string', value: 'real', min: 0, max: 2 } },
    };
    const newUuid = () => uuid(crypto.randomUUID());
    const database = new Database(compileSchema(withColumns(columns)), {
      timers: new Timers(new FakeClock()),
      newUuid,
    });
    const context = { isReadOnly: false, access: undefined, holdsLock: () => false };
    const value = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom<Json>(1, 'a', ['set', ['a', 'b']], ['map', [['k', 1]]], ['uuid', 'x']),
    );
    const name = fc.constantFrom('s', 'n', 'm', '_uuid', '_version', 'x');
    const clause = fc.oneof(fc.tuple(name, fc.constantFrom('==', '<', 'includes', 'x'), value), value);
    const operation = fc.record(
      {
        op: fc.constantFrom(
          'insert',
          'select',
          'update',
          'mutate',
          'delete',
          'comment',
          'commit',
          'abort',
          'assert',
        ),
        table: fc.constantFrom('T', 'T', 'U'),
        where: fc.array(clause, { maxLength: 2 }),
        row: fc.dictionary(name, value, { maxKeys: 2 }),
        columns: fc.array(name, { maxLength: 2 }),
        mutations: fc.array(
          fc.oneof(fc.tuple(name, fc.constantFrom('+=', 'insert', 'delete', '/='), value), value),
          { maxLength: 2 },
        ),
      },
      { requiredKeys: ['op'] },
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(operation, fc.jsonValue()), { maxLength: 3 }), (operations) => {
        const params: Json[] = JSON.parse(JSON.stringify(['db', ...operations]));
        const before = database.table('T')?.size;
        const results = database.transact(params, context);
        const text = JSON.stringify(results);
        if (text.includes('"error"')) expect(database.table('T')?.size).toBe(before);
        expect(Array.isArray(results) && results.length >= operations.length).toBe(true);
      }),
    );
  });
});
