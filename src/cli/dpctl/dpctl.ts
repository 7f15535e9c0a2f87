/**
 * ovs-dpctl: datapaths, their ports and flows, looked at and changed by hand. ovs-dpctl(8).
 * Differs: the datapaths are those of the running ovs-vswitchd, which does what is asked; the reference's ovs-dpctl asks
 * the kernel. -f json and --target are ours.
 */
import { resolve } from 'node:path';
import { existsSync } from '../../base/files.ts';
import {
  type CommandLine,
  isUsed,
  lastArgument,
  type OptionDef,
  optionList,
  readOptions,
  UsageError,
} from '../../daemon/options.ts';
import { printError, printOut } from '../../daemon/output.ts';
import {
  applyLogOptions,
  commonOptions,
  Fatal,
  limitRunTime,
  logHelp,
  logOptions,
  type Program,
  readTimeout,
  versionHelp,
} from '../../daemon/program.ts';
import { type CommandAnswer, findControlSocket, UnixctlClient } from '../../daemon/unixctl-client.ts';
import { formatJson } from '../../rpc/json.ts';
import { findCommand, listCommands } from '../command-table.ts';
import { type DpctlShape, dpctlShapes } from './commands.ts';
import { InputFile } from './input-file.ts';

const options: readonly OptionDef[] = [
  { name: 'statistics', short: 's' },
  { name: 'clear' },
  { name: 'may-create' },
  { name: 'read-only' },
  { name: 'more', short: 'm' },
  { name: 'names' },
  { name: 'no-names' },
  { name: 'timeout', short: 't', argument: 'required' },
  { name: 'target', argument: 'required' },
  { name: 'format', short: 'f', argument: 'required' },
  { name: 'pretty' },
  { name: 'option', short: 'o' },
  ...logOptions,
  ...commonOptions,
];

/** The daemon takes them, too. */
const passedOn: ReadonlySet<string> = new Set([
  'statistics',
  'clear',
  'may-create',
  'more',
  'names',
  'no-names',
]);

/** The whole program; resolves with its exit status. */
export async function dpctl(program: Program): Promise<number> {
  const line = readOptions(program.args, options);
  if (isUsed(line, 'help')) return print(helpText(program));
  if (isUsed(line, 'option')) return print(optionList(options));
  if (isUsed(line, 'version')) return print(versionHelp(program.name));
  const timeout = lastArgument(line, 'timeout');
  if (timeout !== undefined) limitRunTime(readTimeout(timeout, '-t'));
  applyLogOptions(line, program, 'log file');
  const isJson = readFormat(line) === 'json';
  const [name, ...args] = line.rest;
  if (name === undefined) throw new UsageError('missing command name; use --help for help');
  const command = findCommand(dpctlShapes, name, args.length);
  if (name === 'help') return print(helpText(program));
  if (name === 'list-commands') return print(listCommands(dpctlShapes));
  if (isUsed(line, 'read-only') && !command.onlyReads)
    throw new UsageError(`'${name}' command does not work in read only mode`);
  const flags = line.options.filter(({ key }) => passedOn.has(key)).map(({ key }) => `--${key}`);
  const answer = await ask(program, line, async (client, socket) => {
    using file = readsInput(command, args) ? new InputFile(socket) : undefined;
    const own = file === undefined ? argumentsFor(command, args) : [...args.slice(0, -1), file.path];
    return await client.command(`dpctl/${name}`, [...flags, ...own]);
  });
  if (!isJson || 'error' in answer) return show(program.name, answer);
  return print(`${formatJson(answer.result, { isSorted: true, isPretty: isUsed(line, 'pretty') })}\n`);
}

function readsInput({ takesFile }: DpctlShape, args: readonly string[]): boolean {
  return takesFile && args.at(-1) === '-';
}

/** A file is named from where we are; the daemon is elsewhere. */
function argumentsFor({ takesFile }: DpctlShape, args: readonly string[]): readonly string[] {
  const file = args.at(-1);
  if (!takesFile || file === undefined) return args;
  const path = resolve(file);
  // The only argument of del-flows may be a datapath.
  return existsSync(path) || args.length > 1 ? [...args.slice(0, -1), path] : args;
}

