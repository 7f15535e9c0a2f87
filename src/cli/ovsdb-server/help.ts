/** The text of `ovsdb-server --help`. */
import { daemonHelp } from '../../daemon/daemon.ts';
import { connectionHelp, logHelp, type Program } from '../../daemon/program.ts';
import { replayHelp } from '../../daemon/replay.ts';

export function serverHelp(program: Pick<Program, 'name' | 'directories'>): string {
  return `${program.name}: Open vSwitch database server
usage: ${program.name} [OPTIONS] [DATABASE...]
where each DATABASE is a database file in ovsdb format.
The default DATABASE, if none is given, is
${program.directories.database}/conf.db.

JSON-RPC options (may be specified any number of times):
  --remote=REMOTE         connect or listen to REMOTE

${connectionHelp('JSON-RPC', { listens: true, bootstraps: true })}${daemonHelp(program)}${logHelp(program)}
Syncing options:
  --sync-from=SERVER      sync DATABASE from active SERVER and start in
                          backup mode (except with --active)
  --sync-exclude-tables=DB:TABLE,...
                          exclude the TABLE in DB from syncing
  --active                with --sync-from, start in active mode
${replayHelp}
Other options:
  --run COMMAND           run COMMAND as subprocess then exit
  --unixctl=SOCKET        override default control socket name
  --disable-file-column-diff
                          don't use column diff in database file
  -h, --help              display this help message
  -V, --version           display version information
`;
}
