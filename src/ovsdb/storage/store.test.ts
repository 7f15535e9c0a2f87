import * as files from 'node:fs';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { defer } from '../../base/defer.ts';
import { seededRandom } from '../../base/random.ts';
import { decodeText } from '../../base/text.ts';
import { Timers } from '../../base/timers.ts';
import { ms, uuid } from '../../base/units.ts';
import type { Json } from '../../rpc/channel.ts';
import { OvsdbError } from '../engine/errors.ts';
import { compileSchema } from '../engine/schema.ts';
import type { TransactReply } from '../engine/types.ts';
import { lockPath } from './log-paths.ts';
import { emitRecord } from './record.ts';
import { createDatabaseFile, openStandalone, openStore, type Store, type StoreDeps } from './store.ts';

const schema = compileSchema({
  name: 'db',
  version: '1.2.3',
  tables: {
    T: {
      isRoot: true,
      columns: {
        i: { type: 'integer' },
        s: { type: { key: 'string', min: 0, max: 'unlimited' } },
        m: { type: { key: 'string', value: 'string', min: 0, max: 'unlimited' } },
        one: { type: { key: 'integer', min: 1, max: 'unlimited' } },
        e: { type: 'integer', ephemeral: true },
      },
    },
  },
});
const context = { isReadOnly: false, access: undefined, holdsLock: () => false };

let folder: string;
let path: string;
let clock: FakeClock;
let deps: StoreDeps;
let stores: Store[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ovsdb-store-'));
  path = join(folder, 'conf.db');
  clock = new FakeClock();
  let count = 0;
  const newUuid = () => uuid(`00000000-0000-4000-8000-${String(++count).padStart(12, '0')}`);
  deps = { timers: new Timers(clock), newUuid, random: seededRandom(1), defer };
  stores = [];
});

afterEach(() => {
  for (const store of stores) store.close();
  rmSync(folder, { recursive: true });
});

function open(more: Partial<StoreDeps> = {}): Store {
  const store = openStore(path, { ...deps, ...more });
  stores.push(store);
  return store;
}

function closeAll(): void {
  for (const store of stores.splice(0)) store.close();
}

function run(store: Store, ...operations: Json[]): Promise<Json> {
  return new Promise((done) => {
    store.database.submit(['db', ...operations], context, (reply: TransactReply) => done(reply.result));
  });
}

const insert = (i: number, more: Json = {}): Json => ({
  op: 'insert',
  table: 'T',
  row: { i, ...Object(more) },
});
const selectAll: Json = {
  op: 'select',
  table: 'T',
  where: [],
  columns: ['i', 's', 'm', 'one', 'e'],
  sort: ['i'],
};
const numbers = async (store: Store): Promise<Json> =>
  run(store, { op: 'select', table: 'T', where: [], columns: ['i'], sort: ['i'] });
const durable: Json = { op: 'commit', durable: true };

