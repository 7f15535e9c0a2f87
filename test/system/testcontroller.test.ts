/**
 * ovs-testcontroller beside the reference's: what both say to the same switch, byte for byte; and before the real one.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Message,
  messageBytes,
  messageText,
  readMatch,
  type WireVersion,
} from '../../src/openflow/index.ts';
import { ControlledSwitch } from './support/controlled-switch.ts';
import { isRunning, until, type Which } from './support/daemon-pair.ts';
import { makeAuthority, makeIdentity } from './support/identities.ts';
import { whyNoNamespaces } from './support/namespace.ts';
import { runProgram } from './support/run-program.ts';

const programs: Readonly<Record<Which, string>> = {
  reference: '/usr/bin/ovs-testcontroller',
  ours: `${process.cwd()}/bin/ovs-testcontroller`,
};
const isMissing = !existsSync(programs.reference);
if (isMissing) process.stderr.write('testcontroller.test.ts: not run: install openvswitch-testcontroller\n');

const hosts = ['020000000001', '020000000002', '020000000003'] as const;
type Host = 0 | 1 | 2;
const ipv4 = (from: Host, to: Host): string =>
  `45b8001c00004000401100000a00000${from}0a00000${to}0035003500080000`;
const packetOf = (to: string, from: string, rest: string): Uint8Array =>
  Uint8Array.from(Buffer.from(`${to}${from}${rest}`.padEnd(120, '0'), 'hex'));
const between = (from: Host, to: Host, rest: string): Uint8Array => packetOf(hosts[to], hosts[from], rest);

/** What comes to the controller: the port and the packet. */
const arrivals: readonly (readonly [port: number, packet: Uint8Array])[] = [
  [1, packetOf('ffffffffffff', hosts[0], '080600010800060400010200000000010a0000010000000000000a000002')],
  [2, between(1, 0, '080600010800060400020200000000020a0000020200000000010a000001')],
  [1, between(0, 1, `0800${ipv4(0, 1)}`)],
  [2, between(1, 0, `0800${ipv4(1, 0)}`)],
  [1, between(0, 1, '080045000020000000004006000000000a0000010a000002005000160000000000000000500200000000')],
  [1, between(0, 1, '8100600508004500001c00000000400100000a0000010a00000208000000')],
  [
    2,
    between(
      1,
      0,
      '86dd600000000008114000000000000000000000000000000001000000000000000000000000000000020035003500080000',
    ),
  ],
  [3, between(0, 1, '88b5')],
  [3, between(1, 0, '0806')],
  [3, between(2, 2, '88b5')],
  [1, packetOf('0180c2000000', hosts[0], '00264242030000000000')],
  [1, packetOf('01000ccccccc', hosts[0], '0800')],
  [2, packetOf(hosts[0], '030000000009', '88b5')],
  [2, packetOf('030000000009', hosts[1], '8847000051ff')],
  [0xfffe, between(1, 2, '88b5')],
];

const port = {
  mac: new Uint8Array(6),
  config: 0,
  state: 0,
  current: 0,
  advertised: 0,
  supported: 0,
  peer: 0,
};
const ports = [1, 2, 3].map((number) => ({
  ...port,
  port: number,
  name: `p${number}`,
  currentSpeed: 0,
  maxSpeed: 0,
}));

function conversation(version: WireVersion): readonly Message[] {
  const untold = { table: 0, cookie: undefined, userdata: new Uint8Array(), continuation: new Uint8Array() };
  const arrived = arrivals.map(([from, packet], n): Message => {
    const bufferId = n % 5 === 4 ? n : undefined;
    const metadata = readMatch(`in_port=${from}`);
    const reason = n === 7 ? 'action' : 'no_match';
    const value = { ...untold, packet, totalSize: packet.length, bufferId, reason, metadata } as const;
    return { name: 'PACKET_IN', value };
  });
  const features = {
    datapathId: 7n,
    bufferCount: 0,
    tableCount: 9,
    auxiliaryId: 0,
    capabilities: 0,
    actions: [],
  };
  return [
    { name: 'HELLO', value: { versions: [version] } },
    ...arrived.slice(0, 1), // too early
    { name: 'FEATURES_REPLY', value: { ...features, ports: version < 4 ? ports : [] } },
    ...arrived,
    { name: 'BARRIER_REPLY', value: undefined },
  ];
}

