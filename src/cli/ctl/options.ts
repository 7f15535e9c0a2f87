/** The command line of ovs-ctl(8): commands, options, help. */
import type { Directories } from '../../daemon/directories.ts';
import {
  type CommandLine,
  isUsed,
  lastArgument,
  type OptionDef,
  readOptions,
  UsageError,
} from '../../daemon/options.ts';

const commandNames = [
  'start',
  'stop',
  'restart',
  'status',
  'version',
  'load-kmod',
  'force-reload-kmod',
  'enable-protocol',
  'delete-transient-ports',
  'record-hostname-if-not-set',
  'help',
] as const;
type CommandName = (typeof commandNames)[number];

const values = [
  'system-id',
  'system-type',
  'system-version',
  'external-id',
  'ovs-user',
  'daemon-cwd',
  'db-file',
  'db-sock',
  'db-schema',
  'ovsdb-server-options',
  'ovs-vswitchd-options',
  'ovsdb-server-priority',
  'ovs-vswitchd-priority',
  'ovsdb-server-wrapper',
  'ovs-vswitchd-wrapper',
  'protocol',
  'sport',
  'dport',
] as const;

const switches = [
  'delete-bridges',
  'delete-transient-ports',
  'ovsdb-server',
  'ovs-vswitchd',
  'monitor',
  'force-corefiles',
  'dump-hugepages',
  'mlockall',
  'full-hostname',
  'record-hostname',
  'self-confinement',
] as const;
type SwitchName = (typeof switches)[number];

export const options: readonly OptionDef[] = [
  ...values.map((name) => ({ name, argument: 'required' }) as const),
  ...switches.flatMap((name) => [{ name }, { name: `no-${name}` }]),
  { name: 'help', short: 'h' },
  { name: 'version', short: 'V' },
];

/** What is asked for, with defaults filled in. */
export interface CtlConfig {
  readonly command: CommandName;
  readonly systemId: string | undefined;
  readonly systemType: string | undefined;
  readonly systemVersion: string | undefined;
  /** "key=value" */
  readonly externalIds: readonly string[];
  readonly user: string | undefined;
  readonly folder: string | undefined;
  readonly databaseFile: string;
  readonly databaseSocket: string;
  readonly schemaFile: string | undefined;
  readonly serverOptions: readonly string[];
  readonly switchOptions: readonly string[];
  readonly runsServer: boolean;
  readonly runsSwitch: boolean;
  readonly isMonitored: boolean;
  readonly deletesBridges: boolean;
  readonly deletesTransientPorts: boolean;
  readonly recordsHostname: boolean;
  readonly usesFullHostname: boolean;
  readonly locksMemory: boolean;
  readonly protocol: {
    readonly name: string;
    readonly sport: string | undefined;
    readonly dport: string | undefined;
  };
}

/** Undefined when help or version is asked for. Throws UsageError. */
export function readCtl(args: readonly string[], directories: Directories): CtlConfig | 'help' | 'version' {
  const line = readOptions(args, options);
  if (isUsed(line, 'help')) return 'help';
  if (isUsed(line, 'version')) return 'version';
  const command = readCommand(line);
  const last = (name: (typeof values)[number]): string | undefined => lastArgument(line, name);
  return {
    command,
    systemId: last('system-id'),
    systemType: last('system-type'),
    systemVersion: last('system-version'),
    externalIds: line.options.flatMap(({ key, argument = '' }) => (key === 'external-id' ? [argument] : [])),
    user: last('ovs-user'),
    folder: last('daemon-cwd'),
    databaseFile: last('db-file') ?? `${directories.database}/conf.db`,
    databaseSocket: last('db-sock') ?? `${directories.run}/db.sock`,
    schemaFile: last('db-schema'),
    serverOptions: words(last('ovsdb-server-options')),
    switchOptions: words(last('ovs-vswitchd-options')),
    runsServer: isOn(line, 'ovsdb-server', true),
    runsSwitch: isOn(line, 'ovs-vswitchd', true),
    isMonitored: isOn(line, 'monitor', true),
    deletesBridges: isOn(line, 'delete-bridges', false),
    deletesTransientPorts: isOn(line, 'delete-transient-ports', false),
    recordsHostname: isOn(line, 'record-hostname', true),
    usesFullHostname: isOn(line, 'full-hostname', true),
    locksMemory: isOn(line, 'mlockall', true),
    protocol: { name: last('protocol') ?? 'gre', sport: last('sport'), dport: last('dport') },
  };
}

