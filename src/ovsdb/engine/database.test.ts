import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { decodeText } from '../../base/text.ts';
import { Timers } from '../../base/timers.ts';
import { ms, uuid } from '../../base/units.ts';
import type { Json } from '../../rpc/channel.ts';
import { parseJson } from '../../rpc/json.ts';
import { Database } from './database.ts';
import { compileSchema } from './schema.ts';
import type { Commit, TransactReply } from './types.ts';

const context = { isReadOnly: false, access: undefined, holdsLock: (name: string) => name === 'held' };

/** A database with roots, strong and weak references, an index, limits and every atomic type. */
function makeDatabase() {
  const clock = new FakeClock();
  const timers = new Timers(clock);
  let count = 0;
  const newUuid = () => uuid(`00000000-0000-4000-8000-${String(++count).padStart(12, '0')}`);
  const schema = compileSchema({
    name: 'db',
    version: '1.0.0',
    tables: {
      Root: {
        isRoot: true,
        maxRows: 2,
        columns: {
          name: { type: 'string', mutable: false },
          children: { type: { key: { type: 'uuid', refTable: 'Child' }, min: 0, max: 'unlimited' } },
        },
      },
      Child: {
        indexes: [['name']],
        columns: {
          name: { type: { key: { type: 'string', maxLength: 5 } } },
          next: { type: { key: { type: 'uuid', refTable: 'Child', refType: 'weak' }, min: 0, max: 1 } },
          tags: { type: { key: { type: 'integer', minInteger: 0 }, min: 0, max: 3 } },
          kind: { type: { key: { type: 'string', enum: ['set', ['a', 'b']] }, min: 0, max: 1 } },
        },
      },
      Value: {
        isRoot: true,
        columns: {
          i: { type: 'integer' },
          r: { type: 'real' },
          b: { type: 'boolean' },
          m: { type: { key: 'string', value: 'integer', min: 0, max: 'unlimited' } },
          e: { type: 'integer', ephemeral: true },
        },
      },
    },
  });
  const db = new Database(schema, { timers, newUuid });
  const commits: Commit[] = [];
  db.onCommit((commit) => commits.push(commit));
  const submit = (...operations: Json[]) => {
    const replies: TransactReply[] = [];
    const pending = db.submit(['db', ...operations], context, (reply) => replies.push(reply));
    return { replies, pending };
  };
  const run = (...operations: Json[]): Json => submit(...operations).replies[0]?.result ?? null;
  return { db, clock, timers, commits, submit, run };
}

const insertRoot: Json = {
  op: 'insert',
  table: 'Root',
  row: {
    name: 'r',
    children: [
      'set',
      [
        ['named-uuid', 'c1'],
        ['named-uuid', 'c2'],
      ],
    ],
  },
};
const insertChildren: Json[] = ['c1', 'c2'].map((name) => ({
  op: 'insert',
  table: 'Child',
  'uuid-name': name,
  row: { name },
}));
const childNames: Json = {
  op: 'select',
  table: 'Child',
  where: [],
  columns: ['name', 'next'],
  sort: ['name'],
};

