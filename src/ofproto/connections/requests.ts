/** What becomes of each message that a bridge is sent. A new one is a line in one of these tables. */
import { Reader } from '../../openflow/bytes.ts';
import { hasRightSize, type Received, readHead } from '../../openflow/codec.ts';
import { OpenFlowError } from '../../openflow/errors.ts';
import type { Message } from '../../openflow/messages/index.ts';
import type { TableFeatures } from '../../openflow/messages/table-values.ts';
import { refuseDuplicates } from '../tables/table-changes.ts';
import { bundleRequests } from './bundle-requests.ts';
import { controllerRequests } from './controller-requests.ts';
import { extensionRequests } from './extension-requests.ts';
import { flowRequests } from './flow-requests.ts';
import { groupRequests } from './group-requests.ts';
import { meterRequests } from './meter-requests.ts';
import { monitorRequests } from './monitor-requests.ts';
import { portRequests } from './port-requests.ts';
import { queueRequests } from './queue-requests.ts';
import type { RequestHandlers } from './request-handler.ts';
import type { SwitchConnection } from './switch-connection.ts';
import { switchRequests } from './switch-requests.ts';
import { tableRequests } from './table-requests.ts';

const handlers: RequestHandlers = {
  ...switchRequests,
  ...controllerRequests,
  ...portRequests,
  ...tableRequests,
  ...flowRequests,
  ...groupRequests,
  ...meterRequests,
  ...bundleRequests,
  ...monitorRequests,
  ...queueRequests,
  ...extensionRequests,
};

/** What a secondary controller may not ask for: OpenFlow 1.5.1 section 6.3.6. */
const changes: ReadonlySet<string> = new Set<Message['name']>([
  'PACKET_OUT',
  'FLOW_MOD',
  'GROUP_MOD',
  'PORT_MOD',
  'TABLE_MOD',
  'METER_MOD',
  'BUNDLE_CONTROL',
  'BUNDLE_ADD_MESSAGE',
  'TLV_TABLE_MOD',
]);

/**
 * Why a switch refuses a message that could not be read for that reason: what no switch is sent, and what a secondary may
 * not ask for, is not looked into.
 */
export function refusalOf(
  connection: SwitchConnection,
  why: OpenFlowError,
  bytes: Uint8Array,
): OpenFlowError {
  try {
    const from = new Reader(bytes);
    const { known } = readHead(from);
    if (!hasRightSize(known, from)) return why;
    if (!Object.hasOwn(handlers, known.name)) return notForSwitches(known.name);
    if (connection.role === 'secondary' && changes.has(known.name)) return ofSecondary(known.name);
    if (known.name === 'TABLE_FEATURES_REQUEST') refuseDuplicates(tablesBefore(why));
    return why;
  } catch (other) {
    if (!(other instanceof OpenFlowError)) throw other;
    return other; // a head that cannot be read gives the same error twice
  }
}

/** Those that were read before one could not be. */
function tablesBefore({ partial }: OpenFlowError): readonly TableFeatures[] {
  return (partial ?? []) as readonly TableFeatures[]; // what lists that are cut have of that message
}

function notForSwitches(name: string): OpenFlowError {
  return new OpenFlowError('OFPBRC_BAD_TYPE', `a ${name} sent to a switch`);
}

function ofSecondary(name: string): OpenFlowError {
  return new OpenFlowError('OFPBRC_IS_SECONDARY', `a ${name} of a secondary controller`);
}

/** Throws OpenFlowError for messages that no switch is sent. */
export function handleRequest(
  connection: SwitchConnection,
  message: Received,
  bytes: Uint8Array,
): Promise<void> | void {
  // The line of that name takes that message; the compiler cannot relate the two by itself.
  const handler = handlers[message.name] as
    | ((...args: Parameters<typeof handleRequest>) => Promise<void> | void)
    | undefined;
  if (handler === undefined) throw notForSwitches(message.name);
  if (connection.role === 'secondary' && changes.has(message.name)) throw ofSecondary(message.name);
  return handler(connection, message, bytes);
}
