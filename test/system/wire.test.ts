/** Answers of ovsdb-server on the wire: the reference's and ours to the same bytes, compared byte for byte. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RealServer, whyNoServer } from './real-server.ts';

const whyNot = whyNoServer();
if (whyNot !== undefined) process.stderr.write(`wire.test.ts: not run: ${whyNot}\n`);

const integers = '{"key":"integer","value":"integer","min":0,"max":"unlimited"}';
const schema = `{"name":"D","version":"1.0.0","tables":{"T":{"isRoot":true,"columns":{
  "i":{"type":"integer"},"real":{"type":"real"},"text":{"type":"string"},"map":{"type":${integers}},
  "low":{"type":{"key":{"type":"integer","minInteger":-9223372036854775807,"maxInteger":9007199254740993},"min":0}},
  "frac":{"type":{"key":{"type":"real","minReal":1e-5,"maxReal":1e300},"min":0},"ephemeral":true},
  "kind":{"type":{"key":{"type":"integer","enum":["set",[1,9007199254740993]]},"min":0},"mutable":false},
  "many":{"type":{"key":"integer","min":0,"max":3}},
  "near":{"type":{"key":{"type":"uuid","refTable":"T","refType":"weak"},"min":0,"max":"unlimited"}}},
  "indexes":[["i","text"]]},"U":{"maxRows":2,"columns":{"name":{"type":"string"}}}}}`;

const literals =
  `0 -0 1 -1 00 01 +1 1. .5 0.5 1.0 -1.0 -0.0 0e5 0e999999 1e3 1E3 1e+3 1e-3 1.5e3 12e-1 120e-1 1e14 1e15 1e18 1e19
  9007199254740991 9007199254740992 9007199254740993 -9007199254740993 9223372036854775806 9223372036854775807
  9223372036854775808 -9223372036854775807 -9223372036854775808 -9223372036854775809 18446744073709551615
  18446744073709551620 9.223372036854775807e18 9223372036854775807.0 9223372036854775807.5 922337203685477580.7e1
  92233720368547758070e-1 1e308 1e309 -1e309 1e-307 1e-308 -2.2e-308 5e-324 1e-400 1.7976931348623157e308
  1.7976931348623159e308 123456789012345678901234567890 0.1 0.30000000000000004 3.141592653589793238462643383279
  1e99999999 1e9999999999 1e-9999999999 1e0000000000000003 1e 1e+ 1.e3 - -a 0x10 1_0 1.2.3 1e3.5 1--1 0.0001 0.00001
  123456789.123456789 123456789012345.6 1234567890123456.7 999999999999999.9 9999999999999999 1e21 100000000000000000000e-2
  4.35 1.10 9007199254740992.5 1.00000000000000000000000000001 0.00000000000000000000000000000000001e35 NaN Infinity true
  null "1" [1] {}`.split(/\s+/);
literals.push('1'.repeat(400), `1${'0'.repeat(300)}`, `0.${'0'.repeat(400)}1`, `0.${'3'.repeat(5000)}`);

const other = '"11111111-1111-1111-1111-111111111111"';

/** Requests of one connection; `N` stands for the number of each. */
const exchanges: readonly (readonly string[])[] = [
  [
    'echo',
    '[]',
    'echo',
    '[1,"a",null,true,{"__proto__":2},{"a":1,"b":{"d":[],"c":2}},[[]],"\\u0041\\n\\u007f\\u2028\\/\\u001f"]',
  ],
  ['nonesuch', '[]', 'cancel', '[1]'],
  [
    'get_schema',
    '[]',
    'get_schema',
    '[1]',
    'get_schema',
    '["X"]',
    'get_schema',
    '["D",1]',
    'get_schema',
    '["_Server"]',
  ],
  ['list_dbs', '[]', 'list_dbs', '[3]'],
  ['transact', '[]', 'transact', '["X"]', 'transact', '["D"]', 'transact', '[1]', 'transact', '["D",1]'],
  ...operations(
    '{}',
    '{"op":1}',
    '{"op":"foo"}',
    '{"op":"insert"}',
    '{"op":"insert","table":"Q"}',
    '{"op":"insert","table":"T","row":{"zz":1}}',
    '{"op":"insert","table":"T","row":{"i":"s"}}',
    '{"op":"insert","table":"T","row":{},"x":1}',
    '{"op":"insert","table":"T","row":{},"one":1,"two":2,"three":3}',
    '{"op":"insert","table":"T","row":{"low":9223372036854775807}}',
    '{"op":"insert","table":"T","row":{"frac":0.000001}}',
    '{"op":"insert","table":"T","row":{"kind":9007199254740992}}',
    '{"op":"insert","table":"T","row":{"kind":9007199254740993}},{"op":"abort"}',
    '{"op":"insert","table":"T","row":{"i":5}},{"op":"insert","table":"T","row":{"i":5}}',
    '{"op":"select","table":"T","where":[]}',
    '{"op":"select","table":"T","where":[["_uuid","==",["uuid",1]]]}',
    '{"op":"select","table":"T","where":[],"columns":["i","text","real","map"]}',
    '{"op":"update","table":"T","where":[],"row":{"kind":1}}',
    '{"op":"update","table":"T","where":[["text","==","none"]],"row":{"i":1}}',
    '{"op":"mutate","table":"T","where":[],"mutations":[["text","+=",1]]}',
    '{"op":"mutate","table":"T","where":[],"mutations":[["i","/=",0]]}',
    '{"op":"mutate","table":"T","where":[],"mutations":[["nope","/=",0]]}',
    '{"op":"delete","table":"T","where":[["i","<",-7]]}',
    '{"op":"wait","table":"T","where":[],"columns":["i"],"until":"==","rows":[],"timeout":0}',
    '{"op":"commit","durable":true}',
    '{"op":"commit","durable":1}',
    '{"op":"abort"}',
    '{"op":"comment","comment":"x"}',
    '{"op":"assert","lock":"x"}',
    '{"op":"abort"},{"op":"comment","comment":"x"}',
  ),
  ...arithmetic(),
  ['monitor', '[]', 'monitor', '["X",1,{}]', 'monitor', '["D",1,1]', 'monitor', '["D",1,{"Q":{}}]'],
  ['monitor', '["D",1,{"T":{"columns":["zz"]}}]', 'monitor_cond', '["D",1,{},4]'],
  [
    'monitor',
    '["D",1,{"T":{"columns":["i"],"select":{"x":true}}}]',
    'monitor',
    '["D",1,{"T":{"columns":["i"]}}]',
  ],
  ['monitor_cond', '["D",1,{"T":[{"columns":["i"],"where":[["i","==",9007199254740993]]}]}]'],
  [
    'monitor_cond_since',
    `["D",1,{"T":[{"columns":["i"]}]},${other}]`,
    'monitor_cond_since',
    '["D",1,{"T":[{}]}]',
  ],
  [
    'monitor',
    '["D","m",{"T":{"columns":["i"]}}]',
    'monitor',
    '["D","m",{}]',
    'monitor_cancel',
    '["m"]',
    'monitor_cancel',
    '["m"]',
    'monitor_cancel',
    '[]',
  ],
  [
    'monitor_cond',
    '["D","m",{"T":[{"columns":["i"]}]}]',
    'monitor_cond_change',
    '["m","n",{"T":[{"where":[["i","==",99]]}]}]',
    'monitor_cond_change',
    '["m","n",{}]',
    'monitor_cond_change',
    '["n","n",{"T":[{"where":[["zz","==",99]]}]}]',
    'monitor_cond_change',
    '[1]',
  ],
  ...['monitor', 'monitor_cond', 'monitor_cond_since'].map((method) => [
    method,
    `["D",null,{"T":{"columns":["i","real","many","kind"]}}${method.endsWith('since') ? `,${other}` : ''}]`,
    'transact',
    '["D",{"op":"insert","table":"T","row":{"i":9223372036854775807,"real":1e16,"text":"w"}}]',
    'transact',
    '["D",{"op":"update","table":"T","where":[["text","==","w"]],"row":{"i":9007199254740993,"real":0.000001,"many":["set",[3,1]]}}]',
    'transact',
    '["D",{"op":"update","table":"T","where":[["text","==","w"]],"row":{"many":["set",[2,3]]}}]',
    'transact',
    '["D",{"op":"update","table":"T","where":[["text","==","w"]],"row":{"text":"v"}}]',
    'transact',
    '["D",{"op":"delete","table":"T","where":[["i","==",9007199254740993]]}]',
  ]),
  [
    'lock',
    '["a"]',
    'lock',
    '["a"]',
    'steal',
    '["a"]',
    'unlock',
    '["a"]',
    'unlock',
    '["a"]',
    'unlock',
    '[]',
    'lock',
    '[1]',
  ],
  ['set_db_change_aware', '[]', 'set_db_change_aware', '[1]', 'set_db_change_aware', '[true]'],
  [
    'convert',
    '[]',
    'convert',
    '["D"]',
    'convert',
    '["D",1]',
    'convert',
    '["D",{}]',
    'convert',
    '["D",{"name":"D"}]',
    'convert',
    '["X",{}]',
  ],
  [
    'transact',
    '["_Server",{"op":"insert","table":"Database","row":{}}]',
    'transact',
    '["_Server",{"op":"select","table":"Database","where":[["name","==","D"]],"columns":["name","model","leader"]}]',
  ],
];

