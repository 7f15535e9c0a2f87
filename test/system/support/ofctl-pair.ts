/**
 * ovs-ofctl, ours in this process beside the real one, each with a real switch of its own that is set up the same. What
 * they print must be the same, and so what is in the switches afterwards.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { VswitchError } from '../../../src/base/errors.ts';
import { ms } from '../../../src/base/units.ts';
import { ofctl } from '../../../src/cli/ofctl/ofctl.ts';
import { readDirectories } from '../../../src/daemon/directories.ts';
import { LogControl } from '../../../src/daemon/log-control.ts';
import { Fatal } from '../../../src/daemon/program.ts';
import type { Said } from './batch.ts';
import { DummyHost } from './dummy-host.ts';
import { portsToFollow } from './tool-lines.ts';

/** The end of the program, from within. */
class Ended extends Error {}

export class OfctlPair implements AsyncDisposable {
  readonly #real = new DummyHost('reference');
  readonly #own = new DummyHost('reference');

  /** Starts the switches, and sets both up by these arguments of ovs-vsctl. */
  async start(...setup: readonly string[]): Promise<void> {
    for (const host of [this.#real, this.#own]) {
      await host.prepare();
      const said = host.vsctl(...setup);
      if (said.status !== 0) throw new Error(said.stderr);
    }
  }

  /** What each says to the arguments. "FOLDER" in them is the folder of either. */
  async run(...args: readonly string[]): Promise<{ readonly real: Said; readonly own: Said }> {
    const inFolder = (host: DummyHost): string[] => args.map((arg) => arg.replaceAll('FOLDER', host.folder));
    const real = this.#real.run('/usr/bin/ovs-ofctl', ...inFolder(this.#real));
    const own = await runOwn(this.#own, inFolder(this.#own));
    if (args.includes('mod-port'))
      await Promise.all([this.#real, this.#own].map((host) => host.runAll([portsToFollow])));
    const { status, stdout, stderr } = real;
    const order = args.some((arg) => arg.startsWith('dump-group')) ? sorted : (text: string): string => text;
    return {
      real: comparable(this.#real, { status, stdout: order(stdout), stderr }),
      own: comparable(this.#own, { ...own, stdout: order(own.stdout) }),
    };
  }

  /** Puts a file into both folders. */
  write(name: string, text: string): void {
    for (const { folder } of [this.#real, this.#own]) writeFileSync(join(folder, name), text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#real[Symbol.asyncDispose]();
    await this.#own[Symbol.asyncDispose]();
  }
}

/** A switch lists groups by hashes that differ from run to run. */
function sorted(text: string): string {
  return text.split('\n').sort().join('\n');
}

function comparable(host: DummyHost, { status, stdout, stderr }: Said): Said {
  const plain = (text: string): string =>
    host
      .plain(text)
      .replace(/\b(duration[=:])[\d.]+s/g, '$1Ns')
      .replace(/xid=0x[0-9a-f]+/g, 'xid=N')
      .replace(/^(00000000 {2}0[1-6](?: [0-9a-f]{2}){3})(?: [0-9a-f]{2}){4}-/gm, '$1 xid-')
      .replace(/^[a-z_]+\|(?:WARN|ERR)\|.*\n/gm, ''); // of what is wrong with a message, we only print it
  return { status, stdout: plain(stdout), stderr: plain(stderr) };
}

async function runOwn({ env }: DummyHost, args: readonly string[]): Promise<Said> {
  const name = 'ovs-ofctl';
  let stdout = '';
  let stderr = '';
  const log = new LogControl({ program: name, hostname: '', pid: 1, started: ms(0), facility: 0 });
  const program = { name, args, directories: readDirectories(env), log };
  try {
    const status = await ofctl(program, {
      print: (text) => (stdout += text),
      printError: (text) => (stderr += text),
      end(text) {
        stderr += text;
        throw new Ended();
      },
    });
    return { status, stdout, stderr };
  } catch (why) {
    if (why instanceof Ended) return { status: 1, stdout, stderr };
    if (!(why instanceof VswitchError)) throw why;
    const status = why instanceof Fatal ? why.exitCode : 1;
    return { status, stdout, stderr: `${stderr}${name}: ${why.message}\n` };
  }
}
