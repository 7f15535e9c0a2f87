/** FRR's bfdd with the zebra that it needs, in a namespace and a folder of their own. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canConnect } from './can-connect.ts';
import { until } from './daemon-pair.ts';
import type { Namespace } from './namespace.ts';

const programs = '/usr/lib/frr';

/** Why it cannot run; undefined when it can. */
export function whyNoFrr(): string | undefined {
  return existsSync(join(programs, 'bfdd')) ? undefined : 'needs the Debian package frr';
}

export class FrrHost implements AsyncDisposable {
  readonly #host: Namespace;
  readonly #folder = mkdtempSync(join(tmpdir(), 'frr-'));
  readonly #children: ChildProcess[] = [];

  constructor(host: Namespace) {
    this.#host = host;
  }

  /** Resolves when it takes commands. */
  async start(): Promise<void> {
    spawnSync('chown', ['frr:frr', this.#folder]); // its programs run as that user
    for (const program of ['zebra', 'bfdd']) {
      writeFileSync(join(this.#folder, `${program}.conf`), '');
      this.#startOne(program);
      await until(() => canConnect(join(this.#folder, `${program}.vty`)), `${program} to start`);
    }
  }

  #startOne(program: string): void {
    const file = (name: string): string => join(this.#folder, name);
    const args = [
      ...['-f', file(`${program}.conf`), '-i', file(`${program}.pid`), '-z', file('zserv.api')],
      ...['--vty_socket', this.#folder, '-P', '0'],
      ...(program === 'bfdd' ? ['--bfdctl', file('bfdd.sock')] : []),
    ];
    const inside = ['netns', 'exec', this.#host.name, join(programs, program), ...args];
    this.#children.push(spawn('ip', inside, { stdio: 'ignore' }));
  }

  /** Gives commands as an operator would; returns what the last one says. */
  vtysh(...commands: string[]): string {
    const args = ['--vty_socket', this.#folder, ...commands.flatMap((command) => ['-c', command])];
    const { stdout, stderr, status } = spawnSync('vtysh', args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`vtysh: ${stdout}${stderr}`);
    return stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) child.kill('SIGTERM');
    await until(
      () => this.#children.every((child) => child.exitCode !== null || child.signalCode !== null),
      'FRR to end',
    );
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
