/** The commands of ovs-ofctl, in the order in which it lists them. */
import type { CommandShape } from '../command-table.ts';
import { getFragments, ping, probe, setFragments } from './configuration.ts';
import type { OfctlContext } from './context.ts';
import { dump, dumpPorts, show } from './dump.ts';
import { encodeHello, printErrorNumbers, printFile, printHex } from './messages.ts';

interface Command extends CommandShape {
  /** Throws VswitchError. */
  run(context: OfctlContext, args: readonly string[]): void | Promise<void>;
}

export const commands: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['show', { usage: 'switch', min: 1, max: 1, run: show }],
  ['dump-desc', { usage: 'switch', min: 1, max: 1, run: dump('DESC_REQUEST') }],
  ['dump-tables', { usage: 'switch', min: 1, max: 1, run: dump('TABLE_REQUEST') }],
  ['dump-ports', { usage: 'switch [port]', min: 1, max: 2, run: dumpPorts('PORT_REQUEST') }],
  ['dump-ports-desc', { usage: 'switch [port]', min: 1, max: 2, run: dumpPorts('PORT_DESC_REQUEST') }],
  ['get-frags', { usage: 'switch', min: 1, max: 1, run: getFragments }],
  ['set-frags', { usage: 'switch frag_mode', min: 2, max: 2, run: setFragments }],
  ['probe', { usage: 'target', min: 1, max: 1, run: probe }],
  ['ping', { usage: 'target [n]', min: 1, max: 2, run: ping }],
  ['ofp-parse', { usage: 'file', min: 1, max: 1, run: printFile }],
  ['print-error', { usage: 'enum', min: 1, max: 1, run: printErrorNumbers }],
  ['ofp-print', { usage: 'hex [verbosity]', min: 1, max: 2, run: printHex }],
  ['encode-hello', { usage: 'bitmap', min: 1, max: 1, run: encodeHello }],
]);
