/** ovsdb-client: speaks to a database server by hand. ovsdb-client(1). */
import { systemRandom } from '../../base/random.ts';
import { type Daemon, readDaemonOptions, startDaemon } from '../../daemon/daemon.ts';
import { inFolder } from '../../daemon/directories.ts';
import { printOut } from '../../daemon/output.ts';
import { processInput } from '../../daemon/process-bytes.ts';
import {
  applyLogOptions,
  limitRunTime,
  type Program,
  readTlsOptions,
  versionHelp,
} from '../../daemon/program.ts';
import { openReplay } from '../../daemon/replay.ts';
import type { Transport } from '../../net/transport.ts';
import type { DatabaseSchema } from '../../ovsdb/engine/types.ts';
import { CommandFailed } from '../db-ctl/datum-text.ts';
import { makeConnector } from '../remotes.ts';
import { readSchemaFile } from '../schema-file.ts';
import { backup, restore } from './backup.ts';
import { ClientContext } from './context.ts';
import { dumpTables, listDatabases, query, readTransaction, transact } from './data-commands.ts';
import { changeLock } from './lock-commands.ts';
import { monitorCond, monitorCondSince, monitorTables } from './monitor.ts';
import { type OvsdbClientOptions, readClientOptions } from './options.ts';
import {
  convertDatabase,
  getSchema,
  getSchemaChecksum,
  getSchemaVersion,
  listColumns,
  listTables,
  needsConversion,
} from './schema-commands.ts';
import { openDatabaseTarget, type TargetOptions } from './target.ts';
import { usage } from './usage.ts';
import { waitForDatabase } from './wait.ts';

interface ClientCommand {
  readonly name: string;
  /** How it finds its database: none needed; [DATABASE] or a default; named in the transaction or the schema file. */
  readonly database: 'none' | 'argument' | 'transaction' | 'schema file';
  /** Without [SERVER] and [DATABASE]. */
  readonly minArgs: number;
  readonly maxArgs: number;
  /** Leaves the terminal with --detach. */
  readonly mayDetach?: boolean;
  /** Gives up standard error then, too. */
  readonly isQuiet?: boolean;
  run(context: ClientContext): Promise<void>;
}

const many = Number.POSITIVE_INFINITY;

const commands: readonly ClientCommand[] = [
  { name: 'list-dbs', database: 'none', minArgs: 0, maxArgs: 0, run: listDatabases },
  { name: 'get-schema', database: 'argument', minArgs: 0, maxArgs: 0, run: getSchema },
  { name: 'get-schema-version', database: 'argument', minArgs: 0, maxArgs: 0, run: getSchemaVersion },
  { name: 'get-schema-cksum', database: 'argument', minArgs: 0, maxArgs: 0, run: getSchemaChecksum },
  { name: 'list-tables', database: 'argument', minArgs: 0, maxArgs: 0, run: listTables },
  { name: 'list-columns', database: 'argument', minArgs: 0, maxArgs: 1, run: listColumns },
  { name: 'transact', database: 'transaction', minArgs: 1, maxArgs: 2, mayDetach: true, run: transact },
  { name: 'query', database: 'transaction', minArgs: 1, maxArgs: 2, mayDetach: true, run: query },
  { name: 'monitor', database: 'argument', minArgs: 1, maxArgs: many, mayDetach: true, run: monitorTables },
  { name: 'monitor-cond', database: 'argument', minArgs: 2, maxArgs: 3, mayDetach: true, run: monitorCond },
  {
    name: 'monitor-cond-since',
    database: 'argument',
    minArgs: 2,
    maxArgs: 4,
    mayDetach: true,
    run: monitorCondSince,
  },
  { name: 'convert', database: 'schema file', minArgs: 1, maxArgs: 2, run: convertDatabase },
  { name: 'needs-conversion', database: 'schema file', minArgs: 1, maxArgs: 2, run: needsConversion },
  { name: 'dump', database: 'argument', minArgs: 0, maxArgs: many, run: dumpTables },
  { name: 'backup', database: 'argument', minArgs: 0, maxArgs: 0, run: backup },
  { name: 'restore', database: 'argument', minArgs: 0, maxArgs: 0, run: restore },
  lockCommand('lock'),
  lockCommand('steal'),
  lockCommand('unlock'),
];

