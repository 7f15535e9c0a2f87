/**
 * The logging of one program: destinations, patterns, levels, the log file. What `-v`, `--log-file` and the `vlog/`
 * commands change. Used by every program through `program.ts`.
 */
import { resolve } from 'node:path';
import { fromNodeError } from '../base/errno.ts';
import { Refused, SyscallFailed } from '../base/errors.ts';
import {
  type Destination,
  destinations,
  type Level,
  type LogRecord,
  levels,
  logger,
  logRegistry,
} from '../base/log.ts';
import { toLowerAscii } from '../base/text.ts';
import { isReferenceModule } from './log-modules.ts';
import { formatRecord, type LogContext } from './log-pattern.ts';
import { consoleSink, type LineSink, LogFileSink, UdpSyslog, UnixSyslog } from './log-sinks.ts';

/** Numbers of RFC 5424 table 1, by the names that ovs-appctl(8) lists. */
const facilities = [
  'kern user mail daemon auth syslog lpr news uucp clock ftp ntp audit alert clock2',
  'local0 local1 local2 local3 local4 local5 local6 local7',
].flatMap((line, row) =>
  line.split(' ').map((name, at) => [name, row === 0 ? facilityAt(at) : 16 + at] as const),
);

function facilityAt(at: number): number {
  return at < 10 ? at : at + 1; // 10 is "authpriv", which has no name here
}

const DAEMON = 3;
const LOCAL0 = 16;
const udpPort = 514;

/** A way to syslog, `--syslog-method`. */
interface SyslogMethod {
  /** What `vlog/list-pattern` shows before the pattern of messages. */
  readonly shownPrefix: string;
  /** What stands before it on the wire. */
  readonly prefix: string;
  readonly sink: LineSink | undefined;
}

/** As the C library does it. */
const libcMethod: SyslogMethod = {
  shownPrefix: '<%B> %D{%h %e %T} %E %A:',
  prefix: '<%B>%d{%h %e %T} %A: ',
  sink: new UnixSyslog('/dev/log'),
};

/** RFC 5424, with the mark of UTF-8 that it asks for. */
const targetPattern = '<%B>1 %D{%Y-%m-%dT%H:%M:%S.###Z} %E %A %P %c - \ufeff%m';

/**
 * A log file as it was named, and where it is.
 * Differs: a relative name of a log file stays in the folder of the start; the reference follows the daemon to "/".
 */
interface FileName {
  readonly name: string;
  readonly path: string;
}

const log = logger('vlog');

