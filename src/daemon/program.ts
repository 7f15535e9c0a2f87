/**
 * The frame of every program: its name, logging, the options that all share, and how it ends. A program's file in
 * src/programs calls `runProgram` and does the rest in the function it gives.
 */
import { hostname } from 'node:os';
import { basename } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { fromNodeError } from '../base/errno.ts';
import { VswitchError } from '../base/errors.ts';
import { logger, logRegistry } from '../base/log.ts';
import { Timers } from '../base/timers.ts';
import { driveTimers } from '../base/timers-drive.ts';
import { ms } from '../base/units.ts';
import type { TlsConfig } from '../net/tls-config.ts';
import { type Directories, readDirectories } from './directories.ts';
import { LogControl } from './log-control.ts';
import { type CommandLine, isUsed, type OptionDef, UsageError } from './options.ts';
import { printError } from './output.ts';
import { processInput } from './process-bytes.ts';

/** The version of the reference whose behaviour and interfaces we offer; what scripts and databases compare. */
export const VERSION = '3.1.0';

/** Our own version, as in package.json. */
export const OWN_VERSION = '0.1.0';

/** What a program is given. */
export interface Program {
  /** As it was called: "ovs-vsctl". */
  readonly name: string;
  readonly args: readonly string[];
  readonly directories: Directories;
  readonly log: LogControl;
}

