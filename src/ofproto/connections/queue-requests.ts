/** Queues of ports: OpenFlow 1.5.1 section 7.3.5.9 and 7.3.5.10. No port has any but those that its device is made with. */
import { orderAsHashed } from '../../base/hash-order.ts';
import { ofPort } from '../../base/units.ts';
import { queuesOf } from '../../netdev/provider.ts';
import { OpenFlowError } from '../../openflow/errors.ts';
import type { QueueConfig, QueueRequest, QueueStats } from '../../openflow/messages/queues.ts';
import { allQueues } from '../../openflow/messages/text.ts';
import { reservedPorts } from '../../openflow/ports.ts';
import type { Ofproto } from '../ofproto.ts';
import type { RequestHandlers } from './request-handler.ts';

export const queueRequests: RequestHandlers = {
  QUEUE_REQUEST: (connection, request) =>
    connection.replyList(request, 'QUEUE_REPLY', queues(connection.ofproto, request.value).map(untoldStats)),
  QUEUE_GET_CONFIG_REQUEST(connection, request) {
    const { port } = request.value;
    connection.reply(request, {
      name: 'QUEUE_GET_CONFIG_REPLY',
      value: { port, queues: queues(connection.ofproto, request.value).map(untoldRates) },
      form: request.form.replace(/REQUEST$/, 'REPLY').replace(/request$/, 'reply'),
    });
  },
};

type Queue = Pick<QueueConfig, 'port' | 'queue'>;

/** Throws OpenFlowError where there is no such port or queue. */
function queues({ ports }: Ofproto, { port: number, queue: wanted }: QueueRequest): Queue[] {
  const one = ports.get(ofPort(number));
  if (one === undefined && number !== reservedPorts.ANY)
    throw new OpenFlowError('OFPQOFC_BAD_PORT', `there is no port ${number}`);
  const asked = one === undefined ? orderAsHashed([...ports.values()], ({ ofPort: port }) => port) : [one];
  const found = asked.flatMap(({ ofPort: port, netdev }) =>
    queuesOf(netdev).map((queue) => ({ port, queue })),
  );
  if (wanted === allQueues) return found;
  const those = found.filter(({ queue }) => queue === wanted);
  if (those.length === 0) throw new OpenFlowError('OFPQOFC_BAD_QUEUE', `there is no queue ${wanted}`);
  return those;
}

function untoldStats(queue: Queue): QueueStats {
  return { ...queue, txBytes: undefined, txPackets: undefined, txErrors: undefined, duration: undefined };
}

function untoldRates(queue: Queue): QueueConfig {
  return { ...queue, minRate: undefined, maxRate: undefined };
}
