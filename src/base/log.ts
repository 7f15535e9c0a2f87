/**
 * vlog: named modules, five levels, and sinks (console, file, syslog) that the daemon installs.
 * Every module makes its logger once, at the top of a file: `const log = logger('bridge')`.
 */
import { type Clock, systemClock } from './clock.ts';
import type { Ms } from './units.ts';

export const levels = ['off', 'emer', 'err', 'warn', 'info', 'dbg'] as const;
export type Level = (typeof levels)[number];
export const destinations = ['syslog', 'console', 'file'] as const;
export type Destination = (typeof destinations)[number];

/** One message on its way to the sinks. */
export interface LogRecord {
  readonly module: string;
  readonly level: Exclude<Level, 'off'>;
  readonly text: string;
  /** When it was said: in milliseconds since 1970, and by the clock that is never set. */
  readonly wall: number;
  readonly monotonic: Ms;
  /** Counts the messages of this process, from 1. */
  readonly number: number;
  /** The thread or helper process that said it, e.g. "monitor"; empty for the main thread of the main process. */
  readonly subprogram: string;
}

export interface LogSink {
  write(record: LogRecord): void;
}

/** The bucket of a rate-limited message: `perMinute` tokens come in a minute, `burst` at most are kept. */
export interface RateLimit {
  readonly perMinute: number;
  readonly burst: number;
}

export interface Logger {
  readonly module: string;
  emer(text: string): void;
  err(text: string): void;
  warn(text: string): void;
  info(text: string): void;
  /** Give a function where making the text costs something. */
  dbg(text: string | (() => string)): void;
  /** Like `warn` and friends, but counted against this call site's bucket; says later how many were dropped. */
  limited(level: Exclude<Level, 'off'>, site: LimitedSite, text: string | (() => string)): void;
  isEnabled(level: Level): boolean;
}

/** The state of one rate-limited call site; make it once beside the logger. */
export class LimitedSite {
  readonly limit: RateLimit;
  tokens: number;
  filledAt: number;
  droppedCount = 0;
  firstDropped = 0;
  lastDropped = 0;

  constructor(limit: RateLimit = { perMinute: 5, burst: 5 }) {
    this.limit = limit;
    this.tokens = limit.burst;
    this.filledAt = Number.NEGATIVE_INFINITY;
  }
}

class Module implements Logger {
  readonly module: string;
  readonly threshold: Record<Destination, number> = { ...defaultThreshold };
  isLimited = areLimited;

  constructor(module: string) {
    this.module = module;
  }

  emer = (text: string): void => emit(this, 'emer', text);
  err = (text: string): void => emit(this, 'err', text);
  warn = (text: string): void => emit(this, 'warn', text);
  info = (text: string): void => emit(this, 'info', text);

  dbg(text: string | (() => string)): void {
    if (this.isEnabled('dbg')) emit(this, 'dbg', typeof text === 'string' ? text : text());
  }

  isEnabled(level: Level): boolean {
    const rank = levels.indexOf(level);
    for (const to of destinations) if (sinks[to] !== undefined && rank <= this.threshold[to]) return true;
    return false;
  }

  limited(level: Exclude<Level, 'off'>, site: LimitedSite, text: string | (() => string)): void {
    if (!this.isEnabled(level)) return;
    const now = clock.now();
    if (this.isLimited && !takeToken(site, now)) return;
    if (site.droppedCount > 0) {
      const first = Math.floor((now - site.firstDropped) / 1000);
      const last = Math.floor((now - site.lastDropped) / 1000);
      const dropped = `Dropped ${site.droppedCount} log messages in last ${first} seconds`;
      emit(this, level, `${dropped} (most recently, ${last} seconds ago) due to excessive rate`);
      site.droppedCount = 0;
    }
    emit(this, level, typeof text === 'string' ? text : text());
  }
}

/** What each destination starts with: info. */
const defaultThreshold: Record<Destination, number> = { syslog: 4, console: 4, file: 4 };
const modules = new Map<string, Module>();
const sinks: Partial<Record<Destination, LogSink>> = {};
let clock: Clock = systemClock;
let subprogram = '';
let areLimited = true;
let count = 0;

/** The process-wide logger of that module, made on first use. */
export function logger(module: string): Logger {
  return moduleNamed(module);
}

export const logRegistry = {
  /** Sorted by name. */
  modules: (): readonly string[] => [...modules.keys()].sort(),
  levelOf: (module: string, to: Destination): Level =>
    levels[modules.get(module)?.threshold[to] ?? defaultThreshold[to]] ?? 'off',
  /** Without `module`, sets all modules and what later ones start with. False when the module is unknown. */
  setLevel(level: Level, to: Destination | undefined, module?: string): boolean {
    const rank = levels.indexOf(level);
    const tos = to === undefined ? destinations : [to];
    const found = module === undefined ? [...modules.values()] : [modules.get(module)];
    for (const d of tos) {
      if (module === undefined) defaultThreshold[d] = rank;
      for (const m of found) if (m !== undefined) m.threshold[d] = rank;
    }
    return !found.includes(undefined);
  },
  isKnown: (module: string): boolean => modules.has(module),
  isRateLimited: (module: string): boolean => modules.get(module)?.isLimited ?? true,
  /** Without `module`, all modules and what later ones start with. */
  setRateLimited(isLimited: boolean, module?: string): void {
    if (module === undefined) areLimited = isLimited;
    for (const m of module === undefined ? modules.values() : [moduleNamed(module)]) m.isLimited = isLimited;
  },
  /** `undefined` takes the sink away. */
  setSink(to: Destination, sink: LogSink | undefined): void {
    if (sink === undefined) delete sinks[to];
    else sinks[to] = sink;
  },
  setClock(to: Clock): void {
    clock = to;
  },
  /** Names this thread or helper process in what it says from now on. */
  setSubprogram(name: string): void {
    subprogram = name;
  },
};

function moduleNamed(module: string): Module {
  let found = modules.get(module);
  if (found === undefined) {
    found = new Module(module);
    modules.set(module, found);
  }
  return found;
}

function emit(from: Module, level: Exclude<Level, 'off'>, text: string): void {
  const rank = levels.indexOf(level);
  let record: LogRecord | undefined;
  for (const to of destinations) {
    const sink = sinks[to];
    if (sink === undefined || rank > from.threshold[to]) continue;
    record ??= {
      module: from.module,
      level,
      text,
      wall: clock.wall(),
      monotonic: clock.now(),
      number: ++count,
      subprogram,
    };
    sink.write(record);
  }
}

function takeToken(site: LimitedSite, now: Ms): boolean {
  const gained = ((now - site.filledAt) / 60_000) * site.limit.perMinute;
  site.tokens = Math.min(site.limit.burst, site.tokens + gained);
  site.filledAt = now;
  if (site.tokens < 1) {
    if (site.droppedCount++ === 0) site.firstDropped = now;
    site.lastDropped = now;
    return false;
  }
  site.tokens--;
  return true;
}
