/** Prints what `--quickstart` has to say once all runs. */
import { dirname, resolve } from 'node:path';
import { existsSync, readTextSync } from '../../base/files.ts';
import { logger } from '../../base/log.ts';
import { readDirectories } from '../../daemon/directories.ts';
import { OutputFailed, printOut } from '../../daemon/output.ts';
import type { Program } from '../../daemon/program.ts';
import { tunProblem } from '../../sys/calls/device.ts';
import type { ProgramOptions } from './options.ts';
import { formatQuickstart, readNetRights } from './quickstart.ts';

const log = logger('vswitchd');

export function greet(program: Program, options: ProgramOptions, bridges: readonly string[]): void {
  const { directories } = program;
  const bin = dirname(resolve(process.argv[1] ?? '.'));
  const text = formatQuickstart({
    directories,
    defaults: readDirectories({}),
    databaseFile: options.embedded ?? '',
    databaseSocket: `${directories.run}/db.sock`,
    unixctl: options.unixctl,
    pid: process.pid,
    isRoot: process.geteuid?.() === 0,
    tunProblem: tunProblem(),
    hasNetAdmin: readNetRights(readTextSync('/proc/self/status')),
    bin: existsSync(`${bin}/ovs-vsctl`) ? bin : undefined,
    bridges,
  });
  try {
    printOut(text, 'is ignored');
  } catch (error) {
    if (!(error instanceof OutputFailed)) throw error;
    log.warn(error.message); // the switch runs all the same
  }
}
