/**
 * `--quickstart`, what `npm start` runs: which folders serve somebody who just tries the switch out, and what they are
 * told. Pure but for `prepareFolders`.
 */

import { constants } from 'node:fs';
import { dirname } from 'node:path';
import { accessSync, makeFolders, statSync } from '../../base/files.ts';
import type { Directories } from '../../daemon/directories.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The reference's places where they may be written to; otherwise the user's own, unless the variables say where. */
export function quickstartDirectories(
  given: Directories,
  env: Environment,
  isWritable: (folder: string) => boolean,
): Directories {
  if (isWritable(given.run) && isWritable(given.database)) return given;
  const state = env.XDG_STATE_HOME || `${env.HOME || '/tmp'}/.local/state`;
  const run = env.XDG_RUNTIME_DIR ? `${env.XDG_RUNTIME_DIR}/openvswitch` : `${state}/openvswitch/run`;
  return {
    ...given,
    run: env.OVS_RUNDIR || run,
    log: env.OVS_LOGDIR || `${state}/openvswitch/log`,
    database: env.OVS_DBDIR || (env.OVS_SYSCONFDIR ? given.database : `${state}/openvswitch`),
  };
}

/** May files be made in `folder`, or in the nearest folder above it when it does not exist yet? */
export function isWritableFolder(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return statSync(folder).isDirectory();
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return isMissing && folder !== dirname(folder) && isWritableFolder(dirname(folder));
  }
}

/** Makes the folders of sockets and of the database file, for their owner alone. */
export function prepareFolders(directories: Directories, databaseFile: string): void {
  for (const folder of [directories.run, dirname(databaseFile)]) {
    makeFolders(folder);
  }
}

export interface QuickstartFacts {
  readonly directories: Directories;
  readonly defaults: Directories;
  readonly databaseFile: string;
  readonly databaseSocket: string;
  readonly unixctl: string | undefined;
  readonly pid: number;
  readonly isRoot: boolean;
  /** Has this process the right to make devices and open packet sockets? */
  readonly hasNetAdmin: boolean;
  /** Folder of our own ovs-vsctl. */
  readonly bin: string | undefined;
  readonly bridges: readonly string[];
  /** Why bridges and internal ports cannot have devices, if they cannot, and what helps. */
  readonly tunProblem: string | undefined;
}

export function formatQuickstart(facts: QuickstartFacts): string {
  const { directories, defaults, bin } = facts;
  const isElsewhere = directories.run !== defaults.run;
  const lines = [
    '',
    'Open vSwitch (ovs-ts) is running.',
    '',
    `  process    ${facts.pid}, in the foreground: Ctrl-C stops it and removes the devices it made;`,
    '             when it ends otherwise they stay for the next start, with their addresses',
    `  database   ${facts.databaseFile}`,
    `             unix:${facts.databaseSocket}`,
    `  control    ${facts.unixctl ?? 'none'}`,
    `  bridges    ${facts.bridges.length === 0 ? 'none yet' : facts.bridges.join(', ')}`,
    '',
    ...missingRights(facts),
    'In another terminal:',
    '',
    ...(isElsewhere ? [`  export OVS_RUNDIR=${directories.run}`] : []),
    ...(bin === undefined ? [] : [`  export PATH=${bin}:$PATH`]),
    '  ovs-vsctl add-br br0              # a switch, and a device of its name',
    '  ovs-vsctl add-port br0 eth1       # a network device becomes one of its ports',
    '  ovs-vsctl show',
    '  ovs-appctl fdb/show br0           # addresses it has learned',
    '',
    'Any ovs-vsctl of Open vSwitch works too. A ready-made pair of hosts: npm run demo',
    '',
  ];
  return `${lines.join('\n')}\n`;
}

function missingRights(facts: QuickstartFacts): string[] {
  const { tunProblem } = facts;
  const tun =
    tunProblem === undefined
      ? []
      : ['Bridges and internal ports have devices of this host, but', `  ${tunProblem}`, ''];
  if (facts.hasNetAdmin) return tun;
  const who = facts.isRoot ? 'This process' : 'You are not root, so this process';
  return [
    `${who} may not open network devices (CAP_NET_ADMIN and CAP_NET_RAW are missing).`,
    'The database and its tools work; bridges whose datapath_type is "dummy" too with --enable-dummy. For real ports:',
    '',
    '  sudo npm start                    # or, in a namespace of your own:',
    '  unshare --user --map-root-user --net npm start',
    '',
    ...tun,
  ];
}

/** Reads CapEff of /proc/self/status: CAP_NET_ADMIN is bit 12, CAP_NET_RAW bit 13. */
export function readNetRights(processStatus: string): boolean {
  const hex = /^CapEff:\s*([0-9a-f]+)$/m.exec(processStatus)?.[1] ?? '0';
  const wanted = (1n << 12n) | (1n << 13n);
  return (BigInt(`0x${hex}`) & wanted) === wanted;
}