/** What the controller says to a switch, as text and without numbers of transactions; up to the last echo. */
function answers(path: string, version: WireVersion): Promise<string[]> {
  const end = Buffer.from('end');
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    let left = Buffer.alloc(0);
    const found: string[] = [];
    const take = (bytes: Uint8Array): void => {
      const echo = bytes[1] === 3;
      if (!echo) bytes.fill(0, 4, 8);
      // The group of a flow that is added means nothing.
      if (version > 1 && bytes[1] === 14) bytes.fill(0xff, 40, 44);
      found.push(`${Buffer.from(bytes).toString('hex')} ${messageText(bytes)}`);
      if (echo) {
        socket.destroy();
        resolve(found);
      }
    };
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`closed after ${found.join('')}`)));
    socket.on('data', (data) => {
      left = Buffer.concat([left, data]);
      while (left.length >= 8 && left.length >= left.readUInt16BE(2)) {
        const size = left.readUInt16BE(2);
        take(Uint8Array.from(left.subarray(0, size)));
        left = left.subarray(size);
      }
    });
    for (const message of conversation(version)) socket.write(messageBytes(message, version, 1));
    socket.write(messageBytes({ name: 'ECHO_REQUEST', value: { data: end } }, version, 99));
  });
}

/** A socket can be seen before it can be reached. */
function isListening(path: string): Promise<boolean> {
  const socket = createConnection(path);
  return new Promise<boolean>((resolve) => {
    socket.on('connect', () => resolve(true));
    socket.on('error', () => resolve(false));
  }).finally(() => socket.destroy());
}

