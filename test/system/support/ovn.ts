/** OVN as a controller of switches: its databases and ovn-northd for all, and an ovn-controller on each host. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readTextOrEmpty } from '../../../src/base/files.ts';
import { isRunning, SwitchHost, until, type Which } from './daemon-pair.ts';
import { Namespace } from './namespace.ts';

const schemas = { nb: '/usr/share/ovn/ovn-nb.ovsschema', sb: '/usr/share/ovn/ovn-sb.ovsschema' } as const;

/** Why no OVN can run here; undefined when it can. */
export function whyNoOvn(): string | undefined {
  const programs = ['ovn-northd', 'ovn-nbctl', 'ovn-controller'].map((name) => `/usr/bin/${name}`);
  const absent = [...Object.values(schemas), ...programs].find((file) => !existsSync(file));
  return absent === undefined ? undefined : `${absent} is not installed`;
}

async function endByPidFile(file: string): Promise<void> {
  const pid = Number(readTextOrEmpty(file));
  if (pid === 0 || !isRunning(pid)) return;
  process.kill(pid, 'SIGTERM');
  await until(() => !isRunning(pid), `process ${pid} to end`);
}

export class OvnCentral implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'ovn-'));
  readonly #env = {
    ...process.env,
    OVN_RUNDIR: this.folder,
    OVN_LOGDIR: this.folder,
    OVN_DBDIR: this.folder,
  };

  constructor() {
    for (const [name, schema] of Object.entries(schemas)) {
      const file = join(this.folder, `${name}.db`);
      this.#run('ovsdb-tool', 'create', file, schema);
      const place = ['pidfile', 'unixctl'].map((what) => `--${what}=${join(this.folder, `${name}.${what}`)}`);
      this.#run(
        'ovsdb-server',
        file,
        `--remote=punix:${this.#socket(name)}`,
        ...place,
        '--detach',
        '-vconsole:off',
      );
    }
    const databases = ['nb', 'sb'].map((name) => `--ovn${name}-db=${this.remote(name)}`);
    this.#run('ovn-northd', ...databases, '--pidfile', '--detach', '-vconsole:off', '--log-file');
  }

  remote(database: string): string {
    return `unix:${this.#socket(database)}`;
  }

  #socket(database: string): string {
    return join(this.folder, `${database}.sock`);
  }

  /** Lines of ovn-nbctl. Returns when all switches do what is configured then. */
  configure(...lines: readonly string[]): void {
    for (const line of [...lines, '--wait=hv sync']) this.configureWords(...line.split(' '));
  }

  /** A line whose words have spaces. Nobody needs to have acted on it. */
  configureWords(...words: readonly string[]): void {
    this.#run('ovn-nbctl', '--timeout=60', `--db=${this.remote('nb')}`, ...words);
  }

  #run(program: string, ...args: readonly string[]): void {
    const done = spawnSync(program, args, { env: this.#env, encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${done.stderr}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const file of ['ovn-northd.pid', 'nb.pidfile', 'sb.pidfile'])
      await endByPidFile(join(this.folder, file));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A host whose switch OVN drives, in a network of hosts that only tunnels cross. */
export class Chassis implements AsyncDisposable {
  readonly name: string;
  readonly host: SwitchHost;
  readonly #guests: Namespace[] = [];

  constructor(name: string, which: Which) {
    this.name = name;
    this.host = new SwitchHost(which);
  }

  /** `underlay`: a device to the other hosts, on which this one has `address`. */
  async start(central: OvnCentral, underlay: string, address: string): Promise<void> {
    const { host } = this;
    await host.start();
    host.configure(
      ...['add-br', 'br-phys', '--', 'set', 'bridge', 'br-phys', 'datapath_type=netdev'],
      ...['--', 'add-port', 'br-phys', underlay, '--', 'set', 'open', '.'],
      ...[`external-ids:system-id=${this.name}`, `external-ids:ovn-remote=${central.remote('sb')}`],
      ...['external-ids:ovn-encap-type=geneve', `external-ids:ovn-encap-ip=${address}`],
      'external-ids:ovn-bridge-datapath-type=netdev',
    );
    host.host.run('ip', 'addr', 'add', `${address}/24`, 'dev', 'br-phys');
    host.host.run('ip', 'link', 'set', 'br-phys', 'up');
    const env = [`OVN_RUNDIR=${host.folder}`, `OVN_LOGDIR=${host.folder}`];
    const flags = ['--pidfile', '--detach', '--no-chdir', '-vconsole:off', '--log-file'];
    const done = host.run('env', ...env, 'ovn-controller', ...flags, `unix:${join(host.folder, 'db.sock')}`);
    if (done.status !== 0) throw new Error(`ovn-controller: ${done.stderr}`);
  }

  /** A host behind the logical port of that name. */
  addGuest(port: string, mac: string, address: string): Namespace {
    const guest = new Namespace(port);
    this.#guests.push(guest);
    guest.link('eth0', port, `${address}/24`, this.host.host);
    guest.run('ip', 'link', 'set', 'eth0', 'address', mac);
    guest.run('ip', 'route', 'add', 'default', 'via', address.replace(/\d+$/, '254'));
    // The reference's userspace datapath takes packets for wrong that are not finished.
    if (this.host.which === 'reference') guest.run('ethtool', '-K', 'eth0', 'tx', 'off');
    this.host.configure(
      'add-port',
      'br-int',
      port,
      '--',
      'set',
      'interface',
      port,
      `external-ids:iface-id=${port}`,
    );
    return guest;
  }

  get log(): string {
    return readTextOrEmpty(join(this.host.folder, 'ovn-controller.log'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const guest of this.#guests) guest[Symbol.dispose]();
    await endByPidFile(join(this.host.folder, 'ovn-controller.pid'));
    await this.host[Symbol.asyncDispose]();
  }
}
