/** What the OVSDB server costs its clients, beside the real one: small transactions, and the first dump of a large database. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Progress } from './support/progress.ts';
import { reference } from './support/reference.ts';
import { type Bench, median, type Row } from './support/report.ts';

const schema = '/usr/share/openvswitch/vswitch.ovsschema';
const transactTime = Number(process.env.BENCH_MS ?? 2000);
/** A dump that takes longer is given up. */
const dumpLimit = 30_000;
const bigRows = 50_000;

interface Kind {
  readonly command: string;
  readonly args: readonly string[];
}

const ours: Kind = { command: process.execPath, args: [resolve('bin/ovsdb-server')] };
const theirs: Kind = { command: reference.daemon('ovsdb-server'), args: [] };

class Server {
  readonly #child: ChildProcess;
  readonly #socket: string;

  private constructor(child: ChildProcess, socket: string) {
    this.#child = child;
    this.#socket = socket;
  }

  static async open(kind: Kind, folder: string, file: string): Promise<{ server: Server; openedIn: number }> {
    const socket = join(folder, 'db.sock');
    rmSync(socket, { force: true });
    const started = performance.now();
    const args = [...kind.args, '-vconsole:off', '--unixctl=none', `--remote=punix:${socket}`, file];
    const env = { ...process.env, OVS_RUNDIR: folder };
    const child = spawn(kind.command, args, { stdio: 'ignore', env });
    while (!(await isListening(socket))) {
      if (child.exitCode !== null) throw new Error(`${kind.command} exited with ${child.exitCode}`);
      await new Promise((done) => setTimeout(done, 5));
    }
    const server = new Server(child, socket);
    const client = await server.connect();
    await client.ask('echo', []);
    client.close();
    return { server, openedIn: performance.now() - started };
  }

  /** Comes again while a busy server lets too many wait. */
  connect(): Promise<Client> {
    return new Promise((done, failed) => {
      const socket = createConnection(this.#socket);
      socket.once('connect', () => done(new Client(socket)));
      socket.once('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'EAGAIN') setTimeout(() => this.connect().then(done, failed), 10);
        else failed(error);
      });
    });
  }

  /** Milliseconds of processor time used so far. */
  cpuTime(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8');
    const [user, system] = status
      .slice(status.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13)
      .map(Number);
    return ((user ?? 0) + (system ?? 0)) * 10;
  }

  /** Megabytes: now, and the most so far. */
  memory(): { now: number; most: number } {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    const read = (name: string) => Number(new RegExp(`${name}:\\s+([0-9]+)`).exec(status)?.[1]) / 1024;
    return { now: read('VmRSS'), most: read('VmHWM') };
  }

  async close(): Promise<void> {
    const gone = new Promise((done) => this.#child.once('exit', done));
    this.#child.kill('SIGKILL');
    await gone;
  }
}

function isListening(path: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = createConnection(path);
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });
}