function operations(...lists: readonly string[]): string[][] {
  return lists.map((list) => ['transact', `["D",${list}]`]);
}

/** Every operator on integers near the ends of 64 bits, as one more transaction each. */
function arithmetic(): string[][] {
  const edges = ['9223372036854775807', '-9223372036854775808', '9007199254740993', '3', '-1', '0'];
  const operators = ['+=', '-=', '*=', '/=', '%='];
  return operations(
    ...edges.flatMap((start) =>
      operators.map((operator) => {
        const insert = `{"op":"insert","table":"T","row":{"i":${start},"real":${start},"many":${start}}}`;
        const change = (column: string, by: string) =>
          `{"op":"mutate","table":"T","where":[],"mutations":[["${column}","${operator}",${by}]]}`;
        const select = '{"op":"select","table":"T","where":[["i","!=",7]],"columns":["i","real"]}';
        return edges
          .filter((by) => by !== '0' && !isWrongThere(start, operator, by))
          .flatMap((by) => [
            insert,
            change('i', by),
            select,
            change('many', by),
            select,
            '{"op":"delete","table":"T","where":[]}',
          ])
          .join(',');
      }),
    ),
    ...edges.flatMap((start) =>
      operators.flatMap((operator) =>
        edges
          .filter((by) => !isWrongThere(start, operator, by))
          .map(
            (by) =>
              `{"op":"insert","table":"T","row":{"i":${start}}},` +
              `{"op":"mutate","table":"T","where":[],"mutations":[["i","${operator}",${by}]]},` +
              '{"op":"select","table":"T","where":[],"columns":["i"]},{"op":"abort"}',
          ),
      ),
    ),
  );
}

