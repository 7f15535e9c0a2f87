/**
 * The commands that every daemon has: list-commands, version, exit, memory/show, coverage/*, vlog/*. ovs-appctl(8).
 */
import { allCounters, type CoverageRates } from '../base/coverage.ts';
import { Refused } from '../base/errors.ts';
import { logRegistry } from '../base/log.ts';
import { toLowerAscii } from '../base/text.ts';
import type { Json } from '../rpc/channel.ts';
import type { LogControl } from './log-control.ts';
import { OWN_VERSION, programVersion, VERSION } from './program.ts';
import { type Command, type CommandOutput, type Commands, defineCommand } from './unixctl.ts';

/** What the built-in commands ask of their daemon. */
export interface BuiltinHooks {
  /** The program's name. */
  readonly name: string;
  readonly log: LogControl;
  readonly rates: CoverageRates;
  /** What `memory/show` counts: "ports", "rules", ... Zeros are left out. Without it there is no such command. */
  readonly memoryCounts?: () => ReadonlyMap<string, number>;
  /** `exit` with its arguments, e.g. "--cleanup"; the reply is sent by calling `done`. */
  readonly exit: (args: readonly string[], done: () => void) => void;
  /** How the daemon declares `exit`: no arguments when absent. */
  readonly exitUsage?: string;
}

/** Adds them all. */
export function addBuiltinCommands(commands: Commands, hooks: BuiltinHooks): void {
  addReportCommands(commands, hooks);
  commands.add(exitCommand(hooks), ...vlogCommands(hooks.log));
}

/** Adds those that only tell something. */
export function addReportCommands(commands: Commands, hooks: ReportHooks): void {
  commands.add(...generalCommands(commands, hooks), ...coverageCommands(hooks.rates));
}

type ReportHooks = Pick<BuiltinHooks, 'name' | 'rates' | 'memoryCounts'>;

function generalCommands(commands: Commands, hooks: ReportHooks): Command[] {
  const { memoryCounts } = hooks;
  const list = (): CommandOutput => formatCommands(commands.list());
  return [
    defineCommand({ name: 'list-commands', usage: '', minArgs: 0, maxArgs: 0, run: list }),
    defineCommand({ name: 'help', usage: '', minArgs: 0, maxArgs: 0, isHidden: true, run: list }),
    defineCommand({
      name: 'version',
      usage: '',
      minArgs: 0,
      maxArgs: 0,
      run: () => ({
        text: programVersion(hooks.name),
        json: { program: hooks.name, version: VERSION, 'ovs-ts': OWN_VERSION },
      }),
    }),
    ...(memoryCounts === undefined ? [] : [memoryCommand(memoryCounts)]),
  ];
}

function exitCommand(hooks: BuiltinHooks): Command {
  return defineCommand({
    name: 'exit',
    usage: hooks.exitUsage ?? '',
    minArgs: 0,
    maxArgs: hooks.exitUsage === undefined ? 0 : 1,
    run(args, reply) {
      hooks.exit(args, () => reply.done(''));
      return undefined;
    },
  });
}

function memoryCommand(counts: () => ReadonlyMap<string, number>): Command {
  return defineCommand({
    name: 'memory/show',
    usage: '',
    minArgs: 0,
    maxArgs: 0,
    run: () => formatMemory(counts()),
  });
}

function coverageCommands(rates: CoverageRates): Command[] {
  return [
    defineCommand({
      name: 'coverage/show',
      usage: '',
      minArgs: 0,
      maxArgs: 0,
      run() {
        rates.collect();
        return showCoverage(rates);
      },
    }),
    defineCommand({
      name: 'coverage/read-counter',
      usage: 'COUNTER',
      minArgs: 1,
      maxArgs: 1,
      run([name]) {
        rates.collect();
        const counter = allCounters().find((candidate) => candidate.name === name);
        if (counter === undefined) throw new Refused('coverage', 'No such counter');
        return { text: `${counter.total}\n`, json: counter.total };
      },
    }),
  ];
}

