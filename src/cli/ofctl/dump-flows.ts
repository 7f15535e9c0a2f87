/** Commands that print flows, or their sums: dump-flows, dump-aggregate. */
import { Malformed } from '../../base/errors.ts';
import { Fatal } from '../../daemon/program.ts';
import { type FlowRequest, formatFlowStats } from '../../openflow/messages/flows.ts';
import { flowRequestIn } from '../../openflow/protocols/protocol-messages.ts';
import { sortFlows } from '../../openflow/text/flow-order.ts';
import { readFlowFilter } from '../../openflow/text/flows.ts';
import type { OfctlContext } from './context.ts';
import { printAnswer } from './dump.ts';
import { fetchFlows } from './flow-stats.ts';
import { NameReader, namesToShow } from './names.ts';
import { openForDump, type Session } from './protocol.ts';

/** What `dump-flows SWITCH [FLOW]` does. */
export async function dumpFlows(context: OfctlContext, args: readonly string[]): Promise<void> {
  const [target = ''] = args;
  const { order, showsStats } = context.flows;
  const { session, request } = await prepare(context, args);
  if (order.length === 0 && !context.names.areShown && showsStats) {
    const sent = flowRequestIn(session.protocol, 'FLOW_REQUEST', request);
    await printAnswer(context, target, session.connection, sent);
  } else {
    const flows = await fetchFlows(session, request);
    const names = await namesToShow(context, target);
    for (const flow of sortFlows(flows, order)) {
      // How long ago a flow was used is told by an extension only, which is not asked for here.
      const told =
        session.connection.version < 6 ? { ...flow, idleAge: undefined, hardAge: undefined } : flow;
      context.print(` ${formatFlowStats(told, { ...names, paint: context.paint }, showsStats)}\n`);
    }
  }
  session.connection.close();
}

/** What `dump-aggregate SWITCH [FLOW]` does. */
export async function dumpAggregate(context: OfctlContext, args: readonly string[]): Promise<void> {
  const [target = ''] = args;
  const { session, request } = await prepare(context, args);
  const sent = flowRequestIn(session.protocol, 'AGGREGATE_REQUEST', request);
  await printAnswer(context, target, session.connection, sent);
  session.connection.close();
}

/** A connection that can say which flows are meant. Throws Fatal. */
async function prepare(
  context: OfctlContext,
  [target = '', text = '']: readonly string[],
): Promise<{ readonly session: Session; readonly request: FlowRequest }> {
  const names = new NameReader(context, target);
  try {
    const { request, usable } = await names.read((nameText) => readFlowFilter(text, nameText));
    return { session: await openForDump(context, target, usable), request };
  } catch (why) {
    throw why instanceof Malformed ? new Fatal(why.why) : why;
  }
}
