/** What makes the devices of this daemon its own: where it runs, and whose configuration it serves. */
import { realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { SyscallFailed } from '../../base/errors.ts';
import { formatRemote, OVSDB_PORT, readActiveRemote } from '../../net/remote.ts';
import { DeviceMark } from '../../netdev/device-mark.ts';

/** `remotes`: the servers of the database, in any order; "unix:db.sock" for an embedded one, which serves there too. */
export function ownDevices(rundir: string, remotes: readonly string[]): DeviceMark {
  const addresses = remotes.map((remote) => addressOf(remote, rundir));
  return new DeviceMark(realPath(rundir), addresses.sort().join());
}

function addressOf(text: string, rundir: string): string {
  try {
    const remote = readActiveRemote(text, { defaultPort: OVSDB_PORT, rundir });
    if (remote.kind !== 'unix') return formatRemote(remote);
    return `unix:${join(realPath(dirname(remote.path)), basename(remote.path))}`; // the socket may not be there yet
  } catch (error) {
    if (!(error instanceof SyscallFailed)) throw error;
    return text; // whoever connects says what is wrong with it
  }
}

/** Without symbolic links, of which /var/run is one. */
function realPath(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return resolve(folder); // it is not there yet
  }
}
