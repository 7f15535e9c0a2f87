/**
 * What makes a program a daemon: leaving the terminal, the pidfile, the supervising process of `--monitor`, signals
 * and the orderly end. Used by ovs-vswitchd and ovsdb-server; ovs-vswitchd(8) "Daemon Options" is the text.
 *
 * Node cannot fork. A program that has to detach, or to be supervised, starts itself again with the same arguments
 * and a role in its environment; the new process says over a pipe when it is ready:
 *
 *   called by the user ──(--detach)──► monitor ──(--monitor)──► daemon
 *        waits for "ready", exits      restarts after a crash    serves
 */
import { closeSync, writeSync } from 'node:fs';
import { fromNodeError } from '../base/errno.ts';
import { SyscallFailed } from '../base/errors.ts';
import { openSync, writeFileSync } from '../base/files.ts';
import { logger, logRegistry } from '../base/log.ts';
import { signalText } from '../base/signals.ts';
import { keepProcessAlive } from '../base/timers-drive.ts';
import { inFolder } from './directories.ts';
import { MemoryFile } from './memory-file.ts';
import { supervise } from './monitor.ts';
import { type CommandLine, isUsed, lastArgument, type OptionDef } from './options.ts';
import { OutputFailed, printError } from './output.ts';
import { checkNotRunning, makePidfile } from './pidfile.ts';
import { type LogFileOption, openLogFile, type Program, readLogFile, reportFatal } from './program.ts';
import { KEPT_FD, type ProcessRole, READY_FD, roleVariable, startAgain } from './respawn.ts';
import { becomeUser } from './user.ts';

export const daemonOptions: readonly OptionDef[] = [
  { name: 'detach' },
  { name: 'no-self-confinement' },
  { name: 'no-chdir' },
  { name: 'pidfile', argument: 'optional' },
  { name: 'overwrite-pidfile' },
  { name: 'monitor' },
  { name: 'user', argument: 'required' },
];

/** The help text of `daemonOptions`, as the reference prints it. */
export function daemonHelp(program: Pick<Program, 'name' | 'directories'>): string {
  return `
Daemon options:
  --detach                run in background as daemon
  --monitor               creates a process to monitor this daemon
  --user=username[:group] changes the effective daemon user:group
  --no-chdir              do not chdir to '/'
  --pidfile[=FILE]        create pidfile (default: ${program.directories.run}/${program.name}.pid)
  --overwrite-pidfile     with --pidfile, start even if already running
`;
}

export interface DaemonConfig {
  readonly isDetached: boolean;
  readonly isMonitored: boolean;
  readonly staysInFolder: boolean;
  /** Full path; undefined for none. */
  readonly pidfile: string | undefined;
  readonly overwritesPidfile: boolean;
  /** "user[:group]" */
  readonly user: string | undefined;
  readonly logFile: LogFileOption | undefined;
  /** Of 0, 1 and 2, those that a detached process keeps open. None when absent. */
  readonly keptFiles?: readonly number[];
}

export function readDaemonOptions(
  line: CommandLine,
  program: Pick<Program, 'name' | 'directories'>,
): DaemonConfig {
  const pidfile = lastArgument(line, 'pidfile');
  const namedPidfile =
    pidfile === undefined ? defaultPidfile(program) : inFolder(program.directories.run, pidfile);
  return {
    isDetached: isUsed(line, 'detach'),
    isMonitored: isUsed(line, 'monitor'),
    staysInFolder: isUsed(line, 'no-chdir'),
    pidfile: isUsed(line, 'pidfile') ? namedPidfile : undefined,
    overwritesPidfile: isUsed(line, 'overwrite-pidfile'),
    user: lastArgument(line, 'user'),
    logFile: isUsed(line, 'log-file') ? readLogFile(program, lastArgument(line, 'log-file')) : undefined,
  };
}

/** Where other programs look for a daemon's pidfile. */
export function defaultPidfile({ name, directories }: Pick<Program, 'name' | 'directories'>): string {
  return inFolder(directories.run, `${name}.pid`);
}

/** What `--user` must leave to the program. */
export interface DaemonNeeds {
  /** Devices, packet sockets and eBPF: a switch, but not a database. */
  readonly keepsNetwork?: boolean;
  /** It goes on after a crash, under --monitor, from what it told `keep`. */
  readonly keepsState?: boolean;
}

const fatalLog = logger('fatal_signal');
const bugLog = logger('daemon');

/**
 * To be called before anything else is opened. Returns in the process that is to serve; in the waiting
 * or supervising processes it never returns. Opens the log file, so that only processes that log have it. Throws Fatal.
 */
export async function startDaemon(
  config: DaemonConfig,
  program: Program,
  needs: DaemonNeeds = {},
): Promise<Daemon> {
  const role = takeRole();
  if (role === undefined) {
    if (config.pidfile !== undefined && !config.overwritesPidfile) checkNotRunning(config.pidfile);
    if (config.isDetached) return startAgain(config.isMonitored ? 'monitor' : 'daemon', program.name);
  }
  if (config.isMonitored && role !== 'daemon') {
    if (config.logFile !== undefined) program.log.openFileForEachMessage(config.logFile.name);
    return supervise({
      name: program.name,
      keepsState: needs.keepsState === true,
      // a daemon that is started again finds files by the same relative names
      afterFirstStart: () => leaveTerminal({ ...config, staysInFolder: true }, program, role !== undefined),
    });
  }
  return new Daemon(config, program, { isChild: role !== undefined, ...needs });
}