async function ask(
  program: Program,
  line: CommandLine,
  what: (client: UnixctlClient, socket: string) => Promise<CommandAnswer>,
): Promise<CommandAnswer> {
  const target = lastArgument(line, 'target') ?? 'ovs-vswitchd';
  try {
    const socket = findControlSocket(target, program.directories.run);
    const client = await UnixctlClient.connect(socket);
    try {
      if (readFormat(line) === 'json' && !(await client.setFormat('json')))
        throw new Fatal('that daemon does not answer with JSON');
      return unwrapped(await what(client, socket));
    } finally {
      client.close();
    }
  } catch (error) {
    throw error instanceof Fatal ? new Fatal(`${target}: ${error.message}`) : error;
  }
}

/** JSON comes with the name of its format. */
function unwrapped(answer: CommandAnswer): CommandAnswer {
  if ('error' in answer) return answer;
  const { result } = answer;
  const isWrapped = typeof result === 'object' && result !== null && 'reply' in result;
  return { result: isWrapped ? (result.reply ?? null) : result };
}

/** What the daemon says is wrong stands between the lines of its answer, under its own name. */
function show(name: string, answer: CommandAnswer): number {
  const text = 'error' in answer ? answer.error : String(answer.result);
  for (const [line] of text.matchAll(/[^\n]*\n|[^\n]+$/g)) {
    const [, complaint] = /^ovs-vswitchd: (.*)$/s.exec(line) ?? [];
    if (complaint !== undefined) printError(`${name}: ${complaint}`);
    else if ('error' in answer) printError(line.startsWith(`${name}: `) ? line : `${name}: ${line}`);
    else printOut(line, 'ends');
  }
  return 'error' in answer ? 1 : 0;
}

function readFormat(line: CommandLine): 'text' | 'json' {
  const text = lastArgument(line, 'format') ?? 'text';
  if (text === 'text' || text === 'json') return text;
  throw new UsageError(`option format ${text} is invalid`);
}

function print(text: string): number {
  printOut(text, 'ends');
  return 0;
}

function helpText(program: Program): string {
  return `ovs-dpctl: datapaths of the running ovs-vswitchd, by hand
usage: ovs-dpctl [OPTIONS] COMMAND [ARG...]
Datapaths and ports:
  add-dp DP [IFACE...]          make datapath DP with these ports
  del-dp DP                     delete a datapath that add-dp made
  add-if DP IFACE...            add ports to DP
  set-if DP IFACE...            change ports of DP
  del-if DP IFACE...            delete ports of DP, by name or number
  dump-dps                      names of all datapaths
  show [DP...]                  datapaths and their ports
Flows:
  dump-flows [DP] [filter=FLOW] [type=TYPE] [pmd=CORE]
                                flows, or some of them
  get-flow [DP] ufid:UFID       one flow
  add-flow [DP] FLOW ACTIONS    add a flow
  mod-flow [DP] FLOW ACTIONS    change the actions of a flow
  del-flow [DP] FLOW            delete a flow
  add-flows [DP] FILE           one flow for each line of FILE, or of standard
                                input where FILE is -
  mod-flows [DP] FILE
  del-flows [DP] [FILE]         all flows, or those of FILE
  parse-actions ACTIONS...      print actions as dump-flows does
  normalize-actions FLOW ACTIONS
Caches and connections:
  cache-get-size [DP]           sizes of caches
  cache-set-size DP CACHE SIZE
  offload-stats-show [DP]       flows that devices keep
  dump-conntrack, flush-conntrack, ct-*, ipf-*
                                tracked connections; list-commands has all
DP is TYPE@NAME, as dump-dps prints it, or NAME for system@NAME. It may be left
out where it is optional and there is only one. An IFACE may have options behind
it: NAME,type=TYPE,port_no=NUMBER,KEY=VALUE.

No kernel module has datapaths here: ovs-vswitchd is asked for its own, by the
commands that ovs-appctl knows as dpctl/COMMAND, so it must be running.

Options:
  -s, --statistics              show: counters of ports; mod-flow: of the flow
  -m, --more                    dump-flows: all fields, and ufids
  --names, --no-names           dump-flows: ports by name, or by number
  --may-create                  mod-flow: add the flow if it is not there
  --clear                       mod-flow: begin counting anew
  --read-only                   refuse commands that change something
  --target=TARGET               another daemon: its pidfile or socket
  -f, --format=FMT              'text' (default) or 'json'
  --pretty                      with --format=json, indent it
  -t, --timeout=SECS            give up after SECS seconds
${logHelp(program)}
Other options:
  -h, --help                    display this help message
  -V, --version                 display version information
`;
}
