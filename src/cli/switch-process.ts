/** What the command line of this host's running ovs-vswitchd tells about it. Used by ovs-vsctl and ovs-ctl. */
import { join } from 'node:path';
import { readTextOrEmpty } from '../base/files.ts';
import { trimSpaces } from '../base/text.ts';

export interface SwitchProcess {
  /** It is also the database's server: `--embedded-db` or `--quickstart`. */
  readonly servesDatabase: boolean;
  /** Its log goes to the terminal that it was started from, and to no file. */
  readonly logsToTerminal: boolean;
}

/** Of the process whose id its pidfile in `rundir` holds; all false when there is none, or another program. */
export function switchProcess(rundir: string): SwitchProcess {
  const pid = trimSpaces(readTextOrEmpty(join(rundir, 'ovs-vswitchd.pid')));
  const words = /^[0-9]+$/.test(pid) ? readTextOrEmpty(`/proc/${pid}/cmdline`).split('\0') : [];
  const isUsed = (option: string) => words.some((word) => word === option || word.startsWith(`${option}=`));
  const isQuickstart = isUsed('--quickstart');
  return {
    servesDatabase: isQuickstart || isUsed('--embedded-db'),
    logsToTerminal: isQuickstart && !isUsed('--log-file') && !isUsed('--detach'),
  };
}
