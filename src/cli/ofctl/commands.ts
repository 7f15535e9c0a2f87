/** The commands of ovs-ofctl, in the order in which it lists them. */
import type { CommandShape } from '../command-table.ts';
import { getFragments, ping, probe, setFragments } from './configuration.ts';
import type { OfctlContext } from './context.ts';
import { dump, dumpPorts, show } from './dump.ts';
import { dumpAggregate, dumpFlows } from './dump-flows.ts';
import { addFlows, changeFlow, parseFlow, parseFlows } from './flow-changes.ts';
import { diffFlows, replaceFlows } from './flow-differences.ts';
import { encodeHello, printErrorNumbers, printFile, printHex } from './messages.ts';

interface Command extends CommandShape {
  /** Resolves with the exit status where that may be another than 0. Throws VswitchError. */
  run(context: OfctlContext, args: readonly string[]): void | Promise<void> | Promise<number>;
}

export const ofctlCommands: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['show', { usage: 'switch', min: 1, max: 1, run: show }],
  ['dump-desc', { usage: 'switch', min: 1, max: 1, run: dump('DESC_REQUEST') }],
  ['dump-tables', { usage: 'switch', min: 1, max: 1, run: dump('TABLE_REQUEST') }],
  ['dump-flows', { usage: 'switch', min: 1, max: 2, run: dumpFlows }],
  ['dump-aggregate', { usage: 'switch', min: 1, max: 2, run: dumpAggregate }],
  ['add-flow', { usage: 'switch flow', min: 2, max: 2, run: changeFlow('add') }],
  ['add-flows', { usage: 'switch file', min: 2, max: 2, run: addFlows }],
  ['mod-flows', { usage: 'switch flow', min: 2, max: 2, run: changeFlow('modify', 'modify_strict') }],
  ['del-flows', { usage: 'switch [flow]', min: 1, max: 2, run: changeFlow('delete', 'delete_strict') }],
  ['replace-flows', { usage: 'switch file', min: 2, max: 2, run: replaceFlows }],
  ['diff-flows', { usage: 'source1 source2', min: 2, max: 2, run: diffFlows }],
  ['dump-ports', { usage: 'switch [port]', min: 1, max: 2, run: dumpPorts('PORT_REQUEST') }],
  ['dump-ports-desc', { usage: 'switch [port]', min: 1, max: 2, run: dumpPorts('PORT_DESC_REQUEST') }],
  ['get-frags', { usage: 'switch', min: 1, max: 1, run: getFragments }],
  ['set-frags', { usage: 'switch frag_mode', min: 2, max: 2, run: setFragments }],
  ['probe', { usage: 'target', min: 1, max: 1, run: probe }],
  ['ping', { usage: 'target [n]', min: 1, max: 2, run: ping }],
  ['ofp-parse', { usage: 'file', min: 1, max: 1, run: printFile }],
  ['parse-flow', { usage: 'flow', min: 1, max: 1, run: parseFlow }],
  ['parse-flows', { usage: 'file', min: 1, max: 1, run: parseFlows }],
  ['print-error', { usage: 'enum', min: 1, max: 1, run: printErrorNumbers }],
  ['ofp-print', { usage: 'hex [verbosity]', min: 1, max: 2, run: printHex }],
  ['encode-hello', { usage: 'bitmap', min: 1, max: 1, run: encodeHello }],
]);