/** An expected end with a message: the program prints "NAME: message" and exits with `exitCode`. */
export class Fatal extends VswitchError {
  override readonly name = 'Fatal';
  override readonly code = 'FATAL';
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

const fatalLog = logger('fatal_signal');

/**
 * Runs `main` and ends the process with its result; undefined leaves it running. Expected errors become messages, a
 * system call that failed among them, whoever made it.
 */
export async function runProgram(main: (program: Program) => Promise<number | undefined>): Promise<void> {
  const program = thisProgram();
  try {
    const status = await main(program);
    if (status !== undefined) process.exit(status);
  } catch (error) {
    const expected = error instanceof VswitchError ? error : fromNodeError(error);
    if (!(expected instanceof VswitchError)) throw error;
    process.exit(reportFatal(program.name, expected));
  }
}

/** Prints "NAME: message"; returns the exit status. */
export function reportFatal(name: string, error: VswitchError): number {
  printError(`${name}: ${error.message}\n`);
  return error instanceof Fatal ? error.exitCode : 1;
}

function thisProgram(): Program {
  const name = basename(process.argv[1] ?? 'ovs');
  const { args, env } = processInput();
  return {
    name,
    args,
    directories: readDirectories(env),
    log: new LogControl({
      program: name,
      hostname: hostname(),
      pid: process.pid,
      started: systemClock.now(),
      facility: 0,
    }),
  };
}

/** The options of `--help` and `--version`. */
export const commonOptions: readonly OptionDef[] = [
  { name: 'help', short: 'h', help: 'display this help message' },
  { name: 'version', short: 'V', help: 'display version information' },
];

/** "ovs-vsctl (Open vSwitch) 3.1.0": the line by which scripts and logs know a program. */
export function programVersion(name: string): string {
  return `${name} (Open vSwitch) ${VERSION}\n`;
}

/**
 * What `--version` says: the line that scripts look for, `more` of the program's own, and last which implementation
 * this is, in words that no script takes for the first line's.
 */
export function versionHelp(name: string, ...more: readonly string[]): string {
  return [...more, `ovs-ts ${OWN_VERSION}`].reduce((text, line) => `${text}${line}\n`, programVersion(name));
}

export const logOptions: readonly OptionDef[] = [
  { name: 'verbose', short: 'v', argument: 'optional' },
  { name: 'log-file', argument: 'optional' },
  { name: 'syslog-method', argument: 'required' },
  { name: 'syslog-target', argument: 'required' },
];

/** The help text of `logOptions`, as the reference prints it. */
export function logHelp(program: Pick<Program, 'name' | 'directories'>): string {
  return `
Logging options:
  -vSPEC, --verbose=SPEC   set logging levels
  -v, --verbose            set maximum verbosity level
  --log-file[=FILE]        enable logging to specified FILE
                           (default: ${program.directories.log}/${program.name}.log)
  --syslog-method=(libc|unix:file|udp:ip:port)
                           specify how to send messages to syslog daemon
  --syslog-target=HOST:PORT  also send syslog msgs to HOST:PORT via UDP
`;
}

/** A log file as `--log-file` asks for it. */
export interface LogFileOption {
  readonly name: string;
  /** It was named, and so must be opened; the usual one need not. */
  readonly isRequired: boolean;
}

export function readLogFile(
  { name, directories }: Pick<Program, 'name' | 'directories'>,
  argument: string | undefined,
): LogFileOption {
  return { name: argument ?? `${directories.log}/${name}.log`, isRequired: argument !== undefined };
}

/** Opens it. A warning has said why when this ends the process. */
export function openLogFile(program: Program, { name, isRequired }: LogFileOption): void {
  if (program.log.openFile(name) !== undefined && isRequired) process.exit(1);
}

/**
 * Does what the log options say, in their order; `--log-file` only where the program does not leave it to
 * `startDaemon`. Throws Fatal for a bad level or pattern.
 */
export function applyLogOptions(line: CommandLine, program: Program, opens: 'log file' | 'no file'): void {
  const environment = isUsed(line, 'syslog-method') ? undefined : processInput().env.OVS_SYSLOG_METHOD;
  if (environment !== undefined && environment !== '') program.log.setSyslogMethod(environment);
  for (const { key, argument } of line.options) {
    if (key === 'verbose') setVerbosity(program, argument ?? '');
    else if (key === 'syslog-method') program.log.setSyslogMethod(argument ?? '');
    else if (key === 'syslog-target') program.log.setSyslogTarget(argument ?? '');
    else if (key === 'log-file' && opens === 'log file') openLogFile(program, readLogFile(program, argument));
  }
}

/** Tools say only warnings on the terminal, unless `-v` says otherwise. Call before `applyLogOptions`. */
export function quietConsole(): void {
  logRegistry.setLevel('warn', 'console');
}

function setVerbosity(program: Program, spec: string): void {
  try {
    program.log.set(spec);
  } catch (error) {
    if (!(error instanceof VswitchError)) throw error;
    throw new Fatal(`processing "${spec}": ${error.message}`);
  }
}

/** What every program that may speak TLS takes. */
export const tlsOptions: readonly OptionDef[] = [
  { name: 'ssl-server-name', argument: 'required' },
  { name: 'private-key', short: 'p', argument: 'required' },
  { name: 'certificate', short: 'c', argument: 'required' },
  { name: 'ca-cert', short: 'C', argument: 'required' },
  { name: 'ssl-protocols', argument: 'required' },
  { name: 'ssl-ciphers', argument: 'required' },
];
export const bootstrapOption: OptionDef = { name: 'bootstrap-ca-cert', argument: 'required' };
export const peerCaOption: OptionDef = { name: 'peer-ca-cert', argument: 'required' };

interface Connecting {
  readonly listens?: boolean;
  /** It takes `bootstrapOption`. */
  readonly bootstraps?: boolean;
}

/**
 * The help text of `tlsOptions`, below the remotes that a program connects to and, where it listens too, listens on;
 * `what` is its word for them.
 */
export function connectionHelp(what: string, { listens = false, bootstraps = false }: Connecting): string {
  const passive = `Passive ${what} connection methods:
  ptcp:PORT[:IP]          listen to TCP PORT on IP
  pssl:PORT[:IP]          listen for SSL on PORT on IP
  punix:FILE              listen on Unix domain socket FILE
`;
  return `Active ${what} connection methods:
  tcp:HOST:PORT           PORT at remote HOST
  ssl:HOST:PORT           SSL PORT at remote HOST
  unix:FILE               Unix domain socket named FILE
${listens ? passive : ''}PKI configuration (required to use SSL):
  -p, --private-key=FILE  file with private key
  -c, --certificate=FILE  file with certificate for private key
  -C, --ca-cert=FILE      file with peer CA certificate
${bootstraps ? '  --bootstrap-ca-cert=FILE  file with peer CA certificate to read or create\n' : ''}SSL options:
  --ssl-protocols=PROTOS  list of SSL protocols to enable
  --ssl-ciphers=CIPHERS   list of SSL ciphers to enable
`;
}

export function readTlsOptions(line: CommandLine): TlsConfig {
  const last = (key: string): string | undefined => line.options.findLast((use) => use.key === key)?.argument;
  const bootstrap = last('bootstrap-ca-cert');
  return {
    privateKey: last('private-key'),
    certificate: last('certificate'),
    caCert: bootstrap ?? last('ca-cert'),
    isBootstrap: bootstrap !== undefined,
    peerCaCert: last('peer-ca-cert'),
    protocols: last('ssl-protocols'),
    ciphers: last('ssl-ciphers'),
    serverName: last('ssl-server-name'),
  };
}

/** `--timeout`, or $OVS_CTL_TIMEOUT: ends the process by SIGALRM, as the reference does, when the time is over. */
export function limitRunTime(seconds: number): void {
  const timers = new Timers(systemClock);
  timers.after(ms(seconds * 1000), () => {
    // a daemon says it itself
    if (process.listenerCount('SIGALRM') === 0) fatalLog.warn('terminating with signal 14 (Alarm clock)');
    process.kill(process.pid, 'SIGALRM');
  });
  driveTimers(timers);
}

/** The argument of `--timeout`, whose short form is `short`: seconds from 1. Throws UsageError. */
export function readTimeout(text: string, short = '-T'): number {
  if (!/^[0-9]{1,10}$/.test(text) || Number(text) < 1)
    throw new UsageError(`value ${text} on ${short} or --timeout is invalid`);
  return Number(text);
}
