/** Commands that change flows, or only read their text: add-flow(s), mod-flows, del-flows, parse-flow(s). */

import { hexDump } from '../../base/hex-dump.ts';
import { messageBytes, type Sent } from '../../openflow/codec.ts';
import type { FlowCommand } from '../../openflow/messages/flow-mod.ts';
import { flowModIn } from '../../openflow/protocols/protocol-messages.ts';
import { formatProtocols, protocolSets, protocolsIn, versionOf } from '../../openflow/protocols/protocols.ts';
import { readFlow } from '../../openflow/text/flows.ts';
import { formatMessage } from '../../openflow/text/messages.ts';
import type { WireVersion } from '../../openflow/versions.ts';
import { orFatal } from './arguments.ts';
import { ChangeBundle, perform } from './changes.ts';
import type { OfctlContext } from './context.ts';
import { type Flows, readFlows, readLines } from './lines.ts';
import { NameReader, numbersOnly, withoutNames } from './names.ts';
import { allowedFor, openForChanges } from './protocol.ts';

/** Changes of one kind: of the flow on the command line, or of those in a file. */
export function changeFlow(plain: FlowCommand, strict: FlowCommand = plain) {
  return async (context: OfctlContext, [target = '', text = '']: readonly string[]): Promise<void> => {
    const command = context.flows.isStrict ? strict : plain;
    if (text === '-') return changeFlowsOf(context, target, text, command);
    const names = new NameReader(context, target);
    const said = await orFatal(() => names.read((nameText) => readFlow(text, command, nameText)));
    await send(context, target, { mods: [said.mod], usable: said.usable });
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
  const text = readLines(file);
  const names = new NameReader(context, target);
  const each = command === 'add' ? 'any' : command;
  const flows = await readFlows(file, text, names, (line, nameText) => readFlow(line, each, nameText));
  await send(context, target, flows);
}

async function send(context: OfctlContext, target: string, { mods, usable }: Flows): Promise<void> {
  if (context.flows.isBundle) {
    const bundle = new ChangeBundle();
    const { connection, protocol } = await openForChanges(
      context,
      target,
      usable & protocolSets.since13,
      bundle.events,
    );
    await bundle.perform(
      context,
      target,
      connection,
      mods.map((mod) => flowModIn(protocol, mod)),
    );
    connection.close();
    return;
  }
  const { connection, protocol } = await openForChanges(context, target, usable);
  let dump = '';
  for (const mod of mods) {
    const message = flowModIn(protocol, mod);
    await perform(context, target, connection, (xid) => {
      if (context.verbosity >= verbosityOfBytes) dump += dumpOf(context, connection.version, message, xid);
      return message;
    });
  }
  connection.close();
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
  print(context, { mods: [said.mod], usable: said.usable });
}

/** What `parse-flows FILE` does. */
export async function parseFlows(context: OfctlContext, [file = '']: readonly string[]): Promise<void> {
  const text = readLines(file);
  print(context, await readFlows(file, text, withoutNames, (line, names) => readFlow(line, 'add', names)));
}

function print(context: OfctlContext, { mods, usable }: Flows): void {
  context.print(`usable protocols: ${formatProtocols(usable)}\n`);
  const { protocols } = allowedFor(context, usable, { why: 'no usable protocol' });
  const [protocol] = protocolsIn(usable & protocols);
  if (protocol === undefined) throw new Error('unreachable: one of them is allowed');
  context.print(`chosen protocol: ${formatProtocols(protocol)}\n`);
  for (const mod of mods) {
    const bytes = messageBytes(flowModIn(protocol, mod), versionOf(protocol), context.nextXid());
    context.print(formatMessage(bytes, context.verbosity));
  }
}