describe('a stored database', () => {
  it('gives each row a version of its own', async () => {
    createDatabaseFile(path, schema, deps);
    await run(open(), insert(1), insert(2));
    closeAll();
    const again = await run(open(), { op: 'select', table: 'T', where: [], columns: ['_version'] });
    expect(new Set(JSON.stringify(again).match(/[0-9a-f-]{36}/g)).size).toBe(2);
  });

  it('is the same when it is opened again, but for ephemeral columns', async () => {
    createDatabaseFile(path, schema, deps);
    const store = open();
    await run(
      store,
      insert(1, {
        s: ['set', ['a', 'b']],
        m: [
          'map',
          [
            ['k', 'v'],
            ['l', 'w'],
          ],
        ],
        e: 7,
      }),
    );
    await run(store, {
      op: 'mutate',
      table: 'T',
      where: [],
      mutations: [
        ['s', 'delete', 'a'],
        ['s', 'insert', 'c'],
        ['m', 'insert', ['map', [['x', 'é😀']]]],
      ],
    });
    await run(store, {
      op: 'update',
      table: 'T',
      where: [],
      row: {
        m: [
          'map',
          [
            ['k', 'other'],
            ['x', 'é😀'],
          ],
        ],
        one: ['set', [1, 2]],
      },
    });
    await run(store, insert(2), { op: 'comment', comment: 'two' });
    await run(store, { op: 'delete', table: 'T', where: [['i', '==', 2]] });
    const before = await run(store, { op: 'update', table: 'T', where: [], row: { e: 0 } }, selectAll);
    closeAll();
    expect(await run(open(), { op: 'comment', comment: '' }, selectAll)).toEqual([
      {},
      (Array.isArray(before) && before[1]) || null,
    ]);
  });

  it('writes differences, except where the reference would misread them', async () => {
    createDatabaseFile(path, schema, deps);
    const store = open();
    await run(store, insert(1, { s: ['set', ['a', 'b']] }));
    await run(store, { op: 'update', table: 'T', where: [], row: { s: ['set', ['b', 'c']] } });
    await run(store, { op: 'update', table: 'T', where: [], row: { one: 5 } });
    const records = readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .slice(2);
    const row = '00000000-0000-4000-8000-000000000001';
    expect(records).toEqual([
      `{"T":{"${row}":{"s":["set",["a","c"]]}},"_is_diff":true,"_date":${clock.wall()}}`,
      `{"T":{"${row}":{"one":5}},"_date":${clock.wall()}}`,
    ]);
  });

  it('keeps the bytes of a comment, and refuses a value that is not UTF-8 when it is opened', async () => {
    createDatabaseFile(path, schema, deps);
    const store = open();
    await run(store, insert(1, { s: 'é😀' }), { op: 'comment', comment: decodeText(Buffer.of(0x63, 0xe9)) });
    closeAll();
    expect(readFileSync(path).includes(Buffer.from('"_comment":"c\xe9"', 'latin1'))).toBe(true);
    expect(await run(open(), { op: 'select', table: 'T', where: [], columns: ['s'] })).toEqual([
      { rows: [{ s: 'é😀' }] },
    ]);
    closeAll();
    const row = '00000000-0000-4000-8000-00000000000';
    const rows = [2, 3].map((n) => `"${row}${n}":{"s":"a${n === 3 ? '\udcc0' : ''}"}`);
    for (const records of [[rows[1]], rows]) {
      const before = readFileSync(path);
      appendFileSync(path, emitRecord(`{"T":{${records.join(',')}},"_date":1}`));
      expect(() => openStore(path, deps, { isStrict: true })).toThrow(
        'not a valid UTF-8 string: invalid UTF-8 sequence 0xc0',
      );
      writeFileSync(path, before);
    }
  });

  it('cuts a torn last record off at the next write', async () => {
    createDatabaseFile(path, schema, deps);
    const store = open();
    await run(store, insert(1));
    const whole = store.size;
    await run(store, insert(2));
    closeAll();
    truncateSync(path, whole + 30);
    const again = open();
    expect(await numbers(again)).toEqual([{ rows: [{ i: 1 }] }]);
    await run(again, insert(3));
    closeAll();
    expect(await numbers(open())).toEqual([{ rows: [{ i: 1 }, { i: 3 }] }]);
  });

  it('refuses a record with a wrong checksum', () => {
    createDatabaseFile(path, schema, deps);
    appendFileSync(path, `OVSDB JSON 3 ${'0'.repeat(40)}\n{}\n`);
    const why =
      /3 bytes starting at offset \d+ have SHA-1 hash 5f36b2ea290645ee34d943220a14b54ee5ea5be5 but should have hash 0{40}$/;
    expect(() => openStore(path, deps, { isStrict: true })).toThrow(why);
  });

  it.each([
    ['{"T":{"x":{}}}', /"x" is not a valid UUID$/],
    ['{"T":3}', /syntax "3": syntax error: object expected$/],
    ['{"U":{}}', /unknown table: No table named U.$/],
    [
      '{"T":{"00000000-0000-4000-8000-000000000001":null}}',
      /transaction deletes row .* that does not exist$/,
    ],
    ['{"T":{"00000000-0000-4000-8000-000000000001":{"x":1}}}', /unknown column: No column x in table T.$/],
    [
      '{"T":{"00000000-0000-4000-8000-000000000001":{"i":1,}}}',
      /are not valid JSON \(line 0, column 52, byte 52: /,
    ],
    ['[]', /are not a JSON object$/],
  ])('refuses the record %s', (text, why) => {
    createDatabaseFile(path, schema, deps);
    appendFileSync(path, emitRecord(text));
    expect(() => openStore(path, deps, { isStrict: true })).toThrow(why);
  });

  it('is refused when it belongs to a cluster, or is no database', () => {
    writeFileSync(path, `OVSDB CLUSTER 3 ${'0'.repeat(40)}\n{}\n`);
    expect(() => openStandalone(path, deps, true)).toThrow(
      'cannot apply this operation to clustered database file',
    );
    writeFileSync(path, 'something else\n');
    expect(() => openStandalone(path, deps, true)).toThrow('unexpected file format');
    expect(() => openStandalone(join(folder, 'none'), deps, true)).toThrow(
      `I/O error: ${join(folder, 'none')}: open failed (No such file or directory)`,
    );
  });

  it('opens or is refused clearly, whatever bytes follow its schema', () => {
    createDatabaseFile(path, schema, deps);
    const start = readFileSync(path);
    const text = fc.oneof(
      fc.json(),
      fc.stringMatching(/^\{"T":\{"00000000-0000-4000-8000-00000000000[12]":[{}[\]"ism:,0-9null]*\}\}$/),
    );
    const tail = fc.oneof(
      fc.uint8Array(),
      text.map((t) => emitRecord(t)),
    );
    fc.assert(
      fc.property(tail, (bytes) => {
        writeFileSync(path, Buffer.concat([start, bytes]));
        try {
          openStore(path, deps, { isReadOnly: true, isStrict: true }).close();
        } catch (error) {
          expect(error).toBeInstanceOf(OvsdbError);
        }
      }),
    );
  });
});

describe('transactions of one turn of the event loop', () => {
  it('are written together, and answered in order', async () => {
    createDatabaseFile(path, schema, deps);
    let writes = 0;
    const writeSync: typeof files.writeSync = (...args: unknown[]) => {
      writes++;
      return Reflect.apply(files.writeSync, files, args);
    };
    const store = open({ files: { ...files, writeSync } });
    const answered: number[] = [];
    const answers = [1, 2, 3].map((i) => run(store, insert(i)).then(() => answered.push(i)));
    expect([writes, answered]).toEqual([0, []]);
    await Promise.all(answers);
    expect([writes, answered]).toEqual([1, [1, 2, 3]]);
    closeAll();
    expect(await numbers(open())).toEqual([{ rows: [{ i: 1 }, { i: 2 }, { i: 3 }] }]);
  });

  it('are not lost when the store is closed in it', async () => {
    createDatabaseFile(path, schema, deps);
    const answer = run(open(), insert(1));
    closeAll();
    await answer;
    expect(await numbers(open())).toEqual([{ rows: [{ i: 1 }] }]);
  });
});

describe('a full disk', () => {
  it('fails the transaction and leaves the database as it was', async () => {
    createDatabaseFile(path, schema, deps);
    let room = Number.POSITIVE_INFINITY;
    const full = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    const writeSync: typeof files.writeSync = (
      fd: number,
      bytes: string | NodeJS.ArrayBufferView,
      ...rest: unknown[]
    ) => {
      const [from = 0, length = 0, at = 0] = rest.map(Number);
      if (room <= 0 || typeof bytes === 'string') throw full;
      const fitting = Math.min(room, length);
      room -= fitting;
      return files.writeSync(fd, bytes, from, fitting, at);
    };
    const store = open({ files: { ...files, writeSync } });
    await run(store, insert(1));
    const { size } = store;
    room = 100;
    expect(await run(store, insert(2))).toEqual([
      { uuid: ['uuid', expect.any(String)] },
      { error: 'I/O error', details: `${path}: write failed`, 'io-error': 'No space left on device' },
    ]);
    expect([readFileSync(path).length, await numbers(store)]).toEqual([size, [{ rows: [{ i: 1 }] }]]);
    room = Number.POSITIVE_INFINITY;
    await run(store, insert(3));
    closeAll();
    expect(await numbers(open())).toEqual([{ rows: [{ i: 1 }, { i: 3 }] }]);
  });
});

describe('durable commits', () => {
  it('are answered after the disk has them, many with one fsync', async () => {
    createDatabaseFile(path, schema, deps);
    const waiting: (() => void)[] = [];
    const fdatasync: typeof files.fdatasync = Object.assign(
      (_fd: number, done: (error: NodeJS.ErrnoException | null) => void) =>
        void waiting.push(() => done(null)),
      { __promisify__: files.fdatasync.__promisify__ },
    );
    const store = open({ files: { ...files, fdatasync } });
    const answered: number[] = [];
    const answers = [1, 2, 3].map((i) => run(store, insert(i), durable).then(() => answered.push(i)));
    await run(store, insert(4));
    expect([waiting.length, answered]).toEqual([1, []]);
    waiting[0]?.();
    await answers[0];
    expect(answered).toEqual([1]);
    await new Promise((done) => defer(() => done(undefined)));
    expect(waiting.length).toBe(2);
    waiting[1]?.();
    await Promise.all(answers);
    expect(answered).toEqual([1, 2, 3]);
  });
});

describe('compaction', () => {
  it('keeps what is committed before, during and after', async () => {
    createDatabaseFile(path, schema, deps);
    const store = open();
    for (let i = 0; i < 50; i++)
      await run(store, insert(1), { op: 'delete', table: 'T', where: [] }, insert(2));
    const { size } = store;
    const compaction = store.compact();
    await run(store, insert(3));
    await compaction;
    expect(store.size).toBeLessThan(size);
    await run(store, insert(4));
    closeAll();
    expect(await numbers(open())).toEqual([{ rows: [{ i: 2 }, { i: 3 }, { i: 4 }] }]);
  });

  it('yields to a conversion that comes in between', async () => {
    createDatabaseFile(path, schema, deps);
    const store = open();
    await run(store, insert(1));
    const compaction = store.compact();
    const next = compileSchema({
      name: 'db',
      version: '2.0.0',
      tables: { T: { columns: { i: { type: 'integer' } } } },
    });
    store.database.convert(next);
    await compaction;
    await run(store, { op: 'insert', table: 'T', row: { i: 5 } });
    closeAll();
    const again = open();
    expect([again.database.schema.version, await numbers(again)]).toEqual([
      '2.0.0',
      [{ rows: [{ i: 1 }, { i: 5 }] }],
    ]);
  });

  it('comes by itself once a day', async () => {
    createDatabaseFile(path, schema, deps);
    const store = open();
    await run(store, insert(1));
    await run(store, { op: 'delete', table: 'T', where: [] });
    const { size } = store;
    store.compactWhenDue();
    deps.timers.advance(clock, ms(23 * 3_600_000));
    expect(store.isCompacting).toBe(false);
    deps.timers.advance(clock, ms(2 * 3_600_000));
    expect(store.isCompacting).toBe(true);
    await store.compact();
    expect(store.size).toBeLessThan(size);
  });
});

describe('lockPath', () => {
  it('names the file beside the one that a link leads to', () => {
    files.mkdirSync(join(folder, 'x'));
    files.symlinkSync('x/real.db', join(folder, 'link.db'));
    expect(lockPath(join(folder, 'link.db'))).toBe(join(folder, 'x', '.real.db.~lock~'));
    expect(lockPath('conf.db')).toBe('.conf.db.~lock~');
  });
});
