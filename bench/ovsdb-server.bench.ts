/** What the OVSDB server costs its clients, beside the real one: small transactions, and the first dump of a large database. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Bench, median, type Row } from './support/report.ts';

const schema = '/usr/share/openvswitch/vswitch.ovsschema';
const transactTime = Number(process.env.BENCH_MS ?? 3000);
const bigRows = 50_000;

interface Kind {
  readonly command: string;
  readonly args: readonly string[];
}

const ours: Kind = { command: process.execPath, args: [resolve('bin/ovsdb-server')] };
const theirs: Kind = { command: 'ovsdb-server', args: [] };

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

  connect(): Promise<Client> {
    return new Promise((done, failed) => {
      const socket = createConnection(this.#socket);
      socket.once('connect', () => done(new Client(socket)));
      socket.once('error', failed);
    });
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
  #waiting: { readonly mark: string; readonly done: (bytes: number) => void } | undefined;
  #bytes = 0;
  #nextId = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (data) => this.#receive(data));
    socket.on('error', () => {});
  }

  /** Resolves with the bytes that came: an echo after the request tells that its answer is complete. */
  ask(method: string, params: unknown[]): Promise<number> {
    const mark = `end-${this.#nextId++}`;
    this.#bytes = 0;
    const echo = method === 'echo' ? '' : JSON.stringify({ method, params, id: 0 });
    this.#socket.write(echo + JSON.stringify({ method: 'echo', params: [mark], id: 1 }));
    return new Promise((done) => {
      this.#waiting = { mark, done };
    });
  }

  /** One request whose answer is short: resolves when anything has come. */
  askShort(text: string): Promise<unknown> {
    this.#socket.write(text);
    return new Promise((done) => {
      this.#socket.once('data', done);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(data: Buffer): void {
    this.#bytes += data.length;
    if (this.#waiting === undefined) return;
    this.#tail = Buffer.concat([this.#tail.subarray(-200), data.subarray(-200)]);
    if (!this.#tail.includes(`"${this.#waiting.mark}"`)) return;
    const { done } = this.#waiting;
    this.#waiting = undefined;
    done(this.#bytes);
  }
}

/** Small transactions a second from that many clients, each waiting for its answer. */
async function transactionRate(server: Server, clientCount: number): Promise<number> {
  const clients = await Promise.all(Array.from({ length: clientCount }, () => server.connect()));
  for (const [i, client] of clients.entries()) {
    await client.ask('transact', ['Open_vSwitch', { op: 'insert', table: 'QoS', row: { type: `t${i}` } }]);
  }
  const end = performance.now() + transactTime;
  let count = 0;
  const run = async (client: Client, i: number): Promise<void> => {
    for (let n = 0; performance.now() < end; n++) {
      const row = { external_ids: ['map', [['n', `${n}`]]] };
      const update = { op: 'update', table: 'QoS', where: [['type', '==', `t${i}`]], row };
      await client.askShort(JSON.stringify({ method: 'transact', params: ['Open_vSwitch', update], id: n }));
      count++;
    }
  };
  await Promise.all(clients.map(run));
  for (const client of clients) client.close();
  return (count * 1000) / transactTime;
}

/** Milliseconds until that many clients have the whole table. */
async function dumpTime(server: Server, clientCount: number): Promise<{ time: number; bytes: number }> {
  const clients = await Promise.all(Array.from({ length: clientCount }, () => server.connect()));
  const request = { QoS: [{ columns: ['type', 'external_ids'] }] };
  const params = ['Open_vSwitch', 'm', request, '00000000-0000-0000-0000-000000000000'];
  const started = performance.now();
  const sizes = await Promise.all(clients.map((client) => client.ask('monitor_cond_since', params)));
  const time = performance.now() - started;
  for (const client of clients) client.close();
  return { time, bytes: Math.min(...sizes) };
}

interface Figures {
  readonly one: number;
  readonly twenty: number;
  readonly opened: number;
  readonly memory: number;
  readonly dump: number;
  readonly again: number;
  readonly hundred: number;
  readonly added: number;
}

async function measure(kind: Kind, folder: string, big: string): Promise<Figures> {
  const small = join(folder, 'small.db');
  rmSync(small, { force: true });
  tool('create', small, schema);
  const { server } = await Server.open(kind, folder, small);
  await transactionRate(server, 1);
  const one = median([await transactionRate(server, 1), await transactionRate(server, 1)]);
  const twenty = median([await transactionRate(server, 20), await transactionRate(server, 20)]);
  await server.close();

  const copy = join(folder, 'copy.db');
  copyFileSync(big, copy);
  const { server: loaded, openedIn } = await Server.open(kind, folder, copy);
  const memory = loaded.memory().now;
  const dump = (await dumpTime(loaded, 1)).time;
  const again = (await dumpTime(loaded, 1)).time;
  const before = loaded.memory().now;
  const hundred = (await dumpTime(loaded, 100)).time;
  const added = loaded.memory().most - before;
  await loaded.close();
  return { one, twenty, opened: openedIn, memory, dump, again, hundred, added };
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
  async run() {
    const folder = mkdtempSync(join(tmpdir(), 'ovsdb-bench-'));
    try {
      const big = await makeBig(folder);
      const [t, o] = [await measure(theirs, folder, big), await measure(ours, folder, big)];
      const row = (what: string, unit: string, key: keyof Figures, better: Row['better']): Row => {
        return { what, unit, ours: o[key], theirs: t[key], better };
      };
      return [
        row('small transactions, 1 connection', '/s', 'one', 'more'),
        row('small transactions, 20 connections', '/s', 'twenty', 'more'),
        row('opening a database of 50 MB', 'ms', 'opened', 'less'),
        row('memory with it', 'MB', 'memory', 'less'),
        row('first dump of it to 1 client', 'ms', 'dump', 'less'),
        row('next dump to 1 client', 'ms', 'again', 'less'),
        row('dump to 100 clients at once', 'ms', 'hundred', 'less'),
        row('memory that those 100 add at most', 'MB', 'added', 'less'),
      ];
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