/**
 * Products that the reference gets wrong: -2^63 times -1 stays -2^63, and a negative number times 0 ends it by SIGFPE.
 */
function isWrongThere(start: string, operator: string, by: string): boolean {
  if (operator !== '*=' || !start.startsWith('-')) return false;
  return by === '0' || (by === '-1' && start === '-9223372036854775808');
}

/** What is no request, or a strange one. */
const messages: readonly string[] = [
  '{"id":1,"method":"echo"}',
  '{"id":1,"params":[]}',
  '{"id":1,"method":1,"params":[]}',
  '{"id":1,"method":"echo","params":{}}',
  '{"id":1,"method":"echo","params":1e-5}',
  '{"id":1,"method":"echo","params":[],"x":1}',
  '{"id":1,"result":1}',
  '{"id":1,"result":1,"error":null}',
  '{"id":1,"error":"x"}',
  '{"id":1,"error":"x","result":null}',
  '{"id":"echo","result":[],"error":null}',
  '{"method":"echo","params":[]}',
  '{"id":null,"method":"nonesuch","params":[]}',
  '{"id":null,"result":1}',
  '{"id":1,"result":1,"error":"x"}',
  '{"id":1,"error":null}',
  '{"id":1,"params":[],"result":2}',
  '{"id":1,"method":"x","params":[],"error":1}',
  '{"id":1,"method":null,"params":1,"one":1}',
  '{"id":1,"method":"x","params":1,"one":1,"two":2}',
  '{}',
  '[]',
  ' \n\t\r',
  '"text"',
  ...['true', '1.5', '1e-5', '[1,2]', '{"b":1,"a":2}', '"x"'].map(
    (id) => `{"id":${id},"method":"echo","params":[]}`,
  ),
  ...['1e16', '9007199254740993', '{"a":1e-5}'].map((id) => `{"id":${id},"method":"lock","params":[1e-5]}`),
];

