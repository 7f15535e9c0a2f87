/**
 * ovs-vsctl: asks and changes the switch's configuration database. The program gives it the schema; it talks to the
 * database server only. ovs-vsctl(8).
 * Differs: `ovs-vsctl -f json` prints each command's answer as a line of JSON; the reference does so of tables only. With
 * --oneline also ours.
 */
import { systemClock } from '../../base/clock.ts';
import { readTextOrEmpty } from '../../base/files.ts';
import { logger, logRegistry } from '../../base/log.ts';
import { systemRandom } from '../../base/random.ts';
import { Timers } from '../../base/timers.ts';
import { driveTimers } from '../../base/timers-drive.ts';
import { isUsed } from '../../daemon/options.ts';
import { printOut } from '../../daemon/output.ts';
import { calledAs, processInput } from '../../daemon/process-bytes.ts';
import {
  applyLogOptions,
  limitRunTime,
  logHelp,
  type Program,
  quietConsole,
  readTlsOptions,
  versionHelp,
} from '../../daemon/program.ts';
import { isPassiveName, splitRemotes } from '../../net/remote.ts';
import type { SchemaJson } from '../../ovsdb/schema-types.ts';
import { formatJson } from '../../rpc/json.ts';
import { type CommandDef, ExitEarly, readCommands } from '../db-ctl/command.ts';
import { DatabaseConnection } from '../db-ctl/connection.ts';
import { dbCommands } from '../db-ctl/db-commands.ts';
import { type Executed, executeLine } from '../db-ctl/execute.ts';
import { type CtlSchema, makeSchema, tableNamed } from '../db-ctl/schema.ts';
import { makeShowCommand } from '../db-ctl/show.ts';
import { Snapshot } from '../db-ctl/snapshot.ts';
import { makeConnector, shuffled } from '../remotes.ts';
import { TablePrinter } from '../table.ts';
import { autoAttachCommands } from './auto-attach.ts';
import { vsctlBridgeCommands } from './bridges.ts';
import { listOptions, listVsctlCommands } from './completion.ts';
import { datapathCommands } from './datapaths.ts';
import { lookingAround } from './oddities.ts';
import { defaultRemote, ownOptions, readVsctlOptions, type VsctlOptions } from './options.ts';
import { controllerCommands, managerCommands, sslCommands } from './peers.ts';
import { vsctlPortCommands } from './ports.ts';
import { awaitReload } from './reload.ts';
import { resetCommands } from './reset.ts';
import { rowIds, shownTables } from './tables.ts';
import { vsctlUsage } from './usage.ts';
import { quoteWords } from './words.ts';

const log = logger('vsctl');

const commands: readonly CommandDef[] = [
  ...dbCommands,
  makeShowCommand(shownTables),
  { name: 'init', minArgs: 0, maxArgs: 0, arguments: '', options: [], mayWrite: true },
  ...vsctlBridgeCommands.map(lookingAround),
  ...vsctlPortCommands.map(lookingAround),
  ...controllerCommands.map(lookingAround),
  ...managerCommands,
  ...sslCommands,
  ...autoAttachCommands.map(lookingAround),
  ...resetCommands,
  ...datapathCommands,
];

/** The exit status. Throws CommandFailed, UsageError and other expected errors with the message to print. */
export async function vsctl(program: Program, schemaJson: SchemaJson): Promise<number> {
  const { directories } = program;
  quietConsole();
  logRegistry.setLevel('warn', undefined, 'reconnect');
  const schema = makeSchema(schemaJson, rowIds);
  const options = readVsctlOptions(program.args, commands, directories, processInput().env.OVS_CTL_TIMEOUT);
  const information = informationAsked(program, schema, options);
  if (information !== undefined) {
    printOut(information, 'is ignored');
    return 0;
  }
  applyLogOptions(options.line, program, 'log file');
  if (isUsed(options.line, 'no-syslog')) logRegistry.setLevel('warn', 'syslog', 'vsctl');
  if (options.timeout > 0) limitRunTime(options.timeout);
  try {
    return await runLine(program, schema, options);
  } catch (why) {
    if (why instanceof ExitEarly) return why.status;
    throw why;
  }
}

/** --help and such, which need no database. */
function informationAsked(program: Program, schema: CtlSchema, { line }: VsctlOptions): string | undefined {
  for (const { key } of line.options) {
    if (key === 'help')
      return vsctlUsage(program.name, schema, defaultRemote(program.directories), logHelp(program));
    if (key === 'version') return versionHelp(program.name, `DB Schema ${schema.version}`);
    if (key === 'options') return listOptions(ownOptions.filter(({ name }) => name !== 'ssl-server-name'));
    if (key === 'commands') return listVsctlCommands(commands);
  }
  return undefined;
}

async function runLine(program: Program, schema: CtlSchema, options: VsctlOptions): Promise<number> {
  const line = readCommands(options.words, options.commandOptions, commands);
  const called = quoteWords([calledAs(), ...program.args]);
  const mayWrite = line.some((command) => command.def.mayWrite);
  if (mayWrite) log.info(`Called as ${called}`);
  else log.dbg(`Called as ${called}`);
  const snapshot = new Snapshot();
  snapshot.prepare(tableNamed(schema, 'Open_vSwitch'), [], []);
  for (const command of line) command.def.prepare?.(command, { schema, snapshot, warn });
  const connection = connect(program, schema, options);
  const executed = await executeLine(connection, {
    schema,
    commands: line,
    snapshot,
    comment: `ovs-vsctl (invoked by ${invoker()}): ${called}`,
    isDryRun: options.isDryRun,
    begin: (work) => work.rows('Open_vSwitch')[0] ?? work.insert('Open_vSwitch', {}),
    incremented: options.waits && !options.isDryRun ? 'next_cfg' : undefined,
    warn,
  });
  printResults(executed, options);
  if (executed.incremented !== undefined) {
    await awaitReload(connection, executed.incremented, executed.expected, program);
  }
  connection.close();
  return 0;
}

function connect(program: Program, schema: CtlSchema, options: VsctlOptions): DatabaseConnection {
  const timers = new Timers(systemClock);
  driveTimers(timers, true);
  const remotes = splitRemotes(options.remote);
  return new DatabaseConnection({
    database: schema.database,
    connect: makeConnector(program.directories.run, readTlsOptions(options.line)),
    remotes: options.isShuffled ? shuffled(remotes, systemRandom) : remotes,
    remoteText: options.remote,
    timers,
    leaderOnly: options.leaderOnly,
    mayReconnect: options.mayRetry || isPassiveName(options.remote),
  });
}

function printResults({ outputs }: Executed, options: VsctlOptions): void {
  const printer = new TablePrinter(options.style);
  const { format, isPretty } = options.style;
  const texts = outputs.map(({ text, value, table }) => {
    if (table !== undefined) return printer.format(table);
    if (options.isOneLine) return `${oneLine(text)}\n`;
    return format === 'json' ? `${formatJson(value, { isSorted: true, isPretty })}\n` : text;
  });
  printOut(texts.join(''), 'is ignored');
}

function oneLine(text: string): string {
  return text.replace(/\n$/, '').replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function warn(module: string, text: string): void {
  logger(module).warn(text);
}

/**
 * Who called, for the database's log. As with the reference, the number of the process shows only when nothing else of
 * its command line does: a NUL, which ends each argument, ends the text too.
 */
function invoker(): string {
  const pid = process.ppid;
  const line = pid === 0 ? 'init' : readTextOrEmpty(`/proc/${pid}/cmdline`).split('\n')[0];
  return `${line} (pid ${pid})`.split('\0')[0] ?? '';
}