export class Daemon {
  readonly #config: DaemonConfig;
  readonly #program: Program;
  readonly #isChild: boolean;
  readonly #cleanups: (() => void)[] = [];
  readonly #kept: MemoryFile | undefined;
  #isReady = false;

  constructor(config: DaemonConfig, program: Program, start: DaemonNeeds & { readonly isChild: boolean }) {
    this.#config = config;
    this.#program = program;
    this.#isChild = start.isChild;
    const isFollowed = config.isMonitored && start.keepsState === true;
    this.#kept = isFollowed ? MemoryFile.inherited(KEPT_FD) : undefined;
    nameProcess(program.name);
    keepProcessAlive(); // nobody may listen or connect yet
    if (config.logFile !== undefined) openLogFile(program, config.logFile);
    if (config.user !== undefined) becomeUser(config.user, config.pidfile, start.keepsNetwork === true);
    if (config.pidfile !== undefined) this.#cleanups.push(makePidfile(config.pidfile));
    process.on('exit', () => this.#cleanUp());
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGALRM'] as const) {
      process.on(signal, () => this.#signal(signal));
    }
    process.on('uncaughtException', (error) => {
      if (error instanceof OutputFailed) process.exit(reportFatal(program.name, error));
      bugLog.emer(`internal error: ${error instanceof Error ? error.stack : error}`);
      process.abort(); // a crash, for whoever supervises us
    });
  }

  /** What the daemon before this one kept; '' when there was none. */
  get kept(): string {
    return this.#kept?.read() ?? '';
  }

  /** For the daemon that follows should this one crash, if one does. Throws Node's error. */
  keep(text: string): void {
    this.#kept?.write(text);
  }

  /** Runs `action` at the end of the process, however it ends short of a crash. Last in, first out; synchronous. */
  atExit(action: () => void): void {
    this.#cleanups.push(action);
  }

  /** Called for a signal that ends the program; the default ends it at once, by the same signal. */
  onSignal: (signal: NodeJS.Signals) => void = (signal) => this.endBy(signal);

  /** What SIGHUP does instead of ending the program: ovs-vswitchd opens its log file anew. */
  onHangup: (() => void) | undefined;

  /** Cleans up and dies by that signal, so that the parent sees it. */
  endBy(signal: NodeJS.Signals): void {
    this.#cleanUp();
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  }

  /** The program serves now: the one who started it may go on, and the terminal is left. */
  ready(): void {
    if (this.#isReady) return;
    this.#isReady = true;
    leaveTerminal(this.#config, this.#program, this.#isChild);
  }

  #signal(signal: NodeJS.Signals): void {
    if (signal === 'SIGHUP' && this.onHangup !== undefined) {
      this.onHangup();
      return;
    }
    const numbers: Partial<Record<NodeJS.Signals, number>> = {
      SIGHUP: 1,
      SIGINT: 2,
      SIGALRM: 14,
      SIGTERM: 15,
    };
    fatalLog.warn(`terminating with signal ${numbers[signal]} (${signalText(signal)})`);
    this.onSignal(signal);
  }

  #cleanUp(): void {
    for (const action of this.#cleanups.splice(0).reverse()) action();
  }
}

/** Says "ready" to the process that started us and, when detached, gives up terminal and folder. */
function leaveTerminal(config: DaemonConfig, program: Program, isChild: boolean): void {
  if (isChild) tellStarter(program.name);
  if (!config.isDetached) return;
  program.log.leaveConsole();
  for (const fd of [0, 1, 2]) {
    if (config.keptFiles?.includes(fd) === true) continue;
    closeSync(fd);
    openSync('/dev/null', fd === 0 ? 'r' : 'w'); // takes the lowest free number, the one just closed
  }
  if (!config.staysInFolder) process.chdir('/');
}

/** Ends the process when the one who started us is gone: nobody waits for this daemon. */
function tellStarter(name: string): void {
  try {
    writeSync(READY_FD, 'r');
    closeSync(READY_FD);
  } catch (why) {
    const failure = fromNodeError(why, 'ready');
    const text = `pipe write failed (${failure instanceof SyscallFailed ? failure.reason : failure.message})`;
    bugLog.emer(text);
    printError(`${name}: ${text}\n`);
    process.exit(1);
  }
}

function takeRole(): ProcessRole | undefined {
  const role = process.env[roleVariable];
  delete process.env[roleVariable];
  if (role === 'monitor') {
    logRegistry.setSubprogram('monitor');
    return role;
  }
  return role === 'daemon' ? role : undefined;
}

/** What `ps -o comm` shows. */
function nameProcess(name: string): void {
  try {
    writeFileSync('/proc/self/comm', name);
  } catch {
    // only a name
  }
}
