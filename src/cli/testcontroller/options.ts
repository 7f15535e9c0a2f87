/** The options of ovs-testcontroller(8): their declaration, the help text, and what a command line asks for. */

import { unixctlOption } from '../../daemon/control-socket.ts';
import { daemonHelp, daemonOptions } from '../../daemon/daemon.ts';
import { type CommandLine, isUsed, lastArgument, type OptionDef } from '../../daemon/options.ts';
import { printError } from '../../daemon/output.ts';
import {
  commonOptions,
  connectionHelp,
  Fatal,
  logHelp,
  logOptions,
  type Program,
  peerCaOption,
  readTlsOptions,
  tlsOptions,
} from '../../daemon/program.ts';
import type { TlsConfig } from '../../net/tls-config.ts';
import type { LearningOptions } from '../../openflow/learning-switch.ts';
import type { FlowMod } from '../../openflow/messages/flow-mod.ts';
import { protocolSets } from '../../openflow/protocols/protocols.ts';
import { readFlow } from '../../openflow/text/flows.ts';
import { allVersions, versionName, type WireVersion } from '../../openflow/versions.ts';
import { readFlows, readLines } from '../ofctl/lines.ts';
import { withoutNames } from '../ofctl/names.ts';
import { readVersions } from '../version-list.ts';

export const controllerOptions: readonly OptionDef[] = [
  { name: 'hub', short: 'H' },
  { name: 'noflow', short: 'n' },
  { name: 'normal', short: 'N' },
  { name: 'wildcards', short: 'w', argument: 'optional' },
  { name: 'max-idle', argument: 'required' },
  { name: 'mute' },
  { name: 'queue', short: 'q', argument: 'required' },
  { name: 'port-queue', short: 'Q', argument: 'required' },
  { name: 'with-flows', argument: 'required' },
  { name: 'protocols', short: 'O', argument: 'required' },
  unixctlOption,
  ...daemonOptions,
  ...logOptions,
  ...tlsOptions,
  peerCaOption,
  ...commonOptions,
];

export interface ControllerConfig {
  readonly learning: LearningOptions;
  readonly versions: readonly WireVersion[];
  readonly tls: TlsConfig;
}

/** For flows by Ethernet addresses, port and VLAN only: wildcards of OpenFlow 1.0. */
const layer2Wildcards = 0x3820f0;

/** Throws Fatal. */
export async function readController(line: CommandLine, program: Program): Promise<ControllerConfig> {
  const queue = lastArgument(line, 'queue');
  const portQueues = readPortQueues(argumentsOf(line, 'port-queue'));
  const hasQueues = queue !== undefined || portQueues.size > 0;
  const complain = (option: string, instead: string): void =>
    printError(`${program.name}: queue IDs are incompatible with ${option}; not ${instead}\n`);
  if (hasQueues && isUsed(line, 'normal')) complain('-N or --normal', 'using OFPP_NORMAL');
  if (hasQueues && isUsed(line, 'hub')) complain('-H or --hub', 'acting as hub');
  const isHub = !hasQueues && (isUsed(line, 'hub') || isUsed(line, 'normal'));
  const maxIdle = readMaxIdle(lastArgument(line, 'max-idle') ?? '60');
  const { mods, usable } = await readAllFlows(argumentsOf(line, 'with-flows'));
  return {
    learning: {
      mode: isHub ? 'hub' : 'learn',
      wildcards: readWildcards(line),
      maxIdle: isUsed(line, 'noflow') ? undefined : maxIdle,
      isMute: isUsed(line, 'mute'),
      queue: queue === undefined ? undefined : numberOf(queue) >>> 0,
      portQueues,
      flows: mods,
      usable,
    },
    versions: readVersions(lastArgument(line, 'protocols') ?? ''),
    tls: readTlsOptions(line),
  };
}

function argumentsOf(line: CommandLine, key: string): string[] {
  return line.options.flatMap((use) => (use.key === key ? [use.argument ?? ''] : []));
}

/** As C's atoi reads it. */
function numberOf(text: string): number {
  return Number.parseInt(text, 10) || 0;
}

function readMaxIdle(text: string): number {
  if (text === 'permanent') return 0;
  const seconds = numberOf(text);
  if (seconds < 1 || seconds > 65535)
    throw new Fatal("--max-idle argument must be between 1 and 65535 or the word 'permanent'");
  return seconds;
}

function readWildcards(line: CommandLine): number {
  if (!isUsed(line, 'wildcards')) return 0;
  const text = lastArgument(line, 'wildcards');
  return text === undefined ? layer2Wildcards : Number.parseInt(text, 16) || 0;
}

function readPortQueues(texts: readonly string[]): ReadonlyMap<string, number> {
  const queues = new Map<string, number>();
  for (const text of texts) {
    const [, name = '', id] = /^:*([^:]*)(?::(.+))?$/s.exec(text) ?? [];
    if (id === undefined)
      throw new Fatal('argument to -Q or --port-queue should take the form "<port-name>:<queue-id>"');
    if (queues.has(name)) throw new Fatal('<port-name> arguments for -Q or --port-queue must be unique');
    queues.set(name, numberOf(id) >>> 0);
  }
  return queues;
}

async function readAllFlows(
  files: readonly string[],
): Promise<Pick<LearningOptions, 'usable'> & { mods: FlowMod[] }> {
  const mods: FlowMod[] = [];
  let usable: number = protocolSets.any;
  for (const file of files) {
    const lines = readLines(file);
    const flows = await readFlows(file, lines, withoutNames, (line, names) => readFlow(line, 'add', names));
    for (const mod of flows.mods) mods.push(mod);
    ({ usable } = flows); // the last file decides, as in the reference
  }
  return { mods, usable };
}

export function controllerHelp(program: Program): string {
  const { name } = program;
  const versions = allVersions.map(versionName).join(', ');
  return `${name}: OpenFlow controller
usage: ${name} [OPTIONS] METHOD
where METHOD is any OpenFlow connection method.
${connectionHelp('OpenFlow', { listens: true })}${daemonHelp(program)}
OpenFlow version options:
  -V, --version           display version information
  -O, --protocols         set allowed OpenFlow versions
                          (default: ${versions})
${logHelp(program)}
Other options:
  -H, --hub               act as hub instead of learning switch
  -n, --noflow            pass traffic, but don't add flows
  --max-idle=SECS         max idle time for new flows
  -N, --normal            use OFPP_NORMAL action
  -w, --wildcards[=MASK]  wildcard (specified) bits in flows
  -q, --queue=QUEUE-ID    OpenFlow queue ID to use for output
  -Q PORT-NAME:QUEUE-ID   use QUEUE-ID for frames from PORT-NAME
  --with-flows FILE       use the flows from FILE
  --unixctl=SOCKET        override default control socket name
  -h, --help              display this help message
  -V, --version           display version information
`;
}
