/** The options of ovsdb-client. */
import { daemonOptions } from '../../daemon/daemon.ts';
import { type CommandLine, isUsed, lastArgument, type OptionDef, readOptions } from '../../daemon/options.ts';
import { bootstrapOption, commonOptions, logOptions, tlsOptions } from '../../daemon/program.ts';
import { replayOptions } from '../../daemon/replay.ts';
import { CommandFailed } from '../db-ctl/datum-text.ts';
import { applyTableOption, makeStyle, type TableStyle, tableOptions } from '../table.ts';

const defs: readonly OptionDef[] = [
  ...commonOptions,
  { name: 'timestamp' },
  { name: 'force' },
  { name: 'timeout', short: 't', argument: 'required' },
  { name: 'db-change-aware' },
  { name: 'no-db-change-aware' },
  { name: 'leader-only' },
  { name: 'no-leader-only' },
  ...logOptions,
  ...daemonOptions,
  ...tlsOptions,
  bootstrapOption,
  ...tableOptions,
  ...replayOptions,
];

export interface OvsdbClientOptions {
  readonly line: CommandLine;
  readonly style: TableStyle;
  readonly hasTimestamps: boolean;
  readonly isForced: boolean;
  /** Seconds; 0 for as long as it takes. */
  readonly timeout: number;
  readonly changeAware: boolean | undefined;
  readonly leaderOnly: boolean;
}

/** Throws UsageError or CommandFailed. */
export function readClientOptions(
  args: readonly string[],
  envTimeout: string | undefined,
): OvsdbClientOptions {
  const line = readOptions(args, defs);
  const style = makeStyle('table');
  for (const use of line.options) applyTableOption(style, use);
  return {
    line,
    style,
    hasTimestamps: isUsed(line, 'timestamp'),
    isForced: isUsed(line, 'force'),
    timeout: readTimeout(lastArgument(line, 'timeout'), envTimeout),
    changeAware: lastOf(line, 'db-change-aware'),
    leaderOnly: lastOf(line, 'leader-only') ?? true,
  };
}

function readTimeout(given: string | undefined, env: string | undefined): number {
  if (given === undefined) return /^[0-9]{1,10}$/.test(env ?? '') ? Number(env) : 0;
  if (/^[0-9]{1,10}$/.test(given) && Number(given) > 0) return Number(given);
  throw new CommandFailed(`value ${given} on -t or --timeout is invalid`);
}

/** `--name` and `--no-name`: the last one counts; undefined when neither is there. */
function lastOf(line: CommandLine, name: string): boolean | undefined {
  const use = line.options.findLast(({ key }) => key === name || key === `no-${name}`);
  return use === undefined ? undefined : use.key === name;
}