function readCommand(line: CommandLine): CommandName {
  const [given, ...more] = line.rest;
  if (given === undefined) throw new UsageError('missing command name (use --help for help)');
  if (more.length > 0) throw new UsageError('exactly one non-option argument required (use --help for help)');
  const command = commandNames.find((name) => name === given);
  if (command === undefined) throw new UsageError(`unknown command "${given}" (use --help for help)`);
  return command;
}

/** The last of `--NAME` and `--no-NAME` counts. */
function isOn(line: CommandLine, name: SwitchName, otherwise: boolean): boolean {
  const use = line.options.findLast(({ key }) => key === name || key === `no-${name}`);
  return use === undefined ? otherwise : use.key === name;
}

function words(text: string | undefined): readonly string[] {
  return text?.split(/[ \t-\r]+/).filter((word) => word !== '') ?? [];
}

export function ctlHelp(name: string, directories: Directories): string {
  return `${name}: controls Open vSwitch daemons
usage: ${name} [OPTIONS] COMMAND

Commands:
  start                       start Open vSwitch daemons
  stop                        stop Open vSwitch daemons
  restart                     stop and start Open vSwitch daemons
  status                      check whether Open vSwitch daemons are running
  version                     print versions of Open vSwitch daemons
  load-kmod                   does nothing: no kernel module is needed
  force-reload-kmod           the same as restart
  enable-protocol             enable protocol specified in options with
                              iptables
  delete-transient-ports      delete transient (other_config:transient=true)
                              ports
  record-hostname-if-not-set  record the system hostname in the database
                              if not already set
  help                        display this help message

One of the following options is required for "start" and "restart":
  --system-id=UUID   set specific ID to uniquely identify this system
  --system-id=random  use a random but persistent UUID to identify this system

Other options for "start" and "restart":
  --system-type=TYPE  set system type (e.g. "KVM")
  --system-version=VERSION  set system version (e.g. "4.18.el8_6")
  --external-id="key=value"
                     add given key-value pair to Open_vSwitch external-ids
  --delete-bridges   delete all bridges just before starting ovs-vswitchd
  --delete-transient-ports  delete transient ports likewise
  --ovs-user="user[:group]"  pass the --user flag to ovs daemons
  --daemon-cwd=DIR               set working dir for OVS daemons (default: /)
  --ovsdb-server-options=OPTIONS additional options for ovsdb-server
  --ovs-vswitchd-options=OPTIONS additional options for ovs-vswitchd
  --no-ovsdb-server, --no-ovs-vswitchd  leave that daemon alone
  --no-monitor       do not restart daemons after a crash
  --no-full-hostname             set short hostname instead of full hostname
  --no-record-hostname           do not record the hostname

File location options:
  --db-file=FILE     database file name (default: ${directories.database}/conf.db)
  --db-sock=SOCKET   JSON-RPC socket name (default: ${directories.run}/db.sock)
  --db-schema=FILE   database schema file name (default: ${directories.packageData}/vswitch.ovsschema)

Options for "enable-protocol":
  --protocol=PROTOCOL  protocol to enable with iptables (default: gre)
  --sport=PORT       source port to match (for tcp or udp protocol)
  --dport=PORT       destination port to match (for tcp or udp protocol)

Other options:
  -h, --help                  display this help message
  -V, --version               display version information
`;
}