/** Asks one thing at a time. Looks only for the end of an answer, so that the measure is the server's. */
class Client {
  readonly #socket: Socket;
  #tail = Buffer.alloc(0);
  #waiting: { readonly mark: string; readonly done: () => void } | undefined;
  #nextId = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (data) => this.#receive(data));
    socket.on('error', () => {});
  }

  /** Resolves when the answer is complete, which an echo after the request tells. */
  ask(method: string, params: unknown[]): Promise<void> {
    const mark = `end-${this.#nextId++}`;
    const echo = method === 'echo' ? '' : JSON.stringify({ method, params, id: 0 });
    this.#socket.write(echo + JSON.stringify({ method: 'echo', params: [mark], id: 1 }));
    return new Promise((done) => {
      this.#waiting = { mark, done };
    });
  }

  /** One request whose answer is short: resolves with what comes next. */
  askShort(text: string): Promise<Buffer> {
    this.#socket.write(text);
    return new Promise((done) => {
      this.#socket.once('data', done);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(data: Buffer): void {
    if (this.#waiting === undefined) return;
    this.#tail = Buffer.concat([this.#tail.subarray(-200), data.subarray(-200)]);
    if (!this.#tail.includes(`"${this.#waiting.mark}"`)) return;
    const { done } = this.#waiting;
    this.#waiting = undefined;
    done();
  }
}

interface Pace {
  /** Transactions a second. */
  readonly rate: number;
  /** Microseconds of the server's processor time for each: hardly disturbed by what else runs. */
  readonly cpu: number;
}

/** Makes a row, and returns its uuid. */
async function insertRow(client: Client): Promise<string> {
  const insert = { op: 'insert', table: 'QoS', row: { type: 'changed all the time' } };
  const answer = await client.askShort(transactText(0, insert));
  const uuid = /"uuid","([0-9a-f-]{36})"/.exec(answer.toString())?.[1];
  if (uuid === undefined) throw new Error(`no uuid in ${answer}`);
  return uuid;
}

function transactText(id: number, operation: unknown): string {
  return JSON.stringify({ method: 'transact', params: ['Open_vSwitch', operation], id });
}

/** Small transactions from that many clients, each waiting for its answer: every one changes a row of its own. */
async function pace(server: Server, clientCount: number): Promise<Pace> {
  const clients = await Promise.all(Array.from({ length: clientCount }, () => server.connect()));
  const uuids = await Promise.all(clients.map(insertRow));
  const before = server.cpuTime();
  const end = performance.now() + transactTime;
  let count = 0;
  const run = async (client: Client, i: number): Promise<void> => {
    const where = [['_uuid', '==', ['uuid', uuids[i]]]];
    for (let n = 0; performance.now() < end; n++) {
      const row = { external_ids: ['map', [['n', `${n}`]]] };
      await client.askShort(transactText(n, { op: 'update', table: 'QoS', where, row }));
      count++;
    }
  };
  await Promise.all(clients.map(run));
  for (const client of clients) client.close();
  return { rate: (count * 1000) / transactTime, cpu: ((server.cpuTime() - before) * 1000) / count };
}

/** Several rounds after one to warm up. */
async function medianPace(server: Server, clientCount: number): Promise<Pace> {
  await pace(server, clientCount);
  const rounds = [await pace(server, clientCount), await pace(server, clientCount)];
  return { rate: median(rounds.map(({ rate }) => rate)), cpu: median(rounds.map(({ cpu }) => cpu)) };
}

/** Milliseconds until that many clients have the whole table, or the limit. */
async function dumpTime(server: Server, clientCount: number): Promise<number> {
  const clients = await Promise.all(Array.from({ length: clientCount }, () => server.connect()));
  const request = { QoS: [{ columns: ['type', 'external_ids'] }] };
  const params = ['Open_vSwitch', 'm', request, '00000000-0000-0000-0000-000000000000'];
  const started = performance.now();
  const all = Promise.all(clients.map((client) => client.ask('monitor_cond_since', params)));
  await Promise.race([all, new Promise((done) => setTimeout(done, dumpLimit))]);
  const time = performance.now() - started;
  for (const client of clients) client.close();
  return time;
}

interface Figures {
  readonly one: Pace;
  readonly twenty: Pace;
  /** 1 connection, beside all the rows of the large database. */
  readonly beside: Pace;
  readonly opened: number;
  readonly memory: number;
  readonly dump: number;
  readonly again: number;
  readonly hundred: number;
  readonly added: number;
}

async function measure(kind: Kind, folder: string, big: string, progress: Progress): Promise<Figures> {
  const next = (what: string) => progress.next(`${what}: ${kind === ours ? 'ours' : reference.name}`);
  const small = join(folder, 'small.db');
  rmSync(small, { force: true });
  tool('create', small, schema);
  const { server } = await Server.open(kind, folder, small);
  next('small transactions, 1 connection');
  const one = await medianPace(server, 1);
  next('small transactions, 20 connections');
  const twenty = await medianPace(server, 20);
  await server.close();

  next('opening a database of 50 MB');
  const copy = join(folder, 'copy.db');
  copyFileSync(big, copy);
  const { server: loaded, openedIn } = await Server.open(kind, folder, copy);
  const memory = loaded.memory().now;
  next(`small transactions beside ${bigRows} rows`);
  const beside = await medianPace(loaded, 1);
  next('dumps to 1 client');
  const dump = await dumpTime(loaded, 1);
  const again = await dumpTime(loaded, 1);
  next('dump to 100 clients at once');
  const before = loaded.memory().now;
  const hundred = await dumpTime(loaded, 100);
  const added = loaded.memory().most - before;
  await loaded.close();
  return { one, twenty, beside, opened: openedIn, memory, dump, again, hundred, added };
}

/** A database of about 50 MB, as a client is told it. */
async function makeBig(folder: string): Promise<string> {
  const file = join(folder, 'big.db');
  tool('create', file, schema);
  const { server } = await Server.open(theirs, folder, file);
  const client = await server.connect();
  for (let done = 0; done < bigRows; done += 1000) {
    const inserts = Array.from({ length: 1000 }, (_, i) => ({
      op: 'insert',
      table: 'QoS',
      row: {
        type: `${done + i}`,
        external_ids: ['map', Array.from({ length: 10 }, (_x, k) => [`key-${k}`, 'v'.repeat(75)])],
      },
    }));
    await client.ask('transact', ['Open_vSwitch', ...inserts]);
  }
  client.close();
  await server.close();
  return file;
}

function tool(...args: string[]): void {
  const { status, stderr } = spawnSync('ovsdb-tool', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}

export const bench: Bench = {
  question: 'What does the OVSDB server cost its clients?',
  missing() {
    const hasAll = existsSync(schema) && spawnSync('which', ['ovsdb-server']).status === 0;
    return hasAll ? undefined : 'needs the real ovsdb-server';
  },
  async run(progress) {
    progress.expect(13);
    const folder = mkdtempSync(join(tmpdir(), 'ovsdb-bench-'));
    try {
      progress.next('making a database of 50 MB');
      const big = await makeBig(folder);
      const t = await measure(theirs, folder, big, progress);
      const o = await measure(ours, folder, big, progress);
      const row = (
        what: string,
        unit: string,
        read: (figures: Figures) => number,
        better: Row['better'],
      ): Row => {
        return { what, unit, ours: read(o), theirs: read(t), better };
      };
      return [
        row('small transactions, 1 connection', '/s', (f) => f.one.rate, 'more'),
        row('processor time of each', 'us', (f) => f.one.cpu, 'less'),
        row('small transactions, 20 connections', '/s', (f) => f.twenty.rate, 'more'),
        row('processor time of each, 20 connections', 'us', (f) => f.twenty.cpu, 'less'),
        row(`small transactions beside ${bigRows} rows, 1 connection`, '/s', (f) => f.beside.rate, 'more'),
        row('processor time of each', 'us', (f) => f.beside.cpu, 'less'),
        row('opening a database of 50 MB', 'ms', (f) => f.opened, 'less'),
        row('memory with it', 'MB', (f) => f.memory, 'less'),
        row('first dump of it to 1 client', 'ms', (f) => f.dump, 'less'),
        row('next dump to 1 client', 'ms', (f) => f.again, 'less'),
        row(
          `dump to 100 clients at once, given up after ${dumpLimit / 1000} s`,
          'ms',
          (f) => f.hundred,
          'less',
        ),
        row('memory that those 100 add at most', 'MB', (f) => f.added, 'less'),
      ];
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
