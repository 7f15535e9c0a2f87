/**
 * ovs-appctl: sends one command to a daemon's control socket and prints the answer. ovs-appctl(8).
 * Differs: `--format=json` and `--pretty` of later versions are understood too.
 */
import { logger } from '../../base/log.ts';
import {
  isUsed,
  lastArgument,
  type OptionDef,
  optionList,
  readOptions,
  UsageError,
} from '../../daemon/options.ts';
import { printError, printOut } from '../../daemon/output.ts';
import { processInput } from '../../daemon/process-bytes.ts';
import {
  applyLogOptions,
  Fatal,
  limitRunTime,
  logOptions,
  type Program,
  quietConsole,
  readTimeout,
  versionHelp,
} from '../../daemon/program.ts';
import { streamingCommands } from '../../daemon/unixctl.ts';
import { findControlSocket, typeName, UnixctlClient } from '../../daemon/unixctl-client.ts';
import type { Json } from '../../rpc/channel.ts';
import { formatJson } from '../../rpc/json.ts';

const log = logger('unixctl');

const options: readonly OptionDef[] = [
  { name: 'target', short: 't', argument: 'required' },
  { name: 'execute', short: 'e' },
  { name: 'format', short: 'f', argument: 'required' },
  { name: 'pretty', short: 'i' },
  { name: 'help', short: 'h' },
  { name: 'option', short: 'o' },
  { name: 'version', short: 'V' },
  { name: 'timeout', short: 'T', argument: 'required' },
  ...logOptions,
];

const help = `ovs-appctl, for querying and controlling Open vSwitch daemon
usage: ovs-appctl [TARGET] COMMAND [ARG...]
Targets:
  -t, --target=TARGET  pidfile or socket to contact
Common commands:
  list-commands      List commands supported by the target
  version            Print version of the target
  vlog/list          List current logging levels
  vlog/list-pattern  List logging patterns for each destination.
  vlog/set [SPEC]
      Set log levels as detailed in SPEC, which may include:
      A valid module name (all modules, by default)
      'syslog', 'console', 'file' (all destinations, by default))
      'off', 'emer', 'err', 'warn', 'info', or 'dbg' ('dbg', bydefault)
  vlog/reopen        Make the program reopen its log file
Other options:
  --timeout=SECS     wait at most SECS seconds for a response
  -f, --format=FMT   output format: 'text' (default) or 'json'
  --pretty           with '--format=json', indent the output
  -h, --help         Print this helpful information
  -V, --version      Display ovs-appctl version information
`;

/** The whole program; resolves with its exit status. */
export async function appctl(program: Program): Promise<number> {
  const line = readOptions(program.args, options, { isOrdered: true });
  if (isUsed(line, 'help')) return print(help);
  if (isUsed(line, 'version')) return print(versionHelp(program.name));
  if (isUsed(line, 'option')) return print(optionList(options));
  const timeout = lastArgument(line, 'timeout') ?? processInput().env.OVS_CTL_TIMEOUT;
  if (timeout !== undefined) limitRunTime(readTimeout(timeout));
  quietConsole();
  applyLogOptions(line, program, 'log file');
  const [command, ...args] = line.rest;
  if (command === undefined)
    throw new UsageError('at least one non-option argument is required (use --help for help)');
  const format = readFormat(lastArgument(line, 'format') ?? 'text');
  const target = lastArgument(line, 'target') ?? 'ovs-vswitchd';
  const path = findControlSocket(target, program.directories.run);
  return talk(program.name, { path, target, format, isPretty: isUsed(line, 'pretty'), command, args });
}

interface Conversation {
  readonly path: string;
  readonly target: string;
  readonly format: 'text' | 'json';
  readonly isPretty: boolean;
  readonly command: string;
  readonly args: readonly string[];
}

async function talk(name: string, conversation: Conversation): Promise<number> {
  const { path, target, format, isPretty, command, args } = conversation;
  const client = await UnixctlClient.connect(path);
  try {
    const knowsJson = format === 'json' && (await client.setFormat('json'));
    const hasParts = streamingCommands.has(command) && (await client.takeParts());
    if (hasParts) client.onPart = (part) => print(formatPart(part, isPretty));
    const answer = await client.command(command, args);
    if ('error' in answer) {
      printError(`${answer.error}${name}: ${target}: server returned an error\n`);
      return 2;
    }
    if (format === 'text') return print(textOf(answer.result));
    if (hasParts) return print(formatPart(answer.result, isPretty));
    const wrapped: Json = knowsJson
      ? answer.result
      : { reply: textOf(answer.result), 'reply-format': 'plain' };
    return print(`${formatJson(wrapped, { isSorted: true, isPretty })}\n`);
  } catch (error) {
    throw error instanceof Fatal ? new Fatal(`${target}: ${error.message}`) : error;
  } finally {
    client.close();
  }
}

/** One line of JSON, or text as it is. */
function formatPart(part: Json, isPretty: boolean): string {
  if (typeof part === 'string') return part;
  const inner = isJsonReply(part) ? part.reply : part;
  return `${formatJson(inner, { isSorted: true, isPretty })}\n`;
}

function isJsonReply(part: Json): part is { readonly reply: Json } {
  return typeof part === 'object' && part !== null && 'reply' in part;
}

function textOf(result: Json): string {
  if (typeof result === 'string') return result;
  log.warn(`unexpected result type in JSON rpc reply: ${typeName(result)}`);
  throw new Fatal('transaction error (Invalid argument)');
}

function readFormat(text: string): 'text' | 'json' {
  if (text === 'text' || text === 'json') return text;
  throw new UsageError(`option format ${text} is invalid`);
}

function print(text: string): number {
  printOut(text, 'ends');
  return 0;
}
