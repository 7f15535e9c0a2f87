/** All flows of a switch that a request means, as values. */
import { Fatal } from '../../daemon/program.ts';
import { ErrorReply } from '../../openflow/connection/replies.ts';
import { OpenFlowError } from '../../openflow/errors.ts';
import type { FlowRequest } from '../../openflow/messages/flow-request.ts';
import type { FlowStats } from '../../openflow/messages/flows.ts';
import { flowRequestIn } from '../../openflow/protocols/protocol-messages.ts';
import type { Session } from './protocol.ts';
import { during } from './target.ts';

/** Throws Fatal. */
export async function fetchFlows(
  { connection, protocol }: Session,
  request: FlowRequest,
): Promise<FlowStats[]> {
  const flows: FlowStats[] = [];
  const fetch = async (): Promise<void> => {
    const sent = flowRequestIn(protocol, 'FLOW_REQUEST', request);
    for await (const { value } of connection.multipart(sent)) flows.push(...value);
  };
  try {
    await during('dump flows', fetch());
  } catch (why) {
    if (why instanceof ErrorReply || why instanceof OpenFlowError)
      throw new Fatal('dump flows (Protocol error)');
    throw why;
  }
  return flows;
}
