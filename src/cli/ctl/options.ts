/** The command line of ovs-ctl(8): commands, options, help. */
import { type Directories, inFolder } from '../../daemon/directories.ts';
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
  'start-ovs-ipsec',
  'stop-ovs-ipsec',
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
  'extra-dbs',
  'ovsdb-server-options',
  'ovs-vswitchd-options',
  'ovsdb-server-priority',
  'ovs-vswitchd-priority',
  'ovsdb-server-wrapper',
  'ovs-vswitchd-wrapper',
  'protocol',
  'sport',
  'dport',
  'ike-daemon',
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
  'restart-ike-daemon',
] as const;
type SwitchName = (typeof switches)[number];

/** What the reference acts on and we do not, and who does. */
const withoutEffect: Partial<Record<(typeof values)[number] | SwitchName, string>> = {
  'force-corefiles': 'core files are left to the service manager',
  'dump-hugepages': 'core files are left to the service manager',
  'self-confinement': 'there is no confinement to do without',
  'ovsdb-server-wrapper': 'the daemons are not run under valgrind or strace',
  'ovs-vswitchd-wrapper': 'the daemons are not run under valgrind or strace',
  'ike-daemon': 'IPsec is not built yet',
  'restart-ike-daemon': 'IPsec is not built yet',
};

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
  /** Paths of databases that ovsdb-server serves too. */
  readonly extraDatabases: readonly string[];
  readonly serverOptions: readonly string[];
  readonly switchOptions: readonly string[];
  /** As of nice(1); undefined to leave it as it is. */
  readonly serverPriority: string | undefined;
  readonly switchPriority: string | undefined;
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
    extraDatabases: words(last('extra-dbs')).map((file) => inFolder(directories.database, file)),
    serverOptions: words(last('ovsdb-server-options')),
    switchOptions: words(last('ovs-vswitchd-options')),
    serverPriority: last('ovsdb-server-priority'),
    switchPriority: last('ovs-vswitchd-priority'),
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
      else {
        settings.set(name, value);
        const why = withoutEffect[name];
        if (why !== undefined) warn(`${arg} has no effect: ${why}`);
      }
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
function settingOf({
  name,
  value,
}: CtlOption): readonly [(typeof values)[number] | SwitchName, string] | undefined {
  const positive = name.replace(/^no-/, '');
  if (value === undefined && isOneOf(switches, positive)) return [positive, positive === name ? 'yes' : 'no'];
  if (value !== undefined && (isOneOf(values, name) || isOneOf(switches, name))) return [name, value];
  return undefined;
}

function isOneOf<N extends string>(names: readonly N[], name: string): name is N {
  return names.some((one) => one === name);
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