export class LogControl {
  #context: LogContext;
  #facility: number | undefined;
  readonly #patterns: Record<Destination, string> = {
    syslog: 'ovs|%05N|%c%T|%p|%m',
    console: '%D{%Y-%m-%dT%H:%M:%SZ}|%05N|%c%T|%p|%m',
    file: '%D{%Y-%m-%dT%H:%M:%S.###Z}|%05N|%c%T|%p|%m',
  };
  /** The last one that could be opened, also while it is closed. */
  #fileName: FileName | undefined;
  #file: LogFileSink | undefined;
  #syslog = libcMethod;
  #hasSyslogMethod = false;
  #target: LineSink | undefined;

  constructor(context: LogContext) {
    this.#context = context;
    logRegistry.setSink('console', { write: (record) => consoleSink.write(this.#line('console', record)) });
    logRegistry.setSink('syslog', { write: (record) => this.#writeSyslog(record) });
  }

  /** What `-vSPEC` and `vlog/set SPEC` say. Throws Refused with the reference's words. */
  set(spec: string): void {
    if (spec === '') {
      logRegistry.setLevel('dbg', undefined);
      return;
    }
    const [first = '', ...rest] = spec.split(/[ :]/);
    if (toLowerAscii(first) === 'pattern') this.#setPattern(spec.slice(first.length + 1), rest[0]);
    else if (toLowerAscii(first) === 'facility') this.#setFacility(rest[0] ?? '');
    else setLevels(spec);
  }

  /**
   * `--log-file`: what is said goes there from now on. Returns why it cannot be opened, after a warning; the file that
   * was open before stays in use then.
   */
  openFile(name: string): string | undefined {
    return this.#open({ name, path: resolve(name) });
  }

  /** For log rotation. Returns why it cannot be done, as `openFile` does. */
  reopenFile(): string | undefined {
    return this.#fileName === undefined ? 'Logging to file not configured' : this.#open(this.#fileName);
  }

  /**
   * Like `openFile` for a helper process that logs only in trouble: each message finds the file that has the name then,
   * so the file needs no opening anew after a rotation.
   */
  openFileForEachMessage(name: string): void {
    const path = resolve(name);
    logRegistry.setSink('file', {
      write: (record) => {
        const file = tryOpen(path);
        if (!(file instanceof LogFileSink)) return;
        file.write(this.#line('file', record));
        file.close();
      },
    });
  }

  closeFile(): void {
    logRegistry.setSink('file', undefined);
    this.#file?.close();
    this.#file = undefined;
  }

  /** The console falls silent: the daemon has left its terminal. */
  leaveConsole(): void {
    logRegistry.setLevel('off', 'console');
  }

  /** `--syslog-target=HOST:PORT`: in addition to the local syslog. */
  setSyslogTarget(text: string): void {
    const { host, port } = readHostPort(text);
    this.#target = new UdpSyslog(host, port);
    log.warn('--syslog-target flag is deprecated, use --syslog-method instead');
  }

  /** `--syslog-method`: "libc", "null", "unix:FILE" or "udp:IP[:PORT]"; the first one counts. Throws Refused. */
  setSyslogMethod(method: string): void {
    if (this.#hasSyslogMethod) return;
    this.#syslog = readSyslogMethod(method);
    this.#hasSyslogMethod = true;
  }

  /** The table of `vlog/list`. */
  formatLevels(): string {
    const rows = logRegistry.modules().map((module) => {
      const [console, syslog, file] = (['console', 'syslog', 'file'] as const).map((to) =>
        logRegistry.levelOf(module, to).toUpperCase().padStart(4),
      );
      const limit = logRegistry.isRateLimited(module) ? '' : '    (rate limiting disabled)';
      return `${module.padEnd(16)}  ${console}       ${syslog}       ${file}${limit}\n`;
    });
    const head = '                 console    syslog    file\n                 -------    ------    ------\n';
    return head + rows.join('');
  }

  /** By destination. */
  get patterns(): Readonly<Record<Destination, string>> {
    return { ...this.#patterns };
  }

  /** The table of `vlog/list-pattern`. */
  formatPatterns(): string {
    const head =
      '         prefix                            format\n         ------                            ------\n';
    const row = (name: string, prefix: string, to: Destination): string =>
      `${name.padEnd(8)} ${prefix.padEnd(32)}  ${this.#patterns[to]}\n`;
    return (
      head +
      row('SYSLOG', this.#syslog.shownPrefix, 'syslog') +
      row('CONSOLE', 'none', 'console') +
      row('FILE', 'none', 'file')
    );
  }

  #open(fileName: FileName): string | undefined {
    const file = tryOpen(fileName.path);
    if (!(file instanceof LogFileSink)) {
      log.warn(`failed to open ${fileName.name} for logging: ${file.reason}`);
      return file.reason;
    }
    if (this.#file?.isSame(file) === true) {
      file.close();
      return undefined;
    }
    if (this.#file !== undefined) log.info('closing log file');
    this.closeFile();
    this.#file = file;
    this.#fileName = fileName;
    logRegistry.setSink('file', { write: (record) => file.write(this.#line('file', record)) });
    log.info(`opened log file ${fileName.name}`);
    return undefined;
  }

  #writeSyslog(record: LogRecord): void {
    const { prefix, sink } = this.#syslog;
    for (const text of this.#format(this.#patterns.syslog, record, DAEMON).split('\n'))
      if (text !== '') sink?.write(this.#format(prefix, record, DAEMON) + text);
    this.#target?.write(this.#format(targetPattern, record, LOCAL0));
  }

  #line(to: Destination, record: LogRecord): string {
    return this.#format(this.#patterns[to], record, LOCAL0);
  }

  #format(pattern: string, record: LogRecord, facility: number): string {
    return formatRecord(pattern, record, { ...this.#context, facility: this.#facility ?? facility });
  }

  #setPattern(rest: string, destination: string | undefined): void {
    if (destination === undefined || destination === '') throw new Refused('vlog', 'missing destination');
    const name = toLowerAscii(destination);
    const to = destinations.filter((known) => name === 'any' || known === name);
    if (to.length === 0) throw new Refused('vlog', `unknown destination "${destination}"`);
    for (const each of to) this.#patterns[each] = rest.slice(destination.length + 1);
  }

  #setFacility(name: string): void {
    const found = facilities.find(([known]) => known === toLowerAscii(name));
    if (found === undefined) throw new Refused('vlog', 'invalid facility');
    this.#facility = found[1];
  }
}

function tryOpen(path: string): LogFileSink | SyscallFailed {
  try {
    return new LogFileSink(path);
  } catch (error) {
    const why = fromNodeError(error, path);
    if (!(why instanceof SyscallFailed)) throw why;
    return why;
  }
}

/** [MODULE][:DESTINATION][:LEVEL], in any order and case, separated by spaces, commas or colons. */
function setLevels(spec: string): void {
  let to: Destination | undefined;
  let level: Level | undefined;
  let module: string | undefined;
  for (const word of spec.split(/[ ,:]+/).filter((part) => part !== '')) {
    const name = toLowerAscii(word);
    const destination = destinations.find((known) => known === name);
    const asLevel = levels.find((known) => known === name);
    const asModule = moduleOf(name);
    if (name === 'any') continue;
    if (destination !== undefined) to = onlyOne(to, destination, 'destinations');
    else if (asLevel !== undefined) level = onlyOne(level, asLevel, 'levels');
    else if (asModule !== undefined) module = onlyOne(module, asModule, 'modules');
    else throw new Refused('vlog', `no destination, level, or module "${word}"`);
  }
  logRegistry.setLevel(level ?? 'dbg', to, module);
}

/** The module of that name, ours or one that only the reference has. */
function moduleOf(name: string): string | undefined {
  const written = name.replaceAll('-', '_');
  if (!logRegistry.isKnown(written) && isReferenceModule(written)) logger(written);
  return logRegistry.isKnown(written) ? written : undefined;
}

function onlyOne<T>(before: T | undefined, value: T, what: string): T {
  if (before !== undefined) throw new Refused('vlog', `cannot specify multiple ${what}`);
  return value;
}

function readSyslogMethod(method: string): SyslogMethod {
  const direct = { shownPrefix: '<%B>', prefix: '<%B>' };
  if (method === 'libc') return libcMethod;
  if (method === 'null') return { shownPrefix: '', prefix: '', sink: undefined };
  if (method.startsWith('unix:')) return { ...direct, sink: new UnixSyslog(method.slice(5)) };
  if (!method.startsWith('udp:')) throw new Refused('vlog', `unsupported syslog method '${method}'`);
  const { host, port } = readHostPort(method.slice(4), udpPort);
  return { ...direct, sink: new UdpSyslog(host, port) };
}

/** "10.0.0.1:514", "[fe80::1]:514"; the port may be missing where there is a usual one. */
function readHostPort(text: string, usualPort?: number): { host: string; port: number } {
  const [, host = '', portText] = /^(\[[^\]]+\]|[^:]+)(?::(\d{1,5}))?$/.exec(text) ?? [];
  const port = portText === undefined ? usualPort : Number(portText);
  if (host === '' || port === undefined || port < 1 || port > 65535)
    throw new Refused('vlog', `bad syslog target "${text}"; expected IP:PORT`);
  return { host: host.replace(/^\[|\]$/g, ''), port };
}
