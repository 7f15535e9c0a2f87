/** What every step of ovs-ctl works with, and how it tells how things go. */
import { fromNodeError } from '../../base/errno.ts';
import { SyscallFailed } from '../../base/errors.ts';
import { makeFolders } from '../../base/files.ts';
import { OutputFailed, printError, printOut } from '../../daemon/output.ts';
import type { Program } from '../../daemon/program.ts';
import type { Host } from './host.ts';
import type { CtlConfig } from './options.ts';

export interface Task {
  readonly program: Program;
  readonly config: CtlConfig;
  readonly host: Host;
}

/** Says how it went; passes `isOk` on. */
export function action(what: string, isOk: boolean): boolean {
  say(isOk ? `${what}.\n` : `${what} ... failed!\n`);
  return isOk;
}

export function warnOf(what: string): void {
  say(`${what} ... (warning).\n`);
}

/** The daemons are to run also when nobody can be told so. */
export function say(text: string): void {
  try {
    printOut(text, 'is ignored');
  } catch (error) {
    if (!(error instanceof OutputFailed)) throw error;
    complain(error.message);
  }
}

/** For what the daemons may do without: one that cannot says so itself. */
export function makeFolder(path: string): void {
  hasDone(() => makeFolders(path));
}

/** False, and said, when the file system refuses. */
export function hasDone(work: () => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    const failure = fromNodeError(error);
    if (!(failure instanceof SyscallFailed)) throw error;
    complain(failure.message);
    return false;
  }
}

export function complain(text: string): void {
  printError(`ovs-ctl: ${text}\n`);
}
