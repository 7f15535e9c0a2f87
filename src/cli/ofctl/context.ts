/** What every command of ovs-ofctl is given. */
import { type CommandLine, isUsed } from '../../daemon/options.ts';
import type { Program } from '../../daemon/program.ts';
import type { Paint } from '../../flow/match-format/match-item.ts';
import type { TlsConfig } from '../../net/tls-config.ts';
import type { Transport } from '../../net/transport.ts';
import type { Connection } from '../../openflow/connection/connection.ts';
import type { PacketInFormat } from '../../openflow/messages/extensions.ts';
import type { SortKey } from '../../openflow/text/flow-order.ts';
import type { Allowed } from './allowed.ts';

/** Options of commands about flows. */
export interface FlowOptions {
  /** Only the very flow that is described is meant: --strict. */
  readonly isStrict: boolean;
  /** All changes or none are made: --bundle. */
  readonly isBundle: boolean;
  /** What has not changed is added again: --readd. */
  readonly readdsAll: boolean;
  /** Counters and times are printed: --no-stats. */
  readonly showsStats: boolean;
  /** --sort and --rsort, the first one first. */
  readonly order: readonly SortKey[];
}

/** Where a command says things. */
export interface OutputStreams {
  print(text: string): void;
  /** On standard error. */
  printError(text: string): void;
  /** Prints on standard error and ends the program, which has failed. */
  end(text: string): never;
}

export interface OfctlContext extends OutputStreams {
  /** How often -m was given. */
  readonly verbosity: number;
  /** Standard input has bytes, not hexadecimal digits. */
  readonly isRaw: boolean;
  /** What may be spoken. */
  readonly allowed: Allowed;
  /** Ports and tables by the names that a switch gives them: in what is typed, and in what is printed. */
  readonly names: { readonly areAccepted: boolean; readonly areShown: boolean };
  readonly flows: FlowOptions;
  /** Messages are shown as JSON: -f json. */
  readonly isJson?: boolean;
  /** Colours for the parts of flows: --color. */
  readonly paint?: Paint | undefined;
  /** A change of a group that does not exist makes it: --may-create. */
  readonly mayCreate: boolean;
  /** How packets are to come; undefined where -P does not say. */
  readonly packetInFormat?: PacketInFormat | undefined;
  /** The program and its whole command line; absent where the command is not a process of its own. */
  readonly process?: { readonly program: Program; readonly line: CommandLine };
  /** Where the sockets of bridges are. */
  readonly rundir: string;
  /** How they are connected to; by sockets of the system unless given. */
  readonly connect?: Transport['connect'];
  readonly tls: TlsConfig;
  /** Counts on over all connections. */
  readonly nextXid: () => number;
  /** What is to be closed when the command has ended. */
  readonly connections: Connection[];
  /** A line of the program's own on standard error. */
  warn(text: string): void;
}

/** Was the option, which concerns a few commands only, given? */
export function isGiven({ process: own }: OfctlContext, option: string): boolean {
  return own !== undefined && isUsed(own.line, option);
}
