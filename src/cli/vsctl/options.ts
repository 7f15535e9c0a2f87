/** The options of ovs-vsctl itself, before the first command. */
import type { Directories } from '../../daemon/directories.ts';
import { type CommandLine, isUsed, lastArgument, type OptionDef, readOptions } from '../../daemon/options.ts';
import { bootstrapOption, logOptions, peerCaOption, tlsOptions } from '../../daemon/program.ts';
import { type CommandDef, commandOptions } from '../db-ctl/command.ts';
import { CommandFailed } from '../db-ctl/datum-text.ts';
import { applyTableOption, makeStyle, type TableStyle, tableOptions } from '../table.ts';

export const ownOptions: readonly OptionDef[] = [
  { name: 'db', argument: 'required' },
  { name: 'no-syslog' },
  { name: 'no-wait' },
  { name: 'dry-run' },
  { name: 'oneline' },
  { name: 'timeout', short: 't', argument: 'required' },
  { name: 'retry' },
  { name: 'help', short: 'h' },
  { name: 'commands' },
  { name: 'options' },
  { name: 'leader-only' },
  { name: 'no-leader-only' },
  { name: 'shuffle-remotes' },
  { name: 'no-shuffle-remotes' },
  { name: 'version', short: 'V' },
  ...logOptions,
  ...tableOptions,
  ...tlsOptions,
  bootstrapOption,
  peerCaOption,
];

export interface VsctlOptions {
  readonly line: CommandLine;
  readonly remote: string;
  readonly waits: boolean;
  readonly isDryRun: boolean;
  readonly isOneLine: boolean;
  /** Seconds; 0 for as long as it takes. */
  readonly timeout: number;
  readonly mayRetry: boolean;
  readonly leaderOnly: boolean;
  readonly isShuffled: boolean;
  readonly style: TableStyle;
  /** Options of the first command, with dashes. */
  readonly commandOptions: ReadonlyMap<string, string | undefined>;
  /** The commands. */
  readonly words: readonly string[];
}

export function defaultRemote(directories: Directories): string {
  return `unix:${directories.run}/db.sock`;
}

/** Throws UsageError or CommandFailed. */
export function readVsctlOptions(
  args: readonly string[],
  defs: readonly CommandDef[],
  directories: Directories,
  envTimeout: string | undefined,
): VsctlOptions {
  const local = commandOptions(defs);
  const line = readOptions(args, [...ownOptions, ...local], { isOrdered: true });
  const style = makeStyle('list');
  const localNames = new Set(local.map((def) => def.name));
  const firstOptions = new Map<string, string | undefined>();
  for (const use of line.options) {
    if (applyTableOption(style, use) || !localNames.has(use.key)) continue;
    if (firstOptions.has(`--${use.key}`))
      throw new CommandFailed(`'${use.key}' option specified multiple times`);
    firstOptions.set(`--${use.key}`, use.argument);
  }
  return {
    line,
    remote: lastArgument(line, 'db') ?? defaultRemote(directories),
    waits: !isUsed(line, 'no-wait'),
    isDryRun: isUsed(line, 'dry-run'),
    isOneLine: isUsed(line, 'oneline'),
    timeout: readTimeout(lastArgument(line, 'timeout'), envTimeout),
    mayRetry: isUsed(line, 'retry'),
    leaderOnly: isLastOf(line, 'leader-only'),
    isShuffled: isLastOf(line, 'shuffle-remotes'),
    style,
    commandOptions: firstOptions,
    words: line.rest,
  };
}

function readTimeout(given: string | undefined, env: string | undefined): number {
  if (given === undefined) return /^[0-9]{1,10}$/.test(env ?? '') ? Number(env) : 0;
  if (/^[0-9]{1,10}$/.test(given) && Number(given) > 0) return Number(given);
  throw new CommandFailed(`value ${given} on -t or --timeout is invalid`);
}

/** `--name` and `--no-name`: the last one counts; yes when neither is there. */
function isLastOf(line: CommandLine, name: string): boolean {
  return line.options.findLast(({ key }) => key === name || key === `no-${name}`)?.key !== `no-${name}`;
}
