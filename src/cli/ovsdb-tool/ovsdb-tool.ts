/**
 * ovsdb-tool: makes, changes and looks into database files without a server. ovsdb-tool(1).
 * Differs: commands that make clusters refuse, since only standalone databases are offered here.
 */
import { lastArgument, type OptionDef, readOptions, UsageError } from '../../daemon/options.ts';
import { printOut } from '../../daemon/output.ts';
import {
  applyLogOptions,
  Fatal,
  logHelp,
  logOptions,
  type Program,
  quietConsole,
  versionHelp,
} from '../../daemon/program.ts';
import { findCommand, listCommands } from '../command-table.ts';
import { lockDatabase } from '../database-lock.ts';
import { isAssignedUuid } from './cluster.ts';
import { toolCommands } from './commands.ts';
import type { ToolContext } from './context.ts';

const options: readonly OptionDef[] = [
  { name: 'more', short: 'm' },
  { name: 'rbac-role', argument: 'required' },
  { name: 'cid', argument: 'required' },
  { name: 'election-timer', argument: 'required' },
  ...logOptions.filter(({ name }) => name === 'verbose'),
  { name: 'help', short: 'h' },
  { name: 'option', short: 'o' },
  { name: 'version', short: 'V' },
];

/** The whole program; resolves with its exit status. */
export async function ovsdbTool(program: Program): Promise<number> {
  const line = readOptions(program.args, options);
  for (const { key, argument } of line.options) {
    if (key === 'help') return print(helpText(program));
    if (key === 'option') return print(listOptions());
    if (key === 'version') return print(versionHelp(program.name));
    if (key === 'cid' && !isAssignedUuid(argument ?? '')) throw new Fatal(`${argument}: not a valid UUID`);
  }
  quietConsole();
  applyLogOptions(line, program, 'log file');
  const [name, ...args] = line.rest;
  if (name === undefined) throw new UsageError('missing command name; use --help for help');
  if (name === 'help') return print(helpText(program));
  if (name === 'list-commands') return print(listCommands(toolCommands));
  const command = findCommand(toolCommands, name, args.length);
  const context: ToolContext = {
    lock: lockDatabase,
    defaultDatabase: `${program.directories.database}/conf.db`,
    defaultSchema: `${program.directories.packageData}/vswitch.ovsschema`,
    verbosity: line.options.filter(({ key }) => key === 'more').length,
    role: lastArgument(line, 'rbac-role'),
    print: printOut,
  };
  return (await command.run(context, args)) ?? 0;
}

function print(text: string): number {
  printOut(text, 'ends');
  return 0;
}

const argumentText: Readonly<Record<string, string>> = { none: '', required: '=ARG', optional: '=[ARG]' };
const shortArgumentText: Readonly<Record<string, string>> = { none: '', required: 'ARG', optional: '[ARG]' };

function listOptions(): string {
  const lines = options.flatMap(({ name, short, argument = 'none' }) => [
    `--${name}${argumentText[argument] ?? ''}`,
    ...(short === undefined ? [] : [`-${short} ${shortArgumentText[argument] ?? ''}`]),
  ]);
  return lines.map((line) => `${line}\n`).join('');
}

function helpText(program: Program): string {
  const { name, directories } = program;
  return `${name}: Open vSwitch database management utility
usage: ${name} [OPTIONS] COMMAND [ARG...]
  create [DB [SCHEMA]]    create DB with the given SCHEMA
  [--election-timer=ms] create-cluster DB CONTENTS LOCAL
    create clustered DB with given CONTENTS and LOCAL address
  [--cid=UUID] join-cluster DB NAME LOCAL REMOTE...
    join clustered DB with given NAME and LOCAL and REMOTE addrs
  compact [DB [DST]]      compact DB in-place (or to DST)
  convert [DB [SCHEMA [DST]]]   convert DB to SCHEMA (to DST)
  db-name [DB]            report name of schema used by DB
  db-version [DB]         report version of schema used by DB
  db-cksum [DB]           report checksum of schema used by DB
  db-cid DB               report cluster ID of clustered DB
  db-sid DB               report server ID of clustered DB
  db-local-address DB     report local address of clustered DB
  db-is-clustered DB      test whether DB is clustered
  db-is-standalone DB     test whether DB is standalone
  schema-name [SCHEMA]    report SCHEMA's name
  schema-version [SCHEMA] report SCHEMA's schema version
  schema-cksum [SCHEMA]   report SCHEMA's checksum
  compare-versions A OP B  compare OVSDB schema version numbers
  query [DB] TRNS         execute read-only transaction on DB
  transact [DB] TRNS      execute read/write transaction on DB
  cluster-to-standalone DB DB    Convert clustered DB to
      standalone DB when cluster is down and cannot be
        revived
  [-m]... show-log [DB]   print DB's log entries
The default DB is ${directories.database}/conf.db.
The default SCHEMA is ${directories.packageData}/vswitch.ovsschema.
${logHelp(program)}
Other options:
  -m, --more                  increase show-log verbosity
  --rbac-role=ROLE            RBAC role for transact and query commands
  -h, --help                  display this help message
  -V, --version               display version information
`;
}
