/**
 * Where a daemon's control socket is: `--unixctl`, or PROGRAM.PID.ctl among the sockets. Used by every daemon.
 */
import { SyscallFailed } from '../base/errors.ts';
import type { Transport } from '../net/transport.ts';
import type { Daemon } from './daemon.ts';
import { inFolder } from './directories.ts';
import type { OptionDef } from './options.ts';
import { Fatal, type Program } from './program.ts';
import type { UnixctlServer } from './unixctl.ts';

export const unixctlOption: OptionDef = { name: 'unixctl', argument: 'required' };

/** Starts `server` on the socket of that name (the usual when undefined), unless it is "none". Rejects with Fatal. */
export async function listenForCommands(
  server: UnixctlServer,
  given: string | undefined,
  program: Program,
  daemon: Daemon,
  transport?: Transport,
): Promise<void> {
  if (given === 'none') return;
  const path = inFolder(program.directories.run, given ?? `${program.name}.${process.pid}.ctl`);
  try {
    await server.listen(path, transport);
  } catch (error) {
    if (!(error instanceof SyscallFailed)) throw error;
    throw new Fatal(`${path}: could not initialize control socket (${error.reason})`);
  }
  daemon.atExit(() => server.close());
}
