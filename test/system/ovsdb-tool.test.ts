/** The installed ovsdb-tool and ours on the same files, command by command. Build first: `npm run test:system` does. */
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { OWN_VERSION } from '../../src/daemon/program.ts';
import { runProgram } from './support/run-program.ts';

const ours = new URL('../../bin/ovsdb-tool', import.meta.url).pathname;
const theirs = '/usr/bin/ovsdb-tool';
const root = mkdtempSync(join(tmpdir(), 'ovsdb-tool-'));
const folders = { ours: join(root, 'ours'), theirs: join(root, 'theirs') };
const columns = {
  i: { type: 'integer' },
  r: { type: 'real' },
  name: { type: 'string' },
  kind: { type: { key: { type: 'string', enum: ['set', ['x', 'y']] }, min: 0, max: 1 } },
  some: { type: { key: 'integer', min: 0, max: 3 } },
  m: { type: { key: 'string', value: 'integer', min: 0, max: 'unlimited' } },
};
const schemas: Readonly<Record<string, unknown>> = {
  good: {
    name: 's',
    version: '1.2.3',
    cksum: '1 2',
    tables: { t: { isRoot: true, maxRows: 3, columns, indexes: [['i']] } },
  },
  next: {
    name: 's',
    version: '2.0.0',
    tables: { t: { columns: { i: { type: 'real' }, more: { type: 'string' } } } },
  },
  reserved: { name: 's', tables: { t: { columns: { _b: { type: 'string' } } } } },
  bounds: {
    name: 's',
    tables: { t: { columns: { b: { type: { key: { type: 'integer', minInteger: 5, maxInteger: 3 } } } } } },
  },
  min: { name: 's', tables: { t: { columns: { b: { type: { key: 'string', min: 2 } } } } } },
  refers: {
    name: 's',
    tables: { t: { columns: { b: { type: { key: { type: 'uuid', refTable: 'z' } } } } } },
  },
  version: { name: 's', version: '1', tables: {} },
  atomic: { name: 's', tables: { t: { columns: { b: { type: 'strin' } } } } },
  extra: { name: 's', tables: { t: { columns: { b: { type: 'string' } }, extra: 1 } } },
  index: { name: 's', tables: { t: { columns: { b: { type: 'string' } }, indexes: [['c']] } } },
  ephemeral: {
    name: 's',
    tables: { t: { columns: { b: { type: 'string', ephemeral: true } }, indexes: [['b']] } },
  },
};

function run(program: string, folder: string, args: readonly string[]) {
  const { status, stdout, stderr } = runProgram(program, args, { cwd: folder });
  const plain = (text: string) =>
    text
      .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+|Z)/g, 'TIME')
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UUID')
      .replace(/ row [0-9a-f]{8}:/g, ' row UUID:')
      // A wait of no time says which of the two it was by whether a millisecond passed.
      .replace(/where\\" clause test failed|wait\\" timed out after \d+ ms/g, 'WAITED')
      // Which of two rows is named first follows the reference's hash of their random versions.
      .replace(/First row, with UUID (.*?)\. {2}Second row, with UUID (.*?)\./g, (_, a: string, b: string) =>
        [a, b].sort().join(' and '),
      );
  return { status, stdout: plain(stdout), stderr: plain(stderr) };
}

function both(...args: readonly string[]): void {
  expect(run(ours, folders.ours, args), args.join(' ')).toEqual(run(theirs, folders.theirs, args));
}

const transact = (...operations: readonly unknown[]) => [
  'transact',
  'good.db',
  JSON.stringify(['s', ...operations]),
];
const insert = (row: unknown, more: object = {}) => ({ op: 'insert', table: 't', row, ...more });
const where = (...clauses: readonly unknown[]) => ({ table: 't', where: clauses });

beforeEach((context) => {
  if (!existsSync(theirs)) context.skip('needs the package openvswitch-common');
});

beforeAll(() => {
  if (!existsSync(theirs)) return;
  mkdirSync(folders.ours);
  for (const [name, schema] of Object.entries(schemas))
    writeFileSync(join(folders.ours, name), JSON.stringify(schema));
  writeFileSync(join(folders.ours, 'text'), '{"name":');
  writeFileSync(join(folders.ours, 'empty.db'), '');
  writeFileSync(join(folders.ours, 'cluster.db'), `OVSDB CLUSTER 3 ${'0'.repeat(40)}\n{}\n`);
  expect(run(theirs, folders.ours, ['create', 'torn.db', 'good']).status).toBe(0);
  expect(
    run(theirs, folders.ours, ['transact', 'torn.db', JSON.stringify(['s', insert({ i: 1 })])]).status,
  ).toBe(0);
  for (const name of ['junk.db', 'sha.db'])
    copyFileSync(join(folders.ours, 'torn.db'), join(folders.ours, name));
  truncateSync(join(folders.ours, 'torn.db'), statSync(join(folders.ours, 'torn.db')).size - 5);
  appendFileSync(join(folders.ours, 'junk.db'), 'x');
  const text = readFileSync(join(folders.ours, 'sha.db'), 'utf8');
  writeFileSync(join(folders.ours, 'sha.db'), text.replace('"i":1', '"i":2'));
  expect(spawnSync('cp', ['-r', folders.ours, folders.theirs]).status).toBe(0);
});

afterAll(() => rmSync(root, { recursive: true }));

