/** Text beyond ASCII and text that is not UTF-8, through every layer and beside the reference. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { readdirSync, readTextOrEmpty } from '../../src/base/files.ts';
import { decodeText, encodeText } from '../../src/base/text.ts';
import { exactCommand } from '../../src/daemon/process-bytes.ts';
import { emitRecord } from '../../src/ovsdb/storage/record.ts';
import { formatJson, parseJson } from '../../src/rpc/json.ts';
import { RealServer, whyNoServer } from './real-server.ts';
import type { Said } from './support/batch.ts';
import { SwitchHost, until, whyNoReference } from './support/daemon-pair.ts';
import { whyNoNamespaces } from './support/namespace.ts';

const root = new URL('../..', import.meta.url).pathname;
const noServer = whyNoServer();
const noSwitch = whyNoNamespaces() ?? whyNoReference();
for (const reason of new Set([noServer, noSwitch]))
  if (reason !== undefined) process.stderr.write(`text.test.ts: parts not run: ${reason}\n`);

/** As a string has them in src/base/text.ts: E9 alone, C0 80, a surrogate, beyond U+10FFFF, cut short; then good ones. */
const sequences = [
  '\udce9',
  '\udcc0\udc80',
  '\udced\udca0\udc80',
  '\udcf4\udc90\udc80\udc80',
  'x\udce2\udc82',
  '\\ude00',
  '\\ud83d',
  'é',
  '😀',
  '\ufffd',
  '\\u00e9\\ud83d\\ude00',
];

const schema = `{"name":"D","tables":{"T":{"columns":{"s":{"type":"string"},
  "m":{"type":{"key":"string","value":"string","min":0,"max":"unlimited"}},
  "e":{"type":{"key":{"type":"string","enum":["set",["a","é"]]},"min":0}},
  "l":{"type":{"key":{"type":"string","minLength":2,"maxLength":3},"min":0}},"i":{"type":"integer"}}}}}`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ovs-text-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function run(program: string, ...args: readonly string[]): Said {
  const { status, stdout, stderr } = spawnSync(...exactCommand(program, args), { cwd: folder });
  return { status, stdout: decodeText(stdout), stderr: decodeText(stderr) };
}