function vlogCommands(log: LogControl): Command[] {
  const many = Number.POSITIVE_INFINITY;
  const limit = (isLimited: boolean) => (modules: readonly string[]) => setRateLimits(isLimited, modules);
  const module = '[module]...';
  return [
    defineCommand({
      name: 'vlog/set',
      usage: '{spec | PATTERN:destination:pattern}',
      minArgs: 0,
      maxArgs: many,
      run(specs) {
        for (const spec of specs.length === 0 ? [''] : specs) log.set(spec);
        return '';
      },
    }),
    defineCommand({ name: 'vlog/list', usage: '', minArgs: 0, maxArgs: 0, run: () => listLevels(log) }),
    defineCommand({
      name: 'vlog/list-pattern',
      usage: '',
      minArgs: 0,
      maxArgs: 0,
      run: () => ({ text: log.formatPatterns(), json: log.patterns }),
    }),
    defineCommand({
      name: 'vlog/reopen',
      usage: '',
      minArgs: 0,
      maxArgs: 0,
      run() {
        const failure = log.reopenFile();
        if (failure !== undefined) throw new Refused('vlog', failure);
        return '';
      },
    }),
    defineCommand({
      name: 'vlog/close',
      usage: '',
      minArgs: 0,
      maxArgs: 0,
      run() {
        log.closeFile();
        return '';
      },
    }),
    defineCommand({
      name: 'vlog/enable-rate-limit',
      usage: module,
      minArgs: 0,
      maxArgs: many,
      run: limit(true),
    }),
    defineCommand({
      name: 'vlog/disable-rate-limit',
      usage: module,
      minArgs: 0,
      maxArgs: many,
      run: limit(false),
    }),
  ];
}

function formatCommands(commands: readonly Command[]): CommandOutput {
  const lines = commands.map(({ name, usage }) => `  ${name.padEnd(23)} ${usage}\n`);
  return {
    text: `The available commands are:\n${lines.join('')}`,
    json: commands.map(({ name, usage }) => ({ name, usage })),
  };
}

/** "ports:3 rules:12", sorted by name; empty when there is nothing to count. */
export function formatMemory(counts: ReadonlyMap<string, number>): { text: string; json: Json } {
  const shown = [...counts].filter(([, count]) => count > 0).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    text: shown.map(([name, count]) => `${name}:${count}`).join(' '),
    json: Object.fromEntries(shown),
  };
}

function showCoverage(rates: CoverageRates): CommandOutput {
  const counters = allCounters();
  const hit = counters.filter(({ total }) => total > 0);
  const rows = hit.map((counter) => ({ ...counter, ...rates.ratesOf(counter.name) }));
  const lines = rows.map(({ name, total, fiveSeconds, minute, hour }) => {
    const five = fiveSeconds.toFixed(1).padStart(5);
    return `${name.padEnd(24)} ${five}/sec ${minute.toFixed(3).padStart(9)}/sec ${hour.toFixed(4).padStart(13)}/sec   total: ${total}\n`;
  });
  const hash = fingerprint(hit.map(({ name }) => name));
  const head = `Event coverage, avg rate over last: 5 seconds, last minute, last hour,  hash=${hash}:\n`;
  const never = `${counters.length - hit.length} events never hit\n`;
  return { text: head + lines.join('') + never, json: rows };
}

/** Tells sets of hit counters apart in logs: FNV-1a over the names, eight hexadecimal digits. */
function fingerprint(names: readonly string[]): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(names.join('\n'))) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}

function listLevels(log: LogControl): CommandOutput {
  const json: Record<string, Json> = {};
  for (const module of logRegistry.modules()) {
    json[module] = {
      console: logRegistry.levelOf(module, 'console'),
      syslog: logRegistry.levelOf(module, 'syslog'),
      file: logRegistry.levelOf(module, 'file'),
    };
  }
  return { text: log.formatLevels(), json };
}

/** All modules when none is named. Unknown names are reported after the known ones are done. */
function setRateLimits(isLimited: boolean, modules: readonly string[]): CommandOutput {
  if (modules.length === 0) {
    logRegistry.setRateLimited(isLimited);
    return '';
  }
  for (const module of modules) {
    const name = toLowerAscii(module);
    if (name === 'any') logRegistry.setRateLimited(isLimited);
    else if (logRegistry.isKnown(name)) logRegistry.setRateLimited(isLimited, name);
    else throw new Refused('vlog', 'unknown module');
  }
  return '';
}
