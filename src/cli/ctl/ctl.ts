/**
 * ovs-ctl: starts and stops the daemons of a host in the right order, for service files and for people. ovs-ctl(8).
 * Differs: there is no kernel module to load, and core files and locked memory are left to the service manager.
 * Differs: without --system-id the id that was kept before is used; the reference sets an empty one.
 */
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { existsSync, readTextOrEmpty, writeFileSync } from '../../base/files.ts';
import { randomUuid } from '../../base/random.ts';
import { trimSpaces } from '../../base/text.ts';
import { printOut } from '../../daemon/output.ts';
import { processInput } from '../../daemon/process-bytes.ts';
import { Fatal, type Program, VERSION, versionHelp } from '../../daemon/program.ts';
import { readSystemRelease } from '../../daemon/system-release.ts';
import { emitJson } from '../../rpc/json.ts';
import { extraDatabases, findSchema, prepareDatabase } from './database.ts';
import { ctlHelp } from './help.ts';
import { Host } from './host.ts';
import { readCtl } from './options.ts';
import { enableProtocol } from './protocol.ts';
import { action, complain, hasDone, makeFolder, say, type Task } from './task.ts';

const daemons = ['ovsdb-server', 'ovs-vswitchd'] as const;
type DaemonName = (typeof daemons)[number];

/** The whole program; resolves with its exit status. */
export async function ctl(program: Program): Promise<number> {
  const config = readCtl(program.args, program.directories, complain);
  if (config === 'help' || config === 'version' || config.command === 'help') {
    if (config === 'version') printOut(versionHelp(program.name), 'ends');
    else printOut(ctlHelp(program.name, program.directories), 'is ignored');
    return 0;
  }
  const host = new Host(program.directories.run, process.argv[1] ?? '', processInput().env);
  const task = { program, config, host };
  switch (config.command) {
    case 'start':
      return start(task);
    case 'stop':
      return stop(task);
    case 'restart':
    case 'force-reload-kmod':
      return stop(task) || start(task);
    case 'status':
      return status(task);
    case 'version':
      printOut(daemons.map((daemon) => host.run(daemon, ['--version']).output).join(''), 'ends');
      return 0;
    case 'load-kmod':
      printOut('No kernel module is needed. Nothing to load.\n', 'ends');
      return 0;
    case 'enable-protocol':
      return enableProtocol(task);
    case 'start-ovs-ipsec':
    case 'stop-ovs-ipsec':
      throw new Fatal(`${config.command}: IPsec is not built yet`);
    case 'delete-transient-ports':
      return deleteTransientPorts(task) ? 0 : 1;
    case 'record-hostname-if-not-set':
      return recordHostname(task) ? 0 : 1;
  }
}

function start(task: Task): number {
  const { runsServer, runsSwitch } = task.config;
  if (runsServer && !startServer(task)) return 1;
  if (runsSwitch && !startSwitch(task)) return 1;
  if (task.config.recordsHostname) recordHostname(task);
  if ((runsServer || runsSwitch) && task.host.pidOf('ovsdb-server') !== undefined) {
    const remote = 'db:Open_vSwitch,Open_vSwitch,manager_options';
    const args = ['-t', 'ovsdb-server', 'ovsdb-server/add-remote', remote];
    action('Enabling remote OVSDB managers', task.host.run('ovs-appctl', args).isOk);
  }
  return 0;
}

function startServer(task: Task): boolean {
  const { config, host } = task;
  if (host.pidOf('ovsdb-server') !== undefined || host.servesDatabase()) {
    say('ovsdb-server is already running.\n');
    return true;
  }
  if (!prepareDatabase(task)) return false;
  const args = [
    config.databaseFile,
    ...extraDatabases(task),
    ...quietLogs,
    `--remote=punix:${config.databaseSocket}`,
    '--private-key=db:Open_vSwitch,SSL,private_key',
    '--certificate=db:Open_vSwitch,SSL,certificate',
    '--bootstrap-ca-cert=db:Open_vSwitch,SSL,ca_cert',
    ...config.serverOptions,
  ];
  if (!startDaemon(task, 'ovsdb-server', args)) return false;
  if (!action('Configuring Open vSwitch system IDs', configureSystem(task))) return false;
  if (config.deletesBridges) deleteBridges(task);
  if (config.deletesTransientPorts) deleteTransientPorts(task);
  return true;
}

function startSwitch(task: Task): boolean {
  const { config, host } = task;
  if (host.pidOf('ovs-vswitchd') !== undefined) {
    say('ovs-vswitchd is already running.\n');
    return true;
  }
  const lock = config.locksMemory ? ['--mlockall'] : [];
  const args = [`unix:${config.databaseSocket}`, ...quietLogs, ...lock, ...config.switchOptions];
  return startDaemon(task, 'ovs-vswitchd', args);
}

const quietLogs = ['-vconsole:emer', '-vsyslog:err', '-vfile:info'];