function lockCommand(name: 'lock' | 'steal' | 'unlock'): ClientCommand {
  return {
    name,
    database: 'none',
    minArgs: 1,
    maxArgs: 1,
    mayDetach: true,
    isQuiet: true,
    run: (context) => changeLock(context, name),
  };
}

/** The exit status. Throws expected errors with the message to print. */
export async function ovsdbClient(program: Program): Promise<number> {
  const options = readClientOptions(program.args, processInput().env.OVS_CTL_TIMEOUT);
  for (const { key } of options.line.options) {
    if (key === 'help') return show(usage(program));
    if (key === 'version') return show(versionHelp(program.name));
  }
  const [name, ...args] = options.line.rest;
  const command = commands.find((one) => one.name === name);
  applyLogOptions(options.line, program, command?.mayDetach === true ? 'no file' : 'log file');
  if (options.timeout > 0) limitRunTime(options.timeout);
  if (name === undefined) throw new CommandFailed('missing command name; use --help for help');
  if (name === 'help') return show(usage(program));
  if (name === 'wait') return runWait(program, options, args);
  if (command === undefined) throw new CommandFailed(`unknown command '${name}'; use --help for help`);
  return runCommand(program, options, command, args);
}

function show(text: string): number {
  printOut(text, 'ends');
  return 0;
}

async function runWait(
  program: Program,
  options: OvsdbClientOptions,
  args: readonly string[],
): Promise<number> {
  if (args.length < 2 || args.length > 3)
    throw new CommandFailed("invalid syntax for 'wait' (use --help for help)");
  const { transport } = openReplay(options.line, program);
  await waitForDatabase(targetOptions(program, options, transport), args);
  return 0;
}

function targetOptions(program: Program, options: OvsdbClientOptions, transport: Transport): TargetOptions {
  const { run } = program.directories;
  return {
    connect: makeConnector(run, readTlsOptions(options.line), transport),
    defaultRemote: `unix:${run}/db.sock`,
    leaderOnly: options.leaderOnly,
    random: systemRandom,
  };
}

async function runCommand(
  program: Program,
  options: OvsdbClientOptions,
  command: ClientCommand,
  args: readonly string[],
): Promise<number> {
  const named = command.database === 'transaction' || command.database === 'schema file';
  const invalid = `invalid syntax for '${command.name}' (use --help for help)`;
  if (named && (args.length < command.minArgs || args.length > command.maxArgs))
    throw new CommandFailed(invalid);
  const fileSchema = command.database === 'schema file' ? readSchemaFile(args.at(-1) ?? '') : undefined;
  const daemon = command.mayDetach === true ? await becomeDaemon(program, options, command) : undefined;
  const database = namedDatabase(command, args, fileSchema);
  const { transport, ended } = openReplay(options.line, program);
  const target = await openDatabaseTarget(
    targetOptions(program, options, transport),
    args,
    command.minArgs,
    command.database !== 'none',
    database,
  );
  const { length } = target.args;
  if (length < command.minArgs || length > command.maxArgs) throw new CommandFailed(invalid);
  const context = new ClientContext({
    target,
    style: options.style,
    hasTimestamps: options.hasTimestamps,
    isForced: options.isForced,
    changeAware: options.changeAware,
    fileSchema,
    daemon,
    isDetached: readDaemonOptions(options.line, program).isDetached,
    transport,
    controlPath: inFolder(program.directories.run, `${program.name}.${process.pid}.ctl`),
  });
  await Promise.race([command.run(context), ended]);
  target.rpc.close();
  return 0;
}

/** What is printed goes on going to where it went before; of a lock, complaints do not. */
function becomeDaemon(
  program: Program,
  options: OvsdbClientOptions,
  command: ClientCommand,
): Promise<Daemon> {
  const keptFiles = command.isQuiet === true ? [1] : [1, 2];
  return startDaemon({ ...readDaemonOptions(options.line, program), keptFiles }, program);
}

function namedDatabase(
  command: ClientCommand,
  args: readonly string[],
  fileSchema: DatabaseSchema | undefined,
): string | undefined {
  if (command.database === 'transaction') return readTransaction(args.at(-1) ?? '').database;
  return fileSchema?.name;
}
