/**
 * What the kernel is asked for qdiscs, byte for byte beside the reference: by strace, so that a kernel need not have them.
 * Each request is sent before it is refused.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readTextOrEmpty } from '../../src/base/files.ts';
import { SwitchHost, until, whyNoReference } from './support/daemon-pair.ts';
import { whyNoNamespaces } from './support/namespace.ts';

const noStrace =
  spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0 ? undefined : 'strace traces nothing here';
const reason = whyNoNamespaces() ?? whyNoReference() ?? noStrace;
if (reason !== undefined) process.stderr.write(`qos-requests.test.ts: not run: ${reason}\n`);

/** Types of QoS with what is asked of them, each time by a row of its own. */
const asked: Readonly<Record<string, readonly string[]>> = {
  'linux-sfq': ['', 'quantum=3000,perturb=7', 'quantum=0', 'perturb=many', 'quantum=4294967295'],
  'linux-codel': ['', 'target=6000,limit=500,interval=90000', 'target=0,limit=0,interval=0'],
  'linux-fq_codel': [
    ...['', 'target=6000,limit=500,interval=90000,quantum=1400,flows=99'],
    ...['flows=0,quantum=0', 'target=x'],
  ],
  'linux-netem': ['', 'latency=20000,limit=500,loss=7', 'loss=100', 'loss=101', 'latency=1,jitter=5'],
  'linux-hfsc': ['', 'max-rate=1000000'],
};

/** A message, by the dump of a call that strace writes: `  | 00010  00 00 00 03 ...  ascii |`. */
const dumpLine = /^ \| [0-9a-f]+ {2}((?: ?[0-9a-f]{2}| )+) {2}.*\|$/;
/** In the order of the machine, which is that of all that Node runs on. */
const typeAt = 4;
const flagsAt = 6;
/** Of the header: its sequence number and port are each sender's own, and so is whether it wants a receipt. */
const headerSize = 16;
const receiptFlag = 4;
const makesSomething: ReadonlySet<number> = new Set([36 /* a qdisc */, 40 /* a class */]);

/** Messages of all calls of a trace. */
function messagesOf(trace: string): Buffer[] {
  const messages: Buffer[] = [];
  let isContinued = false;
  for (const line of trace.split('\n')) {
    const [, text] = dumpLine.exec(line) ?? [];
    const bytes = Buffer.from((text ?? '').replaceAll(' ', ''), 'hex');
    if (text !== undefined && isContinued) messages.push(Buffer.concat([messages.pop() ?? bytes, bytes]));
    else if (text !== undefined) messages.push(bytes);
    isContinued = text !== undefined;
  }
  return messages;
}

/** Requests that make something, without what is each sender's own. */
function requestsIn(trace: string): string[] {
  return messagesOf(trace)
    .filter((bytes) => bytes.length > headerSize && bytes.readUInt32LE(0) === bytes.length)
    .filter((bytes) => makesSomething.has(bytes.readUInt16LE(typeAt)))
    .map((bytes) => {
      const flags = bytes.readUInt16LE(flagsAt) & ~receiptFlag;
      return `type ${bytes.readUInt16LE(typeAt)} flags ${flags} ${bytes.subarray(headerSize).toString('hex')}`;
    });
}

/** A switch whose calls are traced. */
class TracedSwitch {
  readonly host: SwitchHost;
  #strace: ChildProcess | undefined;
  #said = '';
  #hasEnded = false;

  constructor(which: 'ours' | 'reference') {
    this.host = new SwitchHost(which);
  }

  async start(): Promise<void> {
    const { host } = this;
    await host.start();
    host.host.run('ip', 'link', 'add', 'v1', 'type', 'veth', 'peer', 'name', 'x1');
    host.host.run('ip', 'link', 'set', 'v1', 'up');
    const type = ['--', 'set', 'bridge', 'br0', 'datapath_type=netdev'];
    host.configure('add-br', 'br0', ...type, '--', 'add-port', 'br0', 'v1');
    const calls = ['-e', 'trace=sendmsg,sendto', '-e', 'write=all'];
    this.#strace = spawn('strace', ['-f', '-p', String(host.pid), '-o', this.#file, ...calls]);
    this.#strace.stderr?.on('data', (text) => (this.#said += text));
    this.#strace.on('close', () => (this.#hasEnded = true));
    await until(() => this.#said.includes('attached'), 'strace to begin');
  }

  get #file(): string {
    return join(this.host.folder, 'trace');
  }

  ask(type: string, otherConfig: string): void {
    const row = ['--', '--id=@q', 'create', 'qos', `type=${type}`, `other_config={${otherConfig}}`];
    this.host.configure('--', 'set', 'port', 'v1', 'qos=@q', ...row);
    this.host.configure('clear', 'port', 'v1', 'qos');
  }

  /** Each once, in the order of the first: how often is asked again for what was refused is not compared. */
  async requests(): Promise<string[]> {
    this.#strace?.kill('SIGINT');
    await until(() => this.#hasEnded, 'strace to end');
    return [...new Set(requestsIn(readTextOrEmpty(this.#file)))];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#strace?.kill('SIGKILL');
    await this.host[Symbol.asyncDispose]();
  }
}

describe.runIf(reason === undefined)('beside the reference', () => {
  const switches = [new TracedSwitch('ours'), new TracedSwitch('reference')] as const;

  beforeAll(async () => {
    for (const each of switches) await each.start();
  });

  afterAll(async () => {
    for (const each of switches) await each[Symbol.asyncDispose]();
  });

  test('the kernel gets the same requests for qdiscs of every type', async () => {
    for (const [type, configs] of Object.entries(asked))
      for (const config of configs) for (const each of switches) each.ask(type, config);
    const [ours, reference] = [await switches[0].requests(), await switches[1].requests()];
    expect(ours).toEqual(reference);
    for (const kind of ['sfq', 'codel', 'fq_codel', 'netem', 'hfsc'])
      expect(ours.join()).toContain(Buffer.from(`${kind}\0`).toString('hex'));
  });
});
