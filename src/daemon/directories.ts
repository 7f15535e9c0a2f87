/**
 * Where the programs keep sockets, logs, the database and their data: the OVS_* variables, with the places of the
 * Debian packages as defaults. Used by every program.
 */

export interface Directories {
  /** Sockets and pidfiles. */
  readonly run: string;
  readonly log: string;
  readonly database: string;
  readonly sysconf: string;
  readonly packageData: string;
}

export function readDirectories(env: Readonly<Record<string, string | undefined>>): Directories {
  const sysconf = nonEmpty(env.OVS_SYSCONFDIR) ?? '/etc';
  return {
    run: nonEmpty(env.OVS_RUNDIR) ?? '/var/run/openvswitch',
    log: nonEmpty(env.OVS_LOGDIR) ?? '/var/log/openvswitch',
    database: nonEmpty(env.OVS_DBDIR) ?? `${sysconf}/openvswitch`,
    sysconf,
    packageData: nonEmpty(env.OVS_PKGDATADIR) ?? '/usr/share/openvswitch',
  };
}

/** `path` as it is when absolute, otherwise inside `folder`. */
export function inFolder(folder: string, path: string): string {
  return path.startsWith('/') ? path : `${folder}/${path}`;
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}
