/** Commands that print what a switch answers: show, dump-desc, dump-tables, dump-ports, dump-ports-desc. */
import type { Sent } from '../../openflow/codec.ts';
import type { Connection } from '../../openflow/connection/connection.ts';
import { portSize } from '../../openflow/messages/port-description.ts';
import { reservedPorts } from '../../openflow/ports.ts';
import type { OfctlContext } from './context.ts';
import { namesToShow, portNumber } from './names.ts';
import { openTarget } from './protocol.ts';
import { shownMessage } from './show.ts';
import { during } from './target.ts';

/** Asks and prints all parts of the answer, whatever it is; an error too. Throws Fatal. */
export async function printAnswer(
  context: OfctlContext,
  target: string,
  connection: Connection,
  request: Sent | ((xid: number) => Sent),
): Promise<void> {
  const names = await namesToShow(context, target);
  const print = async (): Promise<void> => {
    for await (const bytes of connection.exchange(request))
      context.print(shownMessage(context, bytes, 1, names));
  };
  await during('OpenFlow packet receive failed', print());
}

/** Those that say nothing but their name. */
type BareRequest = Extract<Sent, { readonly value: undefined }>['name'];

/** A command that opens a connection, asks one thing and prints the answer. */
export function dump(name: BareRequest) {
  return async (context: OfctlContext, [target = '']: readonly string[]): Promise<void> => {
    await printAnswer(context, target, await openTarget(context, target), { name, value: undefined });
  };
}

/** What `show SWITCH` does. */
export async function show(context: OfctlContext, args: readonly string[]): Promise<void> {
  const [target = ''] = args;
  const connection = await openTarget(context, target);
  const names = await namesToShow(context, target);
  let hasPorts = false;
  const print = async (): Promise<void> => {
    for await (const bytes of connection.exchange({ name: 'FEATURES_REQUEST', value: undefined })) {
      hasPorts = hasAllPorts(connection, bytes);
      context.print(shownMessage(context, bytes, 1, names));
    }
  };
  await during(`talking to ${target}`, print());
  if (!hasPorts) await printAnswer(context, target, connection, allPorts);
  await dump('GET_CONFIG_REQUEST')(context, args);
}

const allPorts = { name: 'PORT_DESC_REQUEST', value: { port: reservedPorts.ANY } } as const;

/** Does a FEATURES_REPLY tell all ports? Not since OpenFlow 1.3, nor where it has no room for one more. */
function hasAllPorts({ version }: Connection, { length }: { readonly length: number }): boolean {
  return version < 4 && length + portSize(version) <= 0xffff;
}

/** What `dump-ports SWITCH [PORT]` and `dump-ports-desc SWITCH [PORT]` do. */
export function dumpPorts(name: 'PORT_REQUEST' | 'PORT_DESC_REQUEST') {
  return async (context: OfctlContext, [target = '', text]: readonly string[]): Promise<void> => {
    const connection = await openTarget(context, target);
    const port = text === undefined ? reservedPorts.ANY : await portNumber(context, target, text);
    await printAnswer(context, target, connection, { name, value: { port } });
  };
}