describe('transactions', () => {
  it.each<[string, Json, string]>([
    ['an unknown operation', { op: 'x' }, 'Parsing ovsdb operation 1 of 1 failed: No operation "x"'],
    ['an operation that is no object', 3, 'Parsing ovsdb operation 1 of 1 failed: Object expected.'],
    [
      'a missing member',
      { op: 'select', table: 'Root' },
      "Parsing ovsdb operation 1 of 1 failed: Required 'where' member is missing.",
    ],
    [
      'an unknown table',
      { op: 'delete', table: 'No', where: [] },
      'Parsing ovsdb operation 1 of 1 failed: No table named No.',
    ],
    [
      'an unknown column',
      { op: 'select', table: 'Root', where: [['x', '==', 1]] },
      'No column x in table Root.',
    ],
    ['a wrong type', { op: 'insert', table: 'Value', row: { i: 'x' } }, 'expected integer'],
    [
      'a set that is too large',
      { op: 'insert', table: 'Child', row: { tags: ['set', [1, 2, 3, 4]] } },
      'set must have 0 to 3 members but 4 are present',
    ],
    [
      'a duplicate',
      { op: 'insert', table: 'Child', row: { tags: ['set', [1, 2, 1]] } },
      'set contains duplicate',
    ],
    [
      'a number out of range',
      { op: 'insert', table: 'Child', row: { tags: -1 } },
      '-1 is less than minimum allowed value 0',
    ],
    [
      'a long string',
      { op: 'insert', table: 'Child', row: { name: '😀😀😀😀😀x' } },
      '"😀😀😀😀😀x" length 6 is greater than maximum allowed length 5',
    ],
    [
      'what an enum lacks',
      { op: 'insert', table: 'Child', row: { kind: 'c' } },
      'c is not one of the allowed values ([a, b])',
    ],
    [
      'an immutable column',
      { op: 'update', table: 'Root', where: [], row: { name: 'x' } },
      'Cannot update immutable column name in table Root.',
    ],
    ['a lock that is not held', { op: 'assert', lock: 'free' }, 'Asserted lock free not held.'],
    [
      'an order on strings',
      { op: 'select', table: 'Root', where: [['name', '<', 'x']] },
      'Type mismatch: "<" operator may not be applied to column name of type string.',
    ],
    [
      'an unknown mutator',
      { op: 'mutate', table: 'Value', where: [], mutations: [['i', 'constructor', 1]] },
      'No mutator named constructor.',
    ],
  ])('refuse %s', (_, operation, details) => {
    const { run, commits } = makeDatabase();
    expect(run(operation)).toEqual([expect.objectContaining({ details })]);
    expect(commits).toEqual([]);
  });

  it('undo everything when a later operation fails', () => {
    const { db, run, commits } = makeDatabase();
    const result = run(...insertChildren, insertRoot, { op: 'abort' }, childNames);
    expect(result).toEqual([
      { uuid: ['uuid', expect.any(String)] },
      { uuid: ['uuid', expect.any(String)] },
      { uuid: ['uuid', expect.any(String)] },
      { error: 'aborted', details: 'aborted by request' },
      null,
    ]);
    expect([db.table('Child')?.size, db.table('Root')?.size, commits.length]).toEqual([0, 0, 0]);
  });

  it('collect what nothing refers to, and drop weak references to it', () => {
    const { run, commits } = makeDatabase();
    run(...insertChildren, insertRoot);
    run({
      op: 'update',
      table: 'Child',
      where: [['name', '==', 'c1']],
      row: { next: ['uuid', '00000000-0000-4000-8000-000000000003'] },
    });
    expect(run(childNames)).toEqual([
      {
        rows: [
          { name: 'c1', next: ['uuid', '00000000-0000-4000-8000-000000000003'] },
          { name: 'c2', next: ['set', []] },
        ],
      },
    ]);
    run({
      op: 'mutate',
      table: 'Root',
      where: [],
      mutations: [['children', 'delete', ['uuid', '00000000-0000-4000-8000-000000000003']]],
    });
    expect(run(childNames)).toEqual([{ rows: [{ name: 'c1', next: ['set', []] }] }]);
    expect(
      commits
        .at(-1)
        ?.changes.map((change) => [change.table.name, change.after !== undefined])
        .sort(),
    ).toEqual([
      ['Child', false],
      ['Child', true],
      ['Root', true],
    ]);
  });

  it('refuse references to rows that are not there, too many rows and duplicates in an index', () => {
    const { db, run } = makeDatabase();
    const nowhere = ['uuid', '11111111-1111-1111-1111-111111111111'];
    expect(run({ op: 'insert', table: 'Root', row: { children: nowhere } })).toContainEqual({
      error: 'referential integrity violation',
      details:
        'Table Root column children row 00000000-0000-4000-8000-000000000001 references nonexistent row 11111111-1111-1111-1111-111111111111 in table Child.',
    });
    const root = { op: 'insert', table: 'Root', row: {} };
    expect(run(root, root, root)).toContainEqual(
      expect.objectContaining({
        details:
          'transaction causes "Root" table to contain 3 rows, greater than the schema-defined limit of 2 row(s)',
      }),
    );
    const twins = ['c1', 'c2'].map((name) => ({
      op: 'insert',
      table: 'Child',
      'uuid-name': name,
      row: { name: 'x' },
    }));
    expect(run(...twins, insertRoot)).toContainEqual({
      error: 'constraint violation',
      details: expect.stringMatching(
        /^Transaction causes multiple rows in "Child" table to have identical values \(x\) for index on column "name". {2}First row, with UUID .*, was inserted by this transaction. {2}Second row, with UUID .*, was inserted by this transaction.$/,
      ),
    });
    expect([db.table('Child')?.size, db.table('Root')?.size]).toEqual([0, 0]);
  });

  it('refuse text that is not UTF-8 wherever a value enters, and keep the rest of the transaction out', () => {
    const { db, run } = makeDatabase();
    const bad = decodeText(Buffer.of(0x61, 0xe9));
    const refused = {
      error: 'constraint violation',
      details: 'not a valid UTF-8 string: invalid UTF-8 sequence 0xe9 0x00',
    };
    const child = (name: string) => ({ op: 'insert', table: 'Child', row: { name } });
    expect(run(insertRoot, { op: 'insert', table: 'Root', row: { name: bad } })).toContainEqual(refused);
    expect(run(child(bad))).toContainEqual(refused);
    expect(run({ op: 'select', table: 'Root', where: [['name', '==', bad]] })).toContainEqual(refused);
    expect(run(child('a\ud800'))).toContainEqual({
      ...refused,
      details: 'not a valid UTF-8 string: invalid UTF-8 sequence 0xed 0xa0',
    });
    expect(run({ op: 'insert', table: 'Child', row: { name: 'n', kind: bad } })).toContainEqual({
      error: 'constraint violation',
      details: `"${bad}" is not one of the allowed values ([a, b])`,
    });
    expect(run(child('éé😀😀é'))).toEqual([expect.objectContaining({ uuid: expect.anything() })]);
    expect(run(child('éé😀😀éé'))).toContainEqual({
      error: 'constraint violation',
      details: '"éé😀😀éé" length 6 is greater than maximum allowed length 5',
    });
    expect(db.table('Root')?.size).toBe(0);
  });

  it('compute with integers of 64 bits', () => {
    const { run } = makeDatabase();
    const mutate = (i: string, mutator: string, by: string): Json => {
      run({ op: 'delete', table: 'Value', where: [] });
      run(parseJson(`{"op":"insert","table":"Value","row":{"i":${i}}}`));
      const operations = parseJson(
        `[{"op":"mutate","table":"Value","where":[],"mutations":[["i","${mutator}",${by}]]}]`,
      );
      const result = run(...(Array.isArray(operations) ? operations : []), {
        op: 'select',
        table: 'Value',
        where: [],
        columns: ['i'],
      });
      return Array.isArray(result) ? (result.at(-1) ?? result[0] ?? null) : result;
    };
    expect(mutate('9007199254740993', '+=', '2')).toEqual({ rows: [{ i: 9007199254740995n }] });
    expect(mutate('-9223372036854775807', '-=', '1')).toEqual({ rows: [{ i: -9223372036854775808n }] });
    expect(mutate('-7', '/=', '2')).toEqual({ rows: [{ i: -3 }] });
    expect(mutate('-7', '%=', '2')).toEqual({ rows: [{ i: -1 }] });
    expect(mutate('9223372036854775807', '+=', '1')).toMatchObject({ error: 'range error' });
    expect(mutate('1', '/=', '0')).toEqual({ error: 'domain error', details: 'Division by zero.' });
  });

  it('notice that nothing has changed', () => {
    const { run, commits } = makeDatabase();
    run({ op: 'insert', table: 'Value', row: { i: 1 } });
    run(
      { op: 'update', table: 'Value', where: [], row: { i: 2 } },
      { op: 'update', table: 'Value', where: [], row: { i: 1 } },
    );
    run(
      { op: 'insert', table: 'Value', row: { i: 3 } },
      { op: 'delete', table: 'Value', where: [['i', '==', 3]] },
    );
    expect(commits.length).toBe(1);
  });

  it('refuse to write for a read-only session', () => {
    const { db } = makeDatabase();
    expect(
      db.transact(['db', { op: 'insert', table: 'Value', row: {} }], { ...context, isReadOnly: true }),
    ).toEqual([
      {
        error: 'not allowed',
        details: 'insert operation not allowed when database server is in read only mode',
      },
    ]);
  });
});

