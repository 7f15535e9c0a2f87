/**
 * ovsdb-server, from the command line to the end: opens the databases, listens, serves until told to exit or until the
 * command of `--run` is over. ovsdb-server(1).
 */
import { spawn } from 'node:child_process';
import { systemClock } from '../../base/clock.ts';
import { coverageRates } from '../../base/coverage.ts';
import { defer } from '../../base/defer.ts';
import { logger } from '../../base/log.ts';
import { randomUuid, systemRandom } from '../../base/random.ts';
import { Timers } from '../../base/timers.ts';
import { driveTimers } from '../../base/timers-drive.ts';
import { addBuiltinCommands } from '../../daemon/builtin-commands.ts';
import { listenForCommands } from '../../daemon/control-socket.ts';
import { type Daemon, daemonOptions, readDaemonOptions, startDaemon } from '../../daemon/daemon.ts';
import { endText } from '../../daemon/monitor.ts';
import { isUsed, lastArgument, readOptions } from '../../daemon/options.ts';
import { printOut } from '../../daemon/output.ts';
import { exactCommand } from '../../daemon/process-bytes.ts';
import {
  applyLogOptions,
  commonOptions,
  Fatal,
  logOptions,
  type Program,
  programVersion,
  versionHelp,
} from '../../daemon/program.ts';
import { openReplay, type Replay, replayOptions } from '../../daemon/replay.ts';
import { Commands, UnixctlServer } from '../../daemon/unixctl.ts';
import { OvsdbError } from '../../ovsdb/engine/errors.ts';
import { Remotes } from '../../ovsdb/server/remotes.ts';
import { OvsdbServer } from '../../ovsdb/server/server.ts';
import { systemSockets } from '../../ovsdb/server/sockets.ts';
import { lockDatabase } from '../database-lock.ts';
import { serverCommands } from './commands.ts';
import { serverHelp } from './help.ts';
import { type Changeable, readServerConfig, type ServerConfig, serverOptions } from './options.ts';
import { Replication } from './replication.ts';
import { Running } from './running.ts';
import { sslProblems, sslSettings } from './ssl.ts';

const log = logger('ovsdb_server');

/** Returns the exit status. */
export async function ovsdbServer(program: Program): Promise<number> {
  const unixctlOption = { name: 'unixctl', argument: 'required' } as const;
  const known = [
    ...serverOptions,
    ...replayOptions,
    unixctlOption,
    ...daemonOptions,
    ...logOptions,
    ...commonOptions,
  ];
  const line = readOptions(program.args, known);
  if (isUsed(line, 'help')) return print(serverHelp(program));
  if (isUsed(line, 'version')) return print(versionHelp(program.name));
  const config = readServerConfig(line, `${program.directories.database}/conf.db`);
  applyLogOptions(line, program, 'no file');
  const daemon = await startDaemon(readDaemonOptions(line, program), program, { keepsState: true });
  const timers = new Timers(systemClock);
  driveTimers(timers);
  const replay = openReplay(line, program);
  const running = await start({ ...config, ...changesOf(daemon) }, program, { daemon, timers, replay });
  const unixctl = await openUnixctl(lastArgument(line, 'unixctl'), program, running, daemon, replay);
  const command = config.run;
  const ended = command === undefined ? new Promise<undefined>(() => {}) : runCommand(command);
  daemon.ready();
  running.remotes.start();
  running.replication.restart();
  if (command === undefined) log.info(programVersion(program.name).trimEnd());
  const failure = await Promise.race([unixctl.exited, ended, replay.ended]);
  running.close();
  unixctl.server.close();
  if (failure !== undefined) throw new Fatal(`${command}: child exited, ${failure}`);
  return 0;
}

interface Surroundings {
  readonly daemon: Daemon;
  readonly timers: Timers;
  readonly replay: Replay;
}

/** What appctl had changed of the server that crashed before this one, cut short if that was in the middle of it. */
function changesOf(daemon: Daemon): Changeable | undefined {
  try {
    return JSON.parse(daemon.kept);
  } catch {
    return undefined;
  }
}

/** Opens databases and remotes. Throws Fatal. */
async function start(
  config: ServerConfig,
  program: Program,
  { daemon, timers, replay }: Surroundings,
): Promise<Running> {
  const newUuid = replay.uuids(randomUuid);
  const server = new OvsdbServer({ timers, defer, newUuid, historySize: 0, isReplayable: replay.isActive });
  const tls = sslSettings(server, config.ssl);
  const sockets = systemSockets(program.directories.run, {
    tls,
    transport: replay.transport,
  });
  const remotes = new Remotes({ server, sockets, timers });
  const replication = new Replication(config, { server, sockets, timers });
  const storage = { timers, newUuid, random: systemRandom, defer, lock: lockDatabase };
  const save = (changes: Changeable): void => daemon.keep(JSON.stringify(changes));
  const running = new Running({ server, remotes, replication, save, sockets, storage });
  try {
    for (const file of config.files) running.openDatabase(file);
  } catch (error) {
    throw error instanceof OvsdbError ? new Fatal(error.message) : error;
  }
  for (const name of config.remotes) remotes.add(name);
  const problems = remotes.problems() || sslProblems(server, config.ssl);
  if (problems !== '') throw new Fatal(problems);
  await remotes.apply();
  remotes.writeStatus();
  replication.onChange = () => running.save();
  running.save();
  return running;
}

/** Samples the counters for as long as the process runs. */
interface Unixctl {
  readonly server: UnixctlServer;
  /** Resolves when `exit` was asked for. */
  readonly exited: Promise<undefined>;
}

async function openUnixctl(
  path: string | undefined,
  program: Program,
  running: Running,
  daemon: Daemon,
  { transport }: Replay,
): Promise<Unixctl> {
  const commands = new Commands();
  const server = new UnixctlServer(commands);
  const exited = new Promise<undefined>((resolve) => {
    addBuiltinCommands(commands, {
      name: program.name,
      log: program.log,
      rates: coverageRates(running.server.timers),
      memoryCounts: () => new Map(),
      exit(_args, done) {
        done();
        defer(() => resolve(undefined)); // once the answer is on its way
      },
    });
  });
  commands.add(...serverCommands(running), ...running.replication.commands());
  server.onWake = () => server.run();
  await listenForCommands(server, path, program, daemon, transport);
  return { server, exited };
}

/** Resolves when the command has ended, with what is wrong with its end. */
function runCommand(command: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(...exactCommand('/bin/sh', ['-c', command]), { stdio: 'inherit' });
    child.on('error', (error) => reject(new Fatal(`${command}: process failed to start (${error.message})`)));
    child.on('exit', (code, signal) => resolve(code === 0 ? undefined : endText(code, signal)));
  });
}

function print(text: string): number {
  printOut(text, 'is ignored');
  return 0;
}
