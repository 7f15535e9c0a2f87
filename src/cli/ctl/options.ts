/** The command line of ovs-ctl(8): commands, options, help. */
import type { Directories } from '../../daemon/directories.ts';
import { UsageError } from '../../daemon/options.ts';

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

export const values = [
  'system-id',
  'system-type',
  'system-version',
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

export const switches = [
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

/**
 * `warn` is told of an option that is not known: it is left out, so that a service file of another version goes on
 * starting the daemons. Throws UsageError.
 */
export function readCtl(
  args: readonly string[],
  directories: Directories,
  warn: (text: string) => void,
): CtlConfig | 'help' | 'version' {
  const line = readLine(args, warn);
  if (line === 'help' || line === 'version') return line;
  const last = (name: (typeof values)[number]): string | undefined => line.settings.get(name);
  return {
    command: readCommand(line.command),
    systemId: last('system-id'),
    systemType: last('system-type'),
    systemVersion: last('system-version'),
    externalIds: line.externalIds,
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

interface CtlLine {
  /** By name; the last one counts. A switch is "yes" or "no". */
  readonly settings: ReadonlyMap<string, string>;
  readonly externalIds: readonly string[];
  readonly command: string;
}

/** "--name=value", "--name" and "--no-name", as a shell script reads them: no abbreviations, no value after a space. */
function readLine(args: readonly string[], warn: (text: string) => void): CtlLine | 'help' | 'version' {
  const settings = new Map<string, string>();
  const externalIds: string[] = [];
  let command = '';
  for (const arg of args) {
    if (arg === '-h' || arg === '--help') return 'help';
    if (arg === '-V' || arg === '--version') return 'version';
    const option = readOption(arg);
    if (option?.name === 'external-id' && option.value !== undefined) {
      if (!option.value.includes('='))
        throw new UsageError('--external-id argument not in the form "key=value"');
      externalIds.push(option.value);
    } else if (option !== undefined) {
      const [name, value] = settingOf(option) ?? [];
      if (name === undefined || value === undefined) warn(`unknown option "${arg}" (use --help for help)`);
      else settings.set(name, value);
    } else if (arg.startsWith('-')) throw new UsageError(`unknown option "${arg}" (use --help for help)`);
    else if (command === '') command = arg;
    else throw new UsageError('exactly one non-option argument required (use --help for help)');
  }
  return { settings, externalIds, command };
}

interface CtlOption {
  readonly name: string;
  readonly value: string | undefined;
}

function readOption(arg: string): CtlOption | undefined {
  const [, name, , value] = /^--([a-z][^=]*)(=(.*))?$/s.exec(arg) ?? [];
  return name === undefined ? undefined : { name, value };
}

/** Undefined for an option that is not known. */
function settingOf({ name, value }: CtlOption): readonly [string, string] | undefined {
  const positive = name.replace(/^no-/, '');
  if (value === undefined && isOneOf(switches, positive)) return [positive, positive === name ? 'yes' : 'no'];
  if (value !== undefined && (isOneOf(values, name) || isOneOf(switches, name))) return [name, value];
  return undefined;
}

function isOneOf(names: readonly string[], name: string): boolean {
  return names.includes(name);
}

function readCommand(given: string): CommandName {
  if (given === '') throw new UsageError('missing command name (use --help for help)');
  const command = commandNames.find((name) => name === given);
  if (command === undefined) throw new UsageError(`unknown command "${given}" (use --help for help)`);
  return command;
}

function isOn({ settings }: CtlLine, name: SwitchName, otherwise: boolean): boolean {
  const value = settings.get(name);
  return value === undefined ? otherwise : value === 'yes';
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
