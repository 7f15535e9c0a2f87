/** The commands of ovs-ofctl, in the order in which it lists them. */
import type { OfctlContext } from './context.ts';
import { encodeHello, printErrorNumbers, printFile, printHex } from './messages.ts';

export interface Command {
  /** As "list-commands" shows its arguments. */
  readonly usage: string;
  readonly min: number;
  readonly max: number;
  /** Throws VswitchError. */
  run(context: OfctlContext, args: readonly string[]): void;
}

export const commands: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['ofp-parse', { usage: 'file', min: 1, max: 1, run: printFile }],
  ['print-error', { usage: 'enum', min: 1, max: 1, run: printErrorNumbers }],
  ['ofp-print', { usage: 'hex [verbosity]', min: 1, max: 2, run: printHex }],
  ['encode-hello', { usage: 'bitmap', min: 1, max: 1, run: encodeHello }],
]);