function must(program: string, ...args: readonly string[]): string {
  const done = run(program, ...args);
  if (done.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${done.stderr}`);
  return done.stdout;
}

describe.skipIf(noServer !== undefined)('beside the reference', () => {
  const servers: RealServer[] = [];

  beforeAll(async () => {
    writeFileSync(join(folder, 'schema'), schema);
    for (const program of ['ovsdb-server', `${root}bin/ovsdb-server`]) {
      const file = join(folder, `server-${servers.length}.db`);
      must('ovsdb-tool', 'create', file, 'schema');
      servers.push(await RealServer.start(file, program));
    }
  });

  afterAll(() => {
    for (const server of servers) server.stop();
  });

  const transact = (operations: string): string =>
    `{"id":1,"method":"transact","params":["D",${operations}]}`;
  const insert = (row: string): string => transact(`{"op":"insert","table":"T","row":{${row}}}`);

  test.each([
    '{"id":"@","method":"echo","params":["@",{"@":"@"}]}',
    '{"id":1,"method":"@","params":[]}',
    '{"id":1,"method":"get_schema","params":["@"]}',
    '{"id":1,"method":"lock","params":["@"]}',
    '{"id":1,"method":"monitor","params":["D","m",{"T":{"columns":["@"]}}]}',
    `{"id":"@","method":"monitor","params":["D",["@"],{"T":{"columns":["i"]}}]}${insert('"i":1')}`,
    '{"id":1,"method":"monitor_cond","params":["D","n",{"T":{"columns":["s"],"where":[["s","==","@"]]}}]}',
    insert('"s":"@"'),
    insert('"m":["map",[["@","x"]]]'),
    insert('"m":["map",[["x","@"]]]'),
    insert('"e":"@"'),
    insert('"l":"@"'),
    insert('"l":"@@@@"'),
    insert('"i":"@"'),
    insert('"@":1'),
    transact('{"op":"select","table":"T","where":[["s","==","@"]],"columns":["s"]}'),
    transact('{"op":"mutate","table":"T","where":[],"mutations":[["m","insert",["map",[["@","x"]]]]]}'),
    transact('{"op":"@","table":"@"}'),
    transact('{"op":"comment","comment":"@"},{"op":"abort"}'),
    '{"id":1,"method":"echo","params":["\\@"]}',
    '{"id":1,"method":"echo","params":[@]}',
  ])('a server answers %s in the same bytes', async (template) => {
    for (const sequence of sequences) {
      const message = template.replaceAll('@', () => sequence);
      const [theirs, ours] = await Promise.all(servers.map((server) => exchange(server, message)));
      expect(ours, message).toBe(theirs);
    }
  });

  test('ovsdb-tool says the same about schemas, logs and arguments', () => {
    const both = (...args: readonly string[]): void => {
      expect(run(`${root}bin/ovsdb-tool`, ...args), args.join(' ')).toEqual(run('ovsdb-tool', ...args));
    };
    must('ovsdb-tool', 'create', 'args.db', 'schema');
    for (const [i, sequence] of sequences.entries()) {
      const file = `s${i}`;
      writeFileSync(join(folder, file), encodeText(schema.replace('"a"', `"a","${sequence}"`)));
      both('needs-conversion', 'args.db', file);
      const row = `{"T":{"01234567-89ab-cdef-0123-456789abcdef":{"s":"${sequence}"}},"_comment":"${sequence}","_date":1}`;
      const oneLine = JSON.stringify(JSON.parse(schema));
      writeFileSync(join(folder, `log${i}`), Buffer.concat([emitRecord(oneLine), emitRecord(row)]));
      both('-mm', 'show-log', `log${i}`);
      both('query', `log${i}`, '["D",{"op":"select","table":"T","where":[],"columns":["s"]}]');
      both('query', 'args.db', `["D",{"op":"select","table":"T","where":[["s","!=","${sequence}"]]}]`);
      both('db-name', `none${sequence}`);
    }
  });
});

/** What the server answers, as sorted JSON; what it says last is the echo, if the connection lives on. */
function exchange(server: RealServer, message: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(`${server.folder}/db.sock`);
    const parts: Buffer[] = [];
    const end = '{"id":"end","method":"echo","params":[]}';
    const done = (isCut: boolean): void => {
      socket.destroy();
      const text = decodeText(Buffer.concat(parts)).replaceAll('}{', '}\n{');
      const replies = text.split('\n').filter((line) => line !== '');
      resolve(replies.map(comparable).join('\n') + (isCut ? 'and hangs up' : ''));
    };
    socket.on('data', (bytes) => {
      parts.push(bytes);
      if (Buffer.concat(parts).includes('"end"')) done(false);
    });
    socket.on('end', () => done(true));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' ? done(true) : reject(error),
    );
    socket.write(encodeText(message + end));
  });
}

/** Ours has a "result" of null in every error, as RFC 7047 wants it. */
function comparable(reply: string): string {
  const { result = null, ...rest } = Object(parseJson(reply));
  const json = result === null ? rest : { ...rest, result };
  return formatJson(json, { isSorted: true }).replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'UUID');
}

describe('a daemon whose arguments are not UTF-8', () => {
  const pids = new Set<number>();
  afterEach(() => {
    for (const pid of pids) spawnSync('kill', [String(pid)]);
    pids.clear();
  });

  test('uses those very files, also when it is started again, and its tools reach it', async () => {
    const place = `${folder}/\udce9`;
    mkdirSync(encodeText(place));
    writeFileSync(join(folder, 'schema'), schema);
    must(`${root}bin/ovsdb-tool`, 'create', `${place}/\udcff.db`, 'schema');
    const pidfile = `${place}/\udcc0.pid`;
    const pid = (): number => Number(readTextOrEmpty(pidfile));
    const args = [
      '--detach',
      '--monitor',
      '--no-chdir',
      `--pidfile=${pidfile}`,
      `--log-file=${place}/\udc80.log`,
    ];
    const sockets = [`--remote=punix:${place}/\udcff.sock`, `--unixctl=${place}/\udcff.ctl`];
    must(`${root}bin/ovsdb-server`, '-vconsole:off', ...args, ...sockets, `${place}/\udcff.db`);
    const first = pid();
    pids.add(first);
    process.kill(first, 'SIGSEGV');
    await until(() => pid() !== first && pid() !== 0, 'the monitor to start it again');
    pids.add(pid());
    const ready = (): boolean =>
      run(`${root}bin/ovs-appctl`, '-t', `${place}/\udcff.ctl`, 'version').status === 0;
    await until(ready, 'it to serve again');
    expect(must(`${root}bin/ovsdb-client`, 'list-dbs', `unix:${place}/\udcff.sock`)).toBe('D\n_Server\n');
    expect(
      readdirSync(place)
        .filter((name) => !name.includes('lock'))
        .sort(),
    ).toEqual(['\udc80.log', '\udcc0.pid', '\udcff.ctl', '\udcff.db', '\udcff.sock'].sort());
    expect(readTextOrEmpty(`${place}/\udc80.log`)).toContain(`opened log file ${place}/\udc80.log`);
    expect(readdirSync(folder)).not.toContain('\ufffd');
  });
});

describe.skipIf(noSwitch !== undefined)('names beyond ASCII', () => {
  test('go through all layers of a switch: database, kernel, log, JSON, tables and completion', async () => {
    await using host = new SwitchHost('ours', { isEmbedded: true });
    for (const [name, address] of [
      ['端口五个字', '10.0.0.1/24'],
      ['été', '10.0.0.2/24'],
    ] as const) {
      host.host.run('ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', `${name.slice(0, 2)}-p`);
      host.host.run('ip', 'addr', 'add', address, 'dev', `${name.slice(0, 2)}-p`);
      for (const end of [name, `${name.slice(0, 2)}-p`]) host.host.run('ip', 'link', 'set', end, 'up');
    }
    await host.start();
    const own = (program: string, ...args: readonly string[]): string => {
      const done = host.run(`${root}bin/${program}`, ...args);
      expect(done.stderr).toBe('');
      return done.stdout;
    };
    own(
      'ovs-vsctl',
      'add-br',
      'brücke',
      '--',
      'add-port',
      'brücke',
      '端口五个字',
      'tag=7',
      '--',
      'add-port',
      'brücke',
      'été',
    );
    own('ovs-vsctl', 'add-port', 'brücke', 'внутр', '--', 'set', 'interface', 'внутр', 'type=internal');
    // 16 bytes, of which the kernel's device has 15: it ends inside a character.
    own('ovs-vsctl', 'add-port', 'brücke', 'éééééééé', '--', 'set', 'interface', 'éééééééé', 'type=internal');
    own('ovs-vsctl', 'set', 'bridge', 'brücke', 'external-ids:größe=😀');

    // The kernel's own view
    const devices = spawnSync('ip', ['netns', 'exec', host.host.name, 'ls', '/sys/class/net']).stdout;
    expect(decodeText(devices).split('\n')).toEqual(
      expect.arrayContaining(['brücke', 'внутр', 'ééééééé\udcc3', '端口五个字', 'été']),
    );

    // Database and JSON
    const rows = own('ovs-vsctl', '-f', 'json', '--columns=name,error,admin_state', 'list', 'interface');
    const { data }: { data: string[][] } = JSON.parse(rows);
    const state = new Map(data.map(([name, error, admin]) => [name, [error, admin]]));
    for (const name of ['端口五个字', 'été']) expect(state.get(name)).toEqual([['set', []], 'up']);
    for (const name of ['brücke', 'внутр', 'éééééééé'])
      expect(state.get(name)).toEqual([['set', []], 'down']);
    expect(own('ovs-vsctl', 'get', 'bridge', 'brücke', 'external-ids')).toBe('{"größe"="😀"}\n');

    // Tables are aligned by bytes, as the reference's are; its own tool reads the same.
    const table = ['-f', 'table', '-d', 'bare', '--columns=name,tag', 'find', 'port', 'tag=7'];
    expect(own('ovs-vsctl', ...table)).toBe('name            tag\n--------------- ---\n端口五个字 7\n');
    expect(host.vsctl(...table).stdout).toBe(own('ovs-vsctl', ...table));

    // Control socket and log
    const ports = host.run(`${root}bin/ovs-appctl`, '-t', host.controlSocket, 'dpif/show').stdout;
    for (const line of ['brücke:', 'внутр', 'éééééééé', '端口五个字']) expect(ports).toContain(line);
    expect(host.log).toContain('bridge brücke: added interface внутр on port');
    expect(host.log).toContain('bridge brücke: added interface 端口五个字 on port');

    // What goes away in the kernel is seen under its name.
    host.host.run('ip', 'link', 'set', 'été', 'down');
    const isDown = (): boolean => own('ovs-vsctl', 'get', 'interface', 'été', 'admin_state') === 'down\n';
    await until(isDown, 'the state of été');
    own('ovs-vsctl', 'del-port', 'éééééééé');
    await until(
      () => !host.host.try('ls', '/sys/class/net').stdout.includes('ééé'),
      'the device with the short name to go',
    );

    // Completion
    const complete = `PATH=${root}bin:$PATH; . ${root}packaging/completion/ovs-vsctl.bash
      COMP_WORDS=(ovs-vsctl list-ports br); COMP_CWORD=2; _ovs_vsctl; printf '%s\\n' "\${COMPREPLY[@]}"
      COMP_WORDS=(ovs-vsctl del-port brücke вн); COMP_CWORD=3; _ovs_vsctl; printf '%s\\n' "\${COMPREPLY[@]}"`;
    expect(host.run('bash', '-c', complete).stdout).toBe('brücke\nвнутр\n');

    // The log file of the database
    expect(own('ovsdb-tool', '-m', 'show-log', join(host.folder, 'conf.db'))).toContain('"brücke"');
    expect(readFileSync(join(host.folder, 'conf.db'), 'utf8')).toContain('"name":"brücke"');
  });
});
