/** The command line of ovs-vswitchd(8), and what we add to it. */
import {
  type DaemonConfig,
  daemonHelp,
  daemonOptions,
  defaultPidfile,
  readDaemonOptions,
} from '../../daemon/daemon.ts';
import { inFolder } from '../../daemon/directories.ts';
import { type CommandLine, isUsed, lastArgument, type OptionDef, readOptions } from '../../daemon/options.ts';
import {
  bootstrapOption,
  commonOptions,
  connectionHelp,
  Fatal,
  logHelp,
  logOptions,
  type Program,
  peerCaOption,
  readTlsOptions,
  tlsOptions,
} from '../../daemon/program.ts';
import type { TlsConfig } from '../../net/tls-config.ts';
import type { DummyMode } from '../../netdev/registry.ts';

export interface ProgramOptions {
  readonly line: CommandLine;
  readonly daemon: DaemonConfig;
  readonly tls: TlsConfig;
  /** Servers of the database, in turn; none for an embedded one. */
  readonly remotes: readonly string[];
  /** File of the embedded database. */
  readonly embedded: string | undefined;
  readonly isQuickstart: boolean;
  /** Path of the control socket; undefined for "none". */
  readonly unixctl: string | undefined;
  readonly dummy: DummyMode;
  /** NUMA nodes of the cores that are to be taken for this host's: "0,0,1". */
  readonly dummyNuma: string | undefined;
  readonly isSystemDisabled: boolean;
  /** Routes of the host count for tunnels. */
  readonly usesHostRoutes: boolean;
  readonly locksMemory: boolean;
}

const ownOptions: readonly OptionDef[] = [
  { name: 'embedded-db', argument: 'optional' },
  { name: 'quickstart' },
  { name: 'unixctl', argument: 'required' },
  { name: 'enable-dummy', argument: 'optional' },
  { name: 'disable-system' },
  { name: 'disable-system-route' },
  { name: 'mlockall' },
  { name: 'dpdk', argument: 'optional' },
  { name: 'dummy-numa', argument: 'required' },
];

const allOptions = [
  ...commonOptions,
  ...logOptions,
  ...tlsOptions,
  bootstrapOption,
  peerCaOption,
  ...daemonOptions,
  ...ownOptions,
];

/** Throws UsageError or Fatal. `line` alone is enough for --help and --version. */
export function readCommandLine(args: readonly string[]): CommandLine {
  return readOptions(args, allOptions);
}

export function readProgramOptions(line: CommandLine, program: Program): ProgramOptions {
  const { rest } = line;
  if (isUsed(line, 'dpdk')) throw new Fatal('Using --dpdk to configure DPDK is not supported.');
  if (rest.length > 1) throw new Fatal('at most one non-option argument accepted; use --help for usage');
  const { run, database } = program.directories;
  const isQuickstart = isUsed(line, 'quickstart');
  const hasEmbedded = isQuickstart || isUsed(line, 'embedded-db');
  if (hasEmbedded && rest.length > 0)
    throw new Fatal(`${rest[0]}: no database is taken along with an embedded one; use --help for usage`);
  const daemon = readDaemonOptions(line, program);
  return {
    line,
    // ovs-appctl finds a daemon by its pidfile
    daemon: isQuickstart ? { ...daemon, pidfile: daemon.pidfile ?? defaultPidfile(program) } : daemon,
    tls: readTlsOptions(line),
    remotes: hasEmbedded ? [] : readRemotes(rest[0] ?? `unix:${run}/db.sock`),
    embedded: hasEmbedded ? inFolder(database, lastArgument(line, 'embedded-db') ?? 'conf.db') : undefined,
    isQuickstart,
    unixctl: readUnixctl(line, program),
    dummy: isUsed(line, 'enable-dummy') ? readDummyMode(lastArgument(line, 'enable-dummy')) : 'none',
    dummyNuma: lastArgument(line, 'dummy-numa'),
    isSystemDisabled: isUsed(line, 'disable-system'),
    usesHostRoutes: !isUsed(line, 'disable-system-route'),
    locksMemory: isUsed(line, 'mlockall'),
  };
}

/** "tcp:a:1,tcp:b:1" names the servers of a cluster. A comma inside an address does not occur. */
function readRemotes(text: string): string[] {
  return text.split(',').filter((remote) => remote !== '');
}

function readUnixctl(line: CommandLine, program: Program): string | undefined {
  const given = lastArgument(line, 'unixctl') ?? `${program.name}.${process.pid}.ctl`;
  return given === 'none' ? undefined : inFolder(program.directories.run, given);
}

function readDummyMode(argument: string | undefined): DummyMode {
  if (argument === undefined || argument === '') return 'beside';
  if (argument !== 'override' && argument !== 'system') throw new Fatal(`${argument}: unknown dummy level`);
  return argument;
}

export function helpText(program: Program): string {
  const { run, database } = program.directories;
  return `ovs-vswitchd: Open vSwitch daemon
usage: ovs-vswitchd [OPTIONS] [DATABASE]
where DATABASE is a socket on which ovsdb-server is listening
      (default: "unix:${run}/db.sock").

${connectionHelp('DATABASE', { bootstraps: true })}${daemonHelp(program)}${logHelp(program)}
DPDK options:
Configuration of DPDK via command-line is removed from this
version of Open vSwitch. DPDK is configured through ovsdb.

Database options:
  --embedded-db[=FILE]      serve the database from this process
                            (default: ${database}/conf.db)
  --quickstart              like --embedded-db, and say what to do next

Other options:
  --unixctl=SOCKET          override default control socket name
  -h, --help                display this help message
  -V, --version             display version information
`;
}