describe('wait', () => {
  const waitForOne = (timeout?: number): Json => ({
    op: 'wait',
    table: 'Value',
    where: [],
    columns: ['i'],
    until: '==',
    rows: [{ i: 1 }],
    ...(timeout !== undefined && { timeout }),
  });

  it('goes on once another transaction makes it true', () => {
    const { submit, run } = makeDatabase();
    const { replies } = submit(waitForOne(1000), { op: 'insert', table: 'Value', row: { i: 2 } });
    run({ op: 'insert', table: 'Root', row: {} });
    expect(replies).toEqual([]);
    run({ op: 'insert', table: 'Value', row: { i: 1 } });
    expect(replies).toEqual([{ result: [{}, { uuid: ['uuid', expect.any(String)] }], error: null }]);
  });

  it('times out', () => {
    const { submit, timers, clock } = makeDatabase();
    const { replies } = submit(waitForOne(1000));
    timers.advance(clock, ms(999));
    expect(replies).toEqual([]);
    timers.advance(clock, ms(1));
    expect(replies).toEqual([
      { result: [{ error: 'timed out', details: '"wait" timed out after 1000 ms' }], error: null },
    ]);
    expect(submit(waitForOne(0)).replies).toEqual([
      { result: [{ error: 'timed out', details: '"where" clause test failed' }], error: null },
    ]);
  });

  it('can be given up', () => {
    const { submit } = makeDatabase();
    const { replies, pending } = submit(waitForOne());
    expect([pending.cancel(), pending.cancel()]).toEqual([true, false]);
    expect(replies).toEqual([{ result: null, error: 'canceled' }]);
  });
});

describe('convert', () => {
  it('keeps what fits the new schema, or changes nothing', () => {
    const { db, run } = makeDatabase();
    run({ op: 'insert', table: 'Value', row: { i: 5, r: 1.5 } });
    const next = (type: string): Json => ({
      name: 'db',
      tables: { Value: { columns: { i: { type }, n: { type: 'string' } } } },
    });
    expect(() => db.convert(compileSchema(next('string')))).toThrow('expected string');
    expect(db.schema.version).toBe('1.0.0');
    db.convert(compileSchema(next('real')));
    expect(run({ op: 'select', table: 'Value', where: [], columns: ['i', 'n'] })).toEqual([
      { rows: [{ i: 5, n: '' }] },
    ]);
  });
});