describe.skipIf(whyNot !== undefined)('the same bytes get the same answer', () => {
  const servers: RealServer[] = [];
  let folder = '';

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ovs-wire-'));
    writeFileSync(join(folder, 'schema'), schema);
    for (const program of ['ovsdb-server', new URL('../../bin/ovsdb-server', import.meta.url).pathname]) {
      const file = join(folder, `${servers.length}.db`);
      execFileSync('ovsdb-tool', ['create', file, join(folder, 'schema')]);
      servers.push(await RealServer.start(file, program, [`--log-file=${file}.log`, '-vfile:jsonrpc:warn']));
    }
  });

  afterAll(() => {
    for (const server of servers) server.stop();
    rmSync(folder, { recursive: true });
  });

  async function expectSame(text: string): Promise<string> {
    const [theirs = '', ours = ''] = await Promise.all(servers.map((server) => answersTo(server, text)));
    expect(ours, text.slice(0, 1000)).toBe(theirs);
    return theirs;
  }

  test('for every form of a number', async () => {
    for (const literal of literals) {
      const value = (column: string): string =>
        `{"id":1,"method":"transact","params":["D",{"op":"insert","table":"T","row":{"${column}":${literal}}},` +
        `{"op":"select","table":"T","where":[["${column}","<=",${literal}]],"columns":["${column}"]},{"op":"abort"}]}`;
      await expectSame(value('i'));
      await expectSame(value('real'));
      await expectSame(`{"id":1,"method":"echo","params":[${literal}]}`);
      await expectSame(`{"id":${literal},"method":"echo","params":[]}`);
    }
  });

  test('for every method, with good and bad parameters', async () => {
    for (const exchange of exchanges) {
      let text = '';
      for (let i = 0; i < exchange.length; i += 2)
        text += `{"id":${i},"method":"${exchange[i]}","params":${exchange[i + 1]}}`;
      await expectSame(text);
    }
  });

  test('for what is no request', async () => {
    for (const server of servers)
      server.run('ovs-appctl', ['-t', join(server.folder, 'ctl'), 'vlog/disable-rate-limit']);
    for (const message of messages) await expectSame(message);
    const [theirs = [], ours] = [0, 1].map((n) =>
      complaints(readFileSync(join(folder, `${n}.db.log`), 'utf8')),
    );
    expect(ours).toEqual(theirs);
    expect(theirs.length).toBeGreaterThan(10);
  });

  test('for the numbers that a database holds, also from the tools that read its file', async () => {
    const numbers = [
      '9223372036854775807',
      '-9223372036854775808',
      '9007199254740993',
      '1e300',
      '0.1',
      '2e-7',
      '1e16',
    ];
    const inserts = numbers.map((number, n) => {
      const integer = number.includes('e') || number.includes('.') ? n : number;
      return `{"op":"insert","table":"T","row":{"i":${integer},"real":${number},"map":["map",[[${integer},${integer}]]]}}`;
    });
    const select = '{"op":"select","table":"T","where":[],"columns":["i","real","map"],"sort":["i"]}';
    await expectSame(`{"id":1,"method":"transact","params":["D",${inserts.join(',')},${select}]}`);
    const oursToo = new URL('../../bin/ovsdb-tool', import.meta.url).pathname;
    const texts = [0, 1].flatMap((n) =>
      ['ovsdb-tool', oursToo].map((program) => {
        const file = join(folder, `${n}.db`);
        return sortedRows(execFileSync(program, ['query', file, `["D",${select}]`], { encoding: 'utf8' }));
      }),
    );
    expect(new Set(texts).size, texts.join('\n\n')).toBe(1);
  });
});

/** What a server's log says of messages that it could not take. */
function complaints(log: string): string[] {
  return log.split('\n').flatMap((line) => /received (?:bad|unexpected) .*/.exec(line)?.[0] ?? []);
}

/** One row a line, in order of their text: without "sort" the two may list them differently. */
function sortedRows(text: string): string {
  return text.split('},{').sort().join('\n');
}

/** Everything that the server says to `text` up to its answer to an echo that follows, with all uuids alike. */
function answersTo(server: RealServer, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(join(server.folder, 'db.sock'));
    let answer = '';
    const end = '{"id":"end","result":[],"error":null}';
    socket.setEncoding('utf8');
    socket.on('connect', () => socket.write(`${text}{"id":"end","method":"echo","params":[]}`));
    socket.on('data', (chunk: string) => {
      answer += chunk;
      if (answer.endsWith(end)) socket.end();
    });
    socket.on('error', (why: NodeJS.ErrnoException) => {
      if (why.code === 'ECONNRESET' || why.code === 'EPIPE') return;
      reject(why);
    });
    socket.on('close', () => resolve(answer.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UUID')));
  });
}
