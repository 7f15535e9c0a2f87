/** Prints what `--quickstart` has to say once all runs. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { readDirectories } from '../../daemon/directories.ts';
import type { Program } from '../../daemon/program.ts';
import type { ProgramOptions } from './options.ts';
import { formatQuickstart, readNetRights } from './quickstart.ts';

export function greet(program: Program, options: ProgramOptions, bridges: readonly string[]): void {
  const { directories } = program;
  const bin = dirname(resolve(process.argv[1] ?? '.'));
  process.stdout.write(
    formatQuickstart({
      directories,
      defaults: readDirectories({}),
      databaseFile: options.embedded ?? '',
      databaseSocket: `${directories.run}/db.sock`,
      unixctl: options.unixctl,
      pid: process.pid,
      isRoot: process.geteuid?.() === 0,
      hasNetAdmin: readNetRights(readFileSync('/proc/self/status', 'utf8')),
      bin: existsSync(`${bin}/ovs-vsctl`) ? bin : undefined,
      bridges,
    }),
  );
}
