/** What a command line of ovs-ofctl says, and running its command: in the program, and inside a test. */
import { Malformed } from '../../base/errors.ts';
import { unixctlOption } from '../../daemon/control-socket.ts';
import { daemonOptions } from '../../daemon/daemon.ts';
import { type CommandLine, isUsed, lastArgument, type OptionDef, UsageError } from '../../daemon/options.ts';
import { commonOptions, Fatal, logOptions, readTlsOptions, tlsOptions } from '../../daemon/program.ts';
import { type PacketInFormat, packetInFormatNamed } from '../../openflow/messages/extensions.ts';
import { type ProtocolSet, protocolSets, readProtocols } from '../../openflow/protocols/protocols.ts';
import { readSortKey, type SortKey } from '../../openflow/text/flow-order.ts';
import type { WireVersion } from '../../openflow/versions.ts';
import { findCommand } from '../command-table.ts';
import { readVersions } from '../version-list.ts';
import { type Allowed, allowedBy } from './allowed.ts';
import { painter } from './colors.ts';
import { ofctlCommands } from './commands.ts';
import type { FlowOptions, OfctlContext, OutputStreams } from './context.ts';

export const ofctlOptions: readonly OptionDef[] = [
  { name: 'more', short: 'm' },
  { name: 'timeout', short: 't', argument: 'required' },
  { name: 'raw' },
  { name: 'protocols', short: 'O', argument: 'required' },
  { name: 'flow-format', short: 'F', argument: 'required' },
  { name: 'may-create' },
  { name: 'packet-in-format', short: 'P', argument: 'required' },
  { name: 'pcap' },
  { name: 'strict' },
  { name: 'timestamp' },
  { name: 'bundle' },
  { name: 'readd' },
  { name: 'names' },
  { name: 'no-names' },
  { name: 'stats' },
  { name: 'no-stats' },
  { name: 'sort', argument: 'optional' },
  { name: 'rsort', argument: 'optional' },
  { name: 'color', argument: 'optional' },
  { name: 'read-only' },
  { name: 'format', short: 'f', argument: 'required' },
  { name: 'option', short: 'o' },
  unixctlOption,
  ...daemonOptions,
  ...tlsOptions,
  ...logOptions,
  ...commonOptions,
];

/** What the options say. Throws UsageError or Fatal. */
export function commandContext(
  line: CommandLine,
  isTerminal: boolean,
): Omit<OfctlContext, keyof OutputStreams | 'rundir' | 'warn'> {
  let lastXid = 0;
  return {
    packetInFormat: readPacketInFormat(lastArgument(line, 'packet-in-format')),
    verbosity: line.options.filter(({ key }) => key === 'more').length,
    isRaw: isUsed(line, 'raw'),
    allowed: readAllowed(line),
    names: readNames(line, isTerminal),
    flows: readFlowOptions(line),
    paint: readColours(line, isTerminal),
    isJson: readFormat(line) === 'json',
    mayCreate: isUsed(line, 'may-create'),
    tls: readTlsOptions(line),
    nextXid: () => ++lastXid,
    connections: [],
  };
}

/** Resolves with the exit status, when all connections of the command are closed. */
export async function runCommand(
  context: OfctlContext,
  line: CommandLine,
  name: string,
  args: readonly string[],
): Promise<number> {
  try {
    const found = findCommand(ofctlCommands, name, args.length);
    if (found.isChange === true && isUsed(line, 'read-only'))
      throw new UsageError(`'${name}' command does not work in read only mode`);
    const status = await found.run(context, args);
    return status ?? 0;
  } finally {
    for (const connection of context.connections) connection.close();
  }
}

/** Throws Fatal. */
function readColours(line: CommandLine, isTerminal: boolean): OfctlContext['paint'] {
  let isOn = false;
  for (const { key, argument = 'auto' } of line.options) {
    if (key !== 'color') continue;
    if (!['always', 'never', 'auto'].includes(argument))
      throw new Fatal(`incorrect value \`${argument}' for --color`);
    isOn = argument === 'always' || (argument === 'auto' && isTerminal && hasColours());
  }
  return isOn ? painter(process.env.OVS_COLORS) : undefined;
}

/** Throws UsageError. */
function readFormat(line: CommandLine): 'text' | 'json' {
  const format = lastArgument(line, 'format') ?? 'text';
  if (format !== 'text' && format !== 'json') throw new UsageError(`option format ${format} is invalid`);
  return format;
}

function hasColours(): boolean {
  const { TERM: terminal = 'dumb' } = process.env;
  return terminal !== 'dumb';
}

function readNames(line: CommandLine, isTerminal: boolean): OfctlContext['names'] {
  const said = line.options.findLast(({ key }) => key === 'names' || key === 'no-names')?.key;
  return { areAccepted: said !== 'no-names', areShown: said === undefined ? isTerminal : said === 'names' };
}

/** Throws Fatal. */
function readFlowOptions(line: CommandLine): FlowOptions {
  const stats = line.options.findLast(({ key }) => key === 'stats' || key === 'no-stats')?.key;
  return {
    isStrict: isUsed(line, 'strict'),
    isBundle: isUsed(line, 'bundle'),
    readdsAll: isUsed(line, 'readd'),
    showsStats: stats !== 'no-stats',
    order: line.options
      .filter(({ key }) => key === 'sort' || key === 'rsort')
      .map(({ key, argument = 'priority' }) => sortKey(argument, key === 'rsort')),
  };
}

function sortKey(name: string, isDescending: boolean): SortKey {
  const key = readSortKey(name, isDescending);
  if (key === undefined) throw new Fatal(`${name}: unknown field name`);
  return key;
}

/** Each option is read, though only the last of a kind counts. Throws Fatal. */
function readAllowed({ options: given }: CommandLine): Allowed {
  let versions: readonly WireVersion[] | undefined;
  let formats: ProtocolSet = protocolSets.any;
  for (const { key, argument = '' } of given) {
    if (key === 'protocols') versions = readVersions(argument);
    if (key === 'flow-format') formats = readFormats(argument);
  }
  return allowedBy(
    versions,
    formats,
    given.some(({ key }) => key === 'bundle'),
  );
}

function readFormats(text: string): ProtocolSet {
  try {
    return readProtocols(text);
  } catch (why) {
    throw why instanceof Malformed ? new Fatal(why.why) : why;
  }
}

/** Throws Fatal. */
function readPacketInFormat(text: string | undefined): PacketInFormat | undefined {
  if (text === undefined) return undefined;
  const format = packetInFormatNamed(text);
  if (format === undefined) throw new Fatal(`unknown packet-in format \`${text}'`);
  return format;
}
