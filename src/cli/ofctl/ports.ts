/** Commands about ports and their queues: mod-port, queue-stats, queue-get-config. ovs-ofctl(8). */
import { Fatal } from '../../daemon/program.ts';
import { readLeadingNumber } from '../../openflow/actions/arguments.ts';
import type { Connection } from '../../openflow/connection/connection.ts';
import {
  type PortConfigName,
  type PortDescription,
  portConfigBit,
} from '../../openflow/messages/port-description.ts';
import { allQueues } from '../../openflow/messages/text.ts';
import { firstReservedPort, reservedPorts } from '../../openflow/ports.ts';
import { readDecimal } from './arguments.ts';
import { perform } from './changes.ts';
import type { OfctlContext } from './context.ts';
import { printAnswer } from './dump.ts';
import { fetchPorts, portNumber } from './names.ts';
import { openTarget } from './protocol.ts';

/** What is said of a port, and what its configuration then has. */
const settings: Readonly<Record<string, readonly [bit: PortConfigName, isSet: boolean]>> = {
  up: ['PORT_DOWN', false],
  down: ['PORT_DOWN', true],
  stp: ['NO_STP', false],
  receive: ['NO_RECV', false],
  'receive-stp': ['NO_RECV_STP', false],
  flood: ['NO_FLOOD', false],
  forward: ['NO_FWD', false],
  'packet-in': ['NO_PACKET_IN', false],
};

/** What `mod-port SWITCH PORT SETTING` does. */
export async function modPort(
  context: OfctlContext,
  [target = '', text = '', setting = '']: readonly string[],
): Promise<void> {
  const { port, mac } = await findPort(context, target, text);
  const [, no, word = ''] = /^(no-?)?(.*)$/is.exec(setting) ?? [];
  const known = word.toLowerCase();
  const found = Object.hasOwn(settings, known) ? settings[known] : undefined;
  if (found === undefined) throw new Fatal(`unknown mod-port command '${setting}'`);
  const [name, isSet] = found;
  const mask = portConfigBit(name);
  const config = isSet === (no === undefined) ? mask : 0;
  const connection = await openTarget(context, target);
  await perform(context, target, connection, {
    name: 'PORT_MOD',
    value: { port, mac, mask, config, advertise: 0 },
  });
}

/** By number, or by the name to the letter. Throws Fatal. */
async function findPort(context: OfctlContext, target: string, text: string): Promise<PortDescription> {
  const number = (readDecimal(text) ?? reservedPorts.ANY) & 0xffff;
  const ports = await fetchPorts(context, target);
  const found = ports.find(({ port, name }) =>
    number === reservedPorts.ANY ? name === text : port === number,
  );
  if (found === undefined) throw new Fatal(`${target}: couldn't find port \`${text}'`);
  return found;
}

/** What `queue-stats SWITCH [PORT [QUEUE]]` does. */
export async function queueStats(
  context: OfctlContext,
  [target = '', portText = '', queueText = '']: readonly string[],
): Promise<void> {
  const connection = await openTarget(context, target);
  const port = isAll(portText) ? reservedPorts.ANY : await portNumber(context, target, portText);
  const queue = isAll(queueText) ? allQueues : readLeadingNumber(queueText, 32);
  await printAnswer(context, target, connection, { name: 'QUEUE_REQUEST', value: { port, queue } });
}

function isAll(text: string): boolean {
  return text === '' || text.toLowerCase() === 'all';
}

/** What `queue-get-config SWITCH [PORT [QUEUE]]` does. */
export async function queueGetConfig(
  context: OfctlContext,
  [target = '', portText = 'any', queueText = 'all']: readonly string[],
): Promise<void> {
  const port = await portNumber(context, target, portText);
  const queue = queueText.toLowerCase() === 'all' ? allQueues : readLeadingNumber(queueText, 32);
  const connection = await openTarget(context, target);
  for (const one of await portsToAsk(context, target, connection, port))
    await printAnswer(context, target, connection, {
      name: 'QUEUE_GET_CONFIG_REQUEST',
      value: { port: one, queue },
    });
}

/** OpenFlow 1.0 has no word for all of them here. */
async function portsToAsk(
  context: OfctlContext,
  target: string,
  { version }: Connection,
  port: number,
): Promise<number[]> {
  if (version > 1 || port !== reservedPorts.ANY) return [port];
  const ports = await fetchPorts(context, target);
  return ports.map((one) => one.port).filter((number) => number < firstReservedPort);
}
