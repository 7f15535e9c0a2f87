/** Queues of ports: OpenFlow 1.5.1 section 7.3.5.9 and 7.3.5.10. Which there are, the devices say. */
import { orderAsHashed } from '../../base/hash-order.ts';
import { ofPort } from '../../base/units.ts';
import { qosOf } from '../../netdev/provider.ts';
import type { DeviceQueueStats } from '../../netdev/qos/port-qos.ts';
import { OpenFlowError } from '../../openflow/errors.ts';
import type { QueueConfig, QueueRequest, QueueStats } from '../../openflow/messages/queues.ts';
import { allQueues } from '../../openflow/messages/text.ts';
import { reservedPorts } from '../../openflow/ports.ts';
import type { Ofproto } from '../ofproto.ts';
import type { OfprotoPort } from '../port.ts';
import { durationOf } from './duration.ts';
import type { RequestHandlers } from './request-handler.ts';

export const queueRequests: RequestHandlers = {
  QUEUE_REQUEST(connection, request) {
    const { ofproto } = connection;
    const now = ofproto.timers.clock.now();
    const statistics = eachPort(ofproto, request.value, (port, queue) => statisticsOf(port, queue, now));
    connection.replyList(request, 'QUEUE_REPLY', statistics);
  },
  QUEUE_GET_CONFIG_REQUEST(connection, request) {
    const { port } = request.value;
    connection.reply(request, {
      name: 'QUEUE_GET_CONFIG_REPLY',
      value: { port, queues: eachPort(connection.ofproto, request.value, configOf) },
      form: request.form.replace(/REQUEST$/, 'REPLY').replace(/request$/, 'reply'),
    });
  },
};

/**
 * What is to be said of the queues that are asked for. Throws OpenFlowError where there is no such port, or where none
 * of the ports has the queue.
 */
function eachPort<T>(
  { ports }: Ofproto,
  { port: number, queue }: QueueRequest,
  tell: (port: OfprotoPort, queue: number) => T[],
): T[] {
  const one = ports.get(ofPort(number));
  if (one !== undefined) return tell(one, queue);
  if (number !== reservedPorts.ANY) throw new OpenFlowError('OFPQOFC_BAD_PORT', `there is no port ${number}`);
  let isFound = false;
  const told: T[] = [];
  for (const port of orderAsHashed([...ports.values()], ({ ofPort: each }) => each)) {
    try {
      told.push(...tell(port, queue));
      isFound = true;
    } catch (error) {
      if (!(error instanceof OpenFlowError)) throw error;
    }
  }
  if (!isFound) throw noQueue('OFPQOFC_BAD_QUEUE', queue);
  return told;
}

function statisticsOf({ ofPort: port, netdev }: OfprotoPort, wanted: number, now: number): QueueStats[] {
  const all = qosOf(netdev)?.statistics() ?? new Map<number, DeviceQueueStats>();
  if (wanted !== allQueues && !all.has(wanted)) throw noQueue('OFPQOFC_BAD_QUEUE', wanted);
  return [...all]
    .filter(([queue]) => wanted === allQueues || queue === wanted)
    .map(([queue, { txBytes, txPackets, txErrors, createdAt }]) => ({
      port,
      queue,
      txBytes: txBytes === undefined ? undefined : BigInt(txBytes),
      txPackets: txPackets === undefined ? undefined : BigInt(txPackets),
      txErrors: txErrors === undefined ? undefined : BigInt(txErrors),
      duration: createdAt === undefined ? undefined : durationOf(now - createdAt),
    }));
}

/** Rates in OpenFlow are parts of the port's, and those of queues are not: none is told. */
function configOf({ ofPort: port, netdev }: OfprotoPort, wanted: number): QueueConfig[] {
  const qos = qosOf(netdev);
  const queues = [...(qos?.queues().keys() ?? [])];
  if (wanted !== allQueues && !queues.includes(wanted))
    throw noQueue(qos?.missingQueue === 'ENOENT' ? 'NXQOFC_QUEUE_ERROR' : 'OFPQOFC_BAD_QUEUE', wanted);
  return queues
    .filter((queue) => wanted === allQueues || queue === wanted)
    .map((queue) => ({ port, queue, minRate: undefined, maxRate: undefined }));
}

function noQueue(name: 'OFPQOFC_BAD_QUEUE' | 'NXQOFC_QUEUE_ERROR', queue: number): OpenFlowError {
  return new OpenFlowError(name, `there is no queue ${queue}`);
}