function startDaemon({ program, config, host }: Task, daemon: DaemonName, args: readonly string[]): boolean {
  const { run, log } = program.directories;
  for (const folder of [run, log]) makeFolder(folder);
  const shared = [
    ...(config.user === undefined ? [] : [`--user=${config.user}`]),
    '--no-chdir',
    `--log-file=${log}/${daemon}.log`,
    `--pidfile=${run}/${daemon}.pid`,
    '--detach',
    ...(config.isMonitored ? ['--monitor'] : []),
  ];
  const niceness = { 'ovsdb-server': config.serverPriority, 'ovs-vswitchd': config.switchPriority }[daemon];
  const folder = config.folder ?? '/';
  makeFolder(folder);
  return action(`Starting ${daemon}`, host.run(daemon, [...args, ...shared], { folder, niceness }).isOk);
}

function configureSystem(task: Task): boolean {
  const { program, config, host } = task;
  const schemaVersion = trimSpaces(host.run('ovsdb-tool', ['schema-version', findSchema(task)]).output);
  const id = systemId(task);
  if (id === undefined) say('system ID not configured, please use --system-id ... failed!\n');
  const release = readSystemRelease();
  const settings = [
    `db-version=${schemaVersion}`,
    `ovs-version=${VERSION}`,
    ...(id === undefined ? [] : [`external-ids:system-id=${quote(id)}`]),
    `external-ids:rundir=${quote(program.directories.run)}`,
    `system-type=${quote(config.systemType ?? persisted(program, 'system-type') ?? release.type)}`,
    `system-version=${quote(config.systemVersion ?? persisted(program, 'system-version') ?? release.version)}`,
    ...config.externalIds.map(externalId),
  ];
  return vsctl(task, 'init', '--', 'set', 'Open_vSwitch', '.', ...settings).isOk;
}

/** The given id, or with "random" the one that was made before, or now. */
function systemId({ program, config }: Task): string | undefined {
  const file = `${program.directories.sysconf}/openvswitch/system-id.conf`;
  if (config.systemId !== 'random') return config.systemId ?? persisted(program, 'system-id');
  const kept = persisted(program, 'system-id');
  if (kept !== undefined) return kept;
  const fresh = randomUuid();
  makeFolder(dirname(file));
  hasDone(() => writeFileSync(file, `${fresh}\n`)); // without the file, the next start makes another id
  return fresh;
}

/** What an administrator wrote into /etc/openvswitch/NAME.conf. */
function persisted({ directories }: Program, name: string): string | undefined {
  const file = `${directories.sysconf}/openvswitch/${name}.conf`;
  const text = trimSpaces(readTextOrEmpty(file));
  return text === '' ? undefined : text;
}

/** A database string, quoted as ovs-vsctl reads it. */
export function quote(text: string): string {
  return emitJson(text);
}

/** "key=value" as a setting of ovs-vsctl. */
export function externalId(pair: string): string {
  const equals = pair.indexOf('=');
  if (equals <= 0) throw new Fatal(`--external-id=${pair}: expected KEY=VALUE`);
  return `external-ids:${quote(pair.slice(0, equals))}=${quote(pair.slice(equals + 1))}`;
}

function recordHostname(task: Task): boolean {
  const full = task.config.usesFullHostname
    ? trimSpaces(task.host.tryQuietly('hostname', ['-f']).output)
    : '';
  const name = full !== '' ? full : hostname();
  return vsctl(task, 'add', 'Open_vSwitch', '.', 'external-ids', `hostname=${quote(name)}`).isOk;
}

function deleteBridges(task: Task): void {
  for (const bridge of vsctl(task, 'list-br').output.split('\n').filter(Boolean))
    vsctl(task, 'del-br', bridge);
}

function deleteTransientPorts(task: Task): boolean {
  const found = vsctl(task, '--bare', '--columns=name', 'find', 'port', 'other_config:transient=true');
  for (const port of found.output.split('\n').filter(Boolean)) vsctl(task, '--if-exists', 'del-port', port);
  return found.isOk;
}

function vsctl({ config, host }: Task, ...args: readonly string[]) {
  return host.run('ovs-vsctl', ['--no-wait', `--db=unix:${config.databaseSocket}`, ...args]);
}

function stop({ config, host }: Task): number {
  const wanted: Record<DaemonName, boolean> = {
    'ovsdb-server': config.runsServer,
    'ovs-vswitchd': config.runsSwitch,
  };
  for (const daemon of [...daemons].reverse().filter((name) => wanted[name])) {
    const pid = host.pidOf(daemon);
    if (pid === undefined) say(`${daemon} is not running.\n`);
    else if (!action(`Exiting ${daemon} (${pid})`, host.stop(daemon, pid))) return 1;
  }
  return 0;
}

function status({ host }: Task): number {
  const pidOf = (daemon: DaemonName): number | undefined =>
    host.pidOf(daemon) ?? (host.servesDatabase() ? host.pidOf('ovs-vswitchd') : undefined);
  const pids = daemons.map((daemon) => [daemon, pidOf(daemon)] as const);
  const lines = pids.map(([daemon, pid]) => {
    if (pid !== undefined) return `${daemon} is running with pid ${pid}\n`;
    const pidfile = host.pidfileOf(daemon);
    return existsSync(pidfile)
      ? `Pidfile for ${daemon} (${pidfile}) is stale\n`
      : `${daemon} is not running\n`;
  });
  printOut(lines.join(''), 'ends');
  return pids.every(([, pid]) => pid !== undefined) ? 0 : 1;
}
