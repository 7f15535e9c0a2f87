/** Commands that change flows, or only read their text: add-flow(s), mod-flows, del-flows, parse-flow(s). */

import { hexDump } from '../../base/hex-dump.ts';
import { messageBytes, type Sent } from '../../openflow/codec.ts';
import type { Connection } from '../../openflow/connection/connection.ts';
import type { FlowCommand, FlowMod } from '../../openflow/messages/flow-mod.ts';
import { flowModIn } from '../../openflow/protocols/protocol-messages.ts';
import {
  formatProtocols,
  type ProtocolSet,
  protocolSets,
  protocolsIn,
  versionOf,
} from '../../openflow/protocols/protocols.ts';
import { type FlowSaid, readFlow } from '../../openflow/text/flows.ts';
import type { WireVersion } from '../../openflow/versions.ts';
import { orFatal } from './arguments.ts';
import { ChangeBundle, type Changes, eachOf, perform } from './changes.ts';
import type { OfctlContext } from './context.ts';
import { readFlows, readLines } from './lines.ts';
import { NameReader, type NameText, numbersOnly, withoutNames } from './names.ts';
import type { PackedFlows } from './packed-flows.ts';
import { allowedFor, openForChanges } from './protocol.ts';
import { jsonLine, shownMessage } from './show.ts';

/** Changes of one kind: of the flow on the command line, or of those in a file. */
export function changeFlow(plain: FlowCommand, strict: FlowCommand = plain) {
  return async (context: OfctlContext, [target = '', text = '']: readonly string[]): Promise<void> => {
    const command = context.flows.isStrict ? strict : plain;
    if (text === '-') return changeFlowsOf(context, target, text, command);
    const names = new NameReader(context, target);
    const said = await orFatal(() => names.read((nameText) => readFlow(text, command, nameText)));
    await send(context, target, said.usable, [said.mod]);
  };
}

/** What `add-flows SWITCH FILE` does. */
export async function addFlows(
  context: OfctlContext,
  [target = '', file = '']: readonly string[],
): Promise<void> {
  await changeFlowsOf(context, target, file, 'add');
}

/** Lines that add flows may begin with another command. */
async function changeFlowsOf(
  context: OfctlContext,
  target: string,
  file: string,
  command: FlowCommand,
): Promise<void> {
  const lines = readLines(file);
  const names = new NameReader(context, target);
  const each = command === 'add' ? 'any' : command;
  const flows = await readFlows(file, lines, names, (line, nameText) => readFlow(line, each, nameText));
  await send(context, target, flows.usable, flows.mods);
}

/** `mods` are those that `usable` can say. */
async function send(
  context: OfctlContext,
  target: string,
  usable: ProtocolSet,
  mods: PackedFlows | readonly FlowMod[],
): Promise<void> {
  const { isBundle } = context.flows;
  const bundle = new ChangeBundle();
  const { connection, protocol } = await openForChanges(
    context,
    target,
    isBundle ? usable & protocolSets.since13 : usable,
    bundle.events,
  );
  const changes: Changes = {
    length: mods.length,
    at(index) {
      const mod = mods.at(index);
      return mod && flowModIn(protocol, mod);
    },
  };
  if (isBundle) await bundle.perform(context, target, connection, changes);
  else if (context.verbosity >= verbosityOfBytes) await sendShowing(context, target, connection, changes);
  else await bundle.performEach(context, target, connection, changes);
  connection.close();
}

/** Prints the bytes of what was sent. */
async function sendShowing(
  context: OfctlContext,
  target: string,
  connection: Connection,
  changes: Changes,
): Promise<void> {
  let dump = '';
  for (const change of eachOf(changes)) {
    await perform(context, target, connection, (xid) => {
      dump += dumpOf(context, connection.version, change, xid);
      return change;
    });
  }
  context.print(dump);
}

/** With so many -m the bytes of what is sent are printed, and with more as one number. */
const verbosityOfBytes = 5;

function dumpOf({ verbosity }: OfctlContext, version: WireVersion, message: Sent, xid: number): string {
  const bytes = messageBytes(message, version, xid);
  if (verbosity === verbosityOfBytes) return hexDump(bytes);
  return `0x${Buffer.from(bytes).toString('hex').replace(/^0/, '')}\n`;
}

/** What `parse-flow FLOW` does. */
export async function parseFlow(context: OfctlContext, [text = '']: readonly string[]): Promise<void> {
  const said = await orFatal(() => readFlow(text, 'add', numbersOnly));
  print(context, said.usable, [said.mod]);
}

/** What `parse-flows FILE` does. */
export async function parseFlows(context: OfctlContext, [file = '']: readonly string[]): Promise<void> {
  const lines = readLines(file);
  const read = (line: string, names: NameText): FlowSaid => readFlow(line, 'add', names);
  const { usable, mods } = await readFlows(file, lines, withoutNames, read);
  print(context, usable, mods);
}

function print(context: OfctlContext, usable: ProtocolSet, mods: Iterable<FlowMod>): void {
  const isJson = context.isJson === true;
  if (!isJson) context.print(`usable protocols: ${formatProtocols(usable)}\n`);
  const { protocols } = allowedFor(context, usable, { why: 'no usable protocol' });
  const [protocol] = protocolsIn(usable & protocols);
  if (protocol === undefined) throw new Error('unreachable: one of them is allowed');
  const chosen = formatProtocols(protocol);
  const said = { usable: formatProtocols(usable), chosen };
  context.print(isJson ? jsonLine(said) : `chosen protocol: ${chosen}\n`);
  for (const mod of mods) {
    const bytes = messageBytes(flowModIn(protocol, mod), versionOf(protocol), context.nextXid());
    context.print(shownMessage(context, bytes, 0));
  }
}
