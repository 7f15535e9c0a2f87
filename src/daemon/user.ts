/**
 * `--user=USER[:GROUP]`: giving up root's identity after the start. Used by `daemon.ts`.
 */

import { reasonOf } from '../base/errno.ts';
import { readTextSync } from '../base/files.ts';
import { capabilities, keepCapabilities, setCapabilities } from '../sys/calls/capabilities.ts';
import { Fatal } from './program.ts';

export interface UserIds {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** All groups that the user belongs to, `gid` included. */
  readonly groups: readonly number[];
}

/** Finds the ids in the texts of /etc/passwd and /etc/group. Throws Fatal with the reference's words. */
export function findUser(spec: string, passwd: string, group: string, pidfile: string | undefined): UserIds {
  const where = pidfile ?? '(null)';
  const [user = '', groupName] = spec.split(':');
  const entry = fieldsOf(passwd, user);
  if (entry === undefined) throw new Fatal(`${where}: user ${user} not found, aborting.`);
  const gids = group.split('\n').map((line) => line.split(':'));
  const groups = gids
    .filter(([, , , members]) => members?.split(',').includes(user))
    .map(([, , gid]) => Number(gid));
  const own = {
    name: user,
    uid: Number(entry[2]),
    gid: Number(entry[3]),
    groups: [...groups, Number(entry[3])],
  };
  if (groupName === undefined || groupName === '') return own;
  const found = fieldsOf(group, groupName);
  if (found === undefined) throw new Fatal(`${where}: group ${groupName} not found, aborting.`);
  const gid = Number(found[2]);
  if (!own.groups.includes(gid))
    throw new Fatal(`${where}: user ${user} is not in group ${groupName}, aborting.`);
  return { ...own, gid };
}

/** What a switch needs of root: sockets on devices, devices, eBPF programs. */
const networkCapabilities = Object.values(capabilities);

/** Changes this process's groups and user; may keep what a switch needs. Throws Fatal. */
export function becomeUser(spec: string, pidfile: string | undefined, keepsNetwork: boolean): void {
  const ids = findUser(spec, readTextSync('/etc/passwd'), readTextSync('/etc/group'), pidfile);
  if (ids.uid === process.getuid?.() && ids.gid === process.getgid?.()) return;
  try {
    if (keepsNetwork) keepCapabilities();
    process.setgroups?.([...ids.groups]);
    process.setgid?.(ids.gid);
    process.setuid?.(ids.uid);
    if (keepsNetwork) setCapabilities(networkCapabilities);
  } catch (error) {
    throw new Fatal(`cannot become user ${spec} (${reasonOf(error)})`);
  }
}

function fieldsOf(table: string, name: string): string[] | undefined {
  return table
    .split('\n')
    .map((line) => line.split(':'))
    .find(([first]) => first === name && name !== '');
}
