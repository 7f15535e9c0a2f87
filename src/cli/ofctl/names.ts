/** Ports by the names that a switch gives them. */
import { Fatal } from '../../daemon/program.ts';
import type { Connection } from '../../openflow/connection.ts';
import type { PortDescription } from '../../openflow/messages/port-description.ts';
import { portText, portTextOf, reservedPorts } from '../../openflow/ports.ts';
import type { OfctlContext } from './context.ts';
import { openTarget } from './protocol.ts';
import { during } from './target.ts';

/** The port of that number or name. Throws Fatal. */
export async function portNumber(context: OfctlContext, target: string, text: string): Promise<number> {
  const port = portText.read(text) ?? (await fetchPorts(context, target)).read(text);
  if (port === undefined) throw new Fatal(`${target}: unknown port \`${text}'`);
  return port;
}

/** Asks the switch over a connection of its own. */
async function fetchPorts(context: OfctlContext, target: string): Promise<typeof portText> {
  const connection = await openTarget(context, target);
  const ports = await during(`talking to ${target}`, listPorts(connection));
  connection.close();
  return portTextOf(new Map(ports.map(({ port, name }) => [port, name])));
}

async function listPorts(connection: Connection): Promise<readonly PortDescription[]> {
  if (connection.version < 4) {
    const { value } = await connection.request({ name: 'FEATURES_REQUEST', value: undefined });
    return value.ports;
  }
  const ports: PortDescription[] = [];
  const request = { name: 'PORT_DESC_REQUEST', value: { port: reservedPorts.ANY } } as const;
  for await (const { value } of connection.multipart(request)) ports.push(...value);
  return ports;
}