describe('ovsdb-tool', () => {
  test('says the same about files that are broken in every way', () => {
    for (const file of ['empty.db', 'torn.db', 'junk.db', 'sha.db', 'none.db', 'good']) {
      for (const command of [
        'db-name',
        'db-version',
        'show-log',
        'db-is-clustered',
        'db-is-standalone',
        'compact',
      ]) {
        both(command, file);
      }
      both('query', file, '["s"]');
    }
    for (const command of ['db-version', 'db-is-clustered', 'db-is-standalone']) both(command, 'cluster.db');
  });

  test('says the same about schemas', () => {
    for (const name of [...Object.keys(schemas), 'text', 'none']) both('schema-name', name);
    for (const command of ['schema-version', 'schema-cksum']) both(command, 'good');
  });

  test('takes the same command lines', () => {
    const lines = [
      [],
      ['foo'],
      ['create', 'a', 'b', 'c'],
      ['query'],
      ['help'],
      ['--help'],
      ['--option'],
      ['list-commands'],
    ];
    for (const line of lines) both(...line);
    for (const operator of ['<', '<=', '==', '>=', '>', '!=', 'x'])
      both('compare-versions', '1.2.3', operator, '1.10.0');
    both('compare-versions', '1.2', '<', '1.2.3');
    both('--cid=x', 'help');
  });

  test('says its own version below that of the reference', () => {
    const [own, reference] = [run(ours, folders.ours, ['-V']), run(theirs, folders.theirs, ['-V'])];
    expect(own).toEqual({ ...reference, stdout: `${reference.stdout}ovs-ts ${OWN_VERSION}\n` });
  });

  test('runs the same transactions to the same results and log', () => {
    both('create', 'good.db', 'good');
    both('create', 'good.db', 'good');
    const lines = [
      transact(insert({ i: 1, name: 'one', kind: 'x', r: 1.5 })),
      transact(insert({ i: 2, name: 'two' }), { op: 'comment', comment: 'hello' }),
      transact(insert({ i: 2 }, { uuid: '00000000-0000-0000-0000-000000000001' })),
      transact(insert({ kind: 'z' })),
      transact(insert({ i: 1.5 })),
      transact(insert({ some: ['set', [1, 2, 3, 4]] })),
      transact(insert({ i: 5 }), insert({ i: 6 })),
      transact({ op: 'update', ...where(['i', '==', 1]), row: { r: 0.1 } }, { op: 'commit', durable: true }),
      transact({
        op: 'mutate',
        ...where(),
        mutations: [
          ['i', '+=', 10],
          ['r', '/=', 3],
          ['some', 'insert', 7],
        ],
      }),
      transact({ op: 'mutate', ...where(), mutations: [['i', '/=', 0]] }),
      transact({ op: 'mutate', ...where(), mutations: [['i', '*=', 1e18]] }),
      transact({ op: 'select', ...where(['i', '>', 11]), columns: ['i', 'r', 'some'], sort: ['i'] }),
      transact({ op: 'select', ...where(['name', '<', 'x']) }),
      transact({ op: 'wait', ...where(), until: '==', rows: [] }),
      transact({ op: 'wait', ...where(), until: '==', rows: [], timeout: 0 }),
      transact({ op: 'assert', lock: 'x' }, { op: 'abort' }),
      transact({ op: 'comment', comment: 'x', y: 1 }),
      transact(3),
      ['transact', 'good.db', '{}'],
      ['transact', 'good.db', '['],
      ['query', 'good.db', JSON.stringify(['s', insert({ i: 99 })])],
    ];
    for (const line of lines) both(...line);
    both('show-log', 'good.db');
    for (const line of [
      ['db-version', 'good.db'],
      ['needs-conversion', 'good.db', 'next'],
      ['needs-conversion', 'good.db', 'good'],
    ])
      both(...line);
  });

  test('reads what the other wrote, plain, compacted and converted', () => {
    const query = JSON.stringify([
      's',
      { op: 'select', ...where(), columns: ['i', 'r', 'name', 'kind', 'some', 'm'], sort: ['i'] },
    ]);
    const contents = () => [
      run(theirs, folders.ours, ['query', 'good.db', query]),
      run(ours, folders.theirs, ['query', 'good.db', query]),
    ];
    const [first, second] = contents();
    expect(first).toEqual(second);
    expect(first?.stdout).toContain('"name":"one"');
    both('compact', 'good.db');
    expect(contents()).toEqual([first, first]);
    expect(statSync(join(folders.ours, 'good.db')).mode).toBe(statSync(join(folders.theirs, 'good.db')).mode);
    both('convert', 'good.db', 'next', 'next.db');
    const next = JSON.stringify(['s', { op: 'select', ...where(), columns: ['i', 'more'], sort: ['i'] }]);
    expect(run(theirs, folders.ours, ['query', 'next.db', next])).toEqual(
      run(ours, folders.theirs, ['query', 'next.db', next]),
    );
    both('convert', 'good.db', 'reserved');
  });

  test('refuses to make clusters, with a remedy', () => {
    const { status, stderr } = run(ours, folders.ours, ['create-cluster', 'c.db', 'good', 'tcp:127.0.0.1:1']);
    expect(status).toBe(1);
    expect(stderr).toContain('clustered databases are not offered here; use a standalone database');
  });
});