describe.skipIf(isMissing)('beside the reference', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ovs-testcontroller-'));
  const flows = join(folder, 'flows');
  const nicira = join(folder, 'nicira-flows');
  const env = { ...process.env, OVS_RUNDIR: folder, OVS_LOGDIR: folder };
  const children: ChildProcess[] = [];

  beforeAll(() => {
    writeFileSync(flows, '# a comment\npriority=5,ip,nw_dst=10.0.0.9,actions=output:3\n\ntcp,actions=drop\n');
    writeFileSync(nicira, 'table=1,reg0=7,actions=set_field:5->reg1,resubmit(,2)\n');
  });
  afterAll(async () => {
    for (const child of children) {
      if (child.exitCode !== null) continue;
      child.kill();
      await once(child, 'exit');
    }
    rmSync(folder, { recursive: true });
  });

  let count = 0;
  async function start(which: Which, args: readonly string[]): Promise<string> {
    const path = join(folder, `${which}-${count++}`);
    const child = spawn(programs[which], [...args, `--unixctl=${path}.ctl`, `punix:${path}`], {
      env,
      stdio: 'ignore',
    });
    children.push(child);
    for (const socket of [path, `${path}.ctl`]) while (!(await isListening(socket))) await sleep(10);
    return path;
  }

  test.each(
    [
      [],
      ['-n'],
      ['-H'],
      ['--hub', '--noflow'],
      ['-N'],
      ['-w'],
      ['-w2000EC'],
      ['--wildcards=3fffff'],
      ['-q', '5'],
      ['-Q', 'p1:7', '-Q', 'p2:8', '-q', '3'],
      ['--max-idle=permanent'],
      ['--max-idle', '7', '-w'],
      ['--with-flows', flows],
      ['--with-flows', nicira],
      ['-O', 'OpenFlow10,OpenFlow13'],
    ].map((args): [readonly string[]] => [args]),
  )('says the same with %j', async (args) => {
    const both = await Promise.all((['ours', 'reference'] as const).map((which) => start(which, args)));
    for (const version of [1, 2, 3, 4, 5, 6] as const) {
      if (args[0] === '-O' && version !== 1 && version !== 4) continue;
      const said = both.map((path) => answers(path, version));
      const [ours, theirs] = await Promise.all(said);
      expect(ours).toEqual(theirs);
      expect(ours?.length).toBeGreaterThan(2);
    }
  });

  test.each([
    [''],
    ['tcp:127.0.0.1:1'],
    ['unix:/nowhere'],
    ['bogus:1'],
    ['--max-idle=0 ptcp:'],
    ['--max-idle=65536 ptcp:'],
    ['-Q x ptcp:'],
    ['-Q a:1 -Q a:2 ptcp:'],
    ['-q 1 -H -N unix:/nowhere'],
    ['--with-flows /nowhere ptcp:'],
    ['-O xx ptcp:'],
    ['--bad'],
    ['-Q'],
  ])('ends as the reference does: %s', (line) => {
    const words = line.split(' ').filter((word) => word !== '');
    const [ours, theirs] = (['ours', 'reference'] as const).map((which) => {
      const { status, stdout, stderr } = runProgram(programs[which], words, { env, timeout: 60_000 });
      return { status, stdout, stderr: stderr.replace(/^\d{4}-[^|]*\||^\/usr\/bin\//gm, '') };
    });
    expect(ours).toEqual(theirs);
  });

  test('is mute where it is asked to be, but for what it begins with', async () => {
    const path = await start('ours', ['--mute']);
    const socket = createConnection(path);
    let said = Buffer.alloc(0);
    socket.on('data', (data) => {
      said = Buffer.concat([said, data]);
    });
    const types = (): number[] => {
      const found: number[] = [];
      for (let at = 0; at + 8 <= said.length; at += said.readUInt16BE(at + 2)) found.push(said[at + 1] ?? 0);
      return found;
    };
    for (const message of conversation(4)) socket.write(messageBytes(message, 4, 1));
    await until(() => types().includes(14), 'all that it begins with');
    // Messages of another version are errors, and what was asked before would be answered before.
    for (const count of [1, 2]) {
      socket.write(messageBytes({ name: 'BARRIER_REQUEST', value: undefined }, 1, 2));
      await until(() => types().filter((type) => type === 1).length === count, 'an error');
    }
    expect(types()).toEqual([0, 5, 9, 14, 1, 1]);
    socket.destroy();
  });

  test('leaves the terminal with --detach, and speaks TLS to switches that have a certificate of its authority', async () => {
    for (const name of ['ca', 'stranger']) makeAuthority(folder, name);
    makeIdentity(folder, 'own', 'ca'); // that of the stranger is of no authority
    const [key, cert, ca] = ['own.key', 'own.crt', 'ca.crt'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const pki = ['-p', key, '-c', cert, '-C', ca];
    for (const which of ['ours', 'reference'] as const) {
      const pidfile = join(folder, `${which}.pid`);
      const control = join(folder, `${which}-tls.ctl`);
      const log = join(folder, `${which}-tls.log`);
      const args = ['--detach', `--pidfile=${pidfile}`, `--unixctl=${control}`, `--log-file=${log}`];
      // Without --no-chdir it runs in the root folder; the terminal gets its status once it listens.
      const done = spawnSync(programs[which], [...args, ...pki, 'pssl:0:127.0.0.1'], {
        env,
        timeout: 60_000,
      });
      expect(done.status).toBe(0);
      const pid = Number(readFileSync(pidfile, 'utf8'));
      try {
        // The last that it does, after it has told its starter.
        await until(
          () => readlinkSync(`/proc/${pid}/cwd`) === '/',
          'the controller to go to the root folder',
        );
        const port = /listening on port (\d+)/.exec(readFileSync(log, 'utf8'))?.[1] ?? '';
        const probe = ['probe', `ssl:127.0.0.1:${port}`];
        for (const ofctl of ['ovs-ofctl', `${process.cwd()}/bin/ovs-ofctl`]) {
          const good = spawnSync(ofctl, ['-t', '60', ...pki, ...probe], { env, encoding: 'utf8' });
          expect(good).toMatchObject({ status: 0, stderr: '' });
        }
        const stranger = ['-p', join(folder, 'stranger.key'), '-c', join(folder, 'stranger.crt'), '-C', ca];
        const bad = spawnSync('ovs-ofctl', ['-t', '60', ...stranger, ...probe], { env, encoding: 'utf8' });
        expect(bad.status).not.toBe(0);
      } finally {
        process.kill(pid);
        await until(() => !isRunning(pid), 'the controller to end');
      }
      expect(existsSync(pidfile)).toBe(false);
    }
  });

  test('ends by a command', async () => {
    const path = await start('ours', []);
    const child = children.at(-1);
    if (child === undefined) throw new Error('not started');
    const ended = once(child, 'exit');
    expect(spawnSync('ovs-appctl', ['-t', `${path}.ctl`, 'exit'], { env }).status).toBe(0);
    expect(await ended).toEqual([0, null]);
    expect(existsSync(path)).toBe(false);
  });
});

describe.skipIf(isMissing || whyNoNamespaces() !== undefined)('before the switch of the reference', () => {
  let sw: ControlledSwitch;
  beforeAll(async () => {
    sw = new ControlledSwitch();
    await sw.start();
  });
  afterAll(() => sw[Symbol.asyncDispose]());

  test('lets hosts reach each other, and its flows are those that the reference sets up', async () => {
    const found: string[] = [];
    for (const which of ['ours', 'reference'] as const) {
      const env = { ...process.env, OVS_RUNDIR: sw.daemon.folder };
      const child = spawn(programs[which], [`punix:${sw.controllerSocket}`], { env, stdio: 'ignore' });
      const ended = once(child, 'exit');
      try {
        await until(() => existsSync(sw.controllerSocket), 'the controller to listen');
        await sw.setController(`unix:${sw.controllerSocket}`, 'OpenFlow13');
        sw.ping();
        const icmp = sw
          .flows()
          .split('\n')
          .filter((line) => line.includes('icmp'));
        found.push(
          icmp
            .map((line) => line.replace(/^.*priority/, '').replaceAll(/dl_(src|dst)=[0-9a-f:]*/g, ''))
            .sort()
            .join('\n'),
        );
      } finally {
        child.kill();
        await ended;
        sw.removeController();
      }
    }
    expect(found[0]).toContain('icmp_type=8');
    expect(found[0]).toBe(found[1]);
  });
});
