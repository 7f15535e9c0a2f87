/** Commands that print flows, or their sums: dump-flows, dump-aggregate. */
import { Malformed } from '../../base/errors.ts';
import { Fatal } from '../../daemon/program.ts';
import type { FlowRequest } from '../../openflow/messages/flow-request.ts';
import { type FlowStats, formatFlowStats } from '../../openflow/messages/flows.ts';
import { flowRequestIn } from '../../openflow/protocols/protocol-messages.ts';
import { sortFlows } from '../../openflow/text/flow-order.ts';
import { readFlowFilter } from '../../openflow/text/flows.ts';
import { plainValue } from '../../openflow/text/json.ts';
import { versionName } from '../../openflow/versions.ts';
import type { OfctlContext } from './context.ts';
import { printAnswer } from './dump.ts';
import { fetchFlows } from './flow-stats.ts';
import { NameReader, type NameText, namesToShow } from './names.ts';
import { openForDump, type Session } from './protocol.ts';
import { jsonLine } from './show.ts';

/** What `dump-flows SWITCH [FLOW]` does. */
export async function dumpFlows(context: OfctlContext, args: readonly string[]): Promise<void> {
  const [target = ''] = args;
  const { order, showsStats } = context.flows;
  const { session, request } = await prepare(context, args);
  if (order.length === 0 && !context.names.areShown && showsStats) {
    const sent = flowRequestIn(session.protocol, 'FLOW_REQUEST', request);
    await printAnswer(context, target, session.connection, sent);
  } else {
    const flows = sortFlows(await fetchFlows(session, request), order);
    const names = await namesToShow(context, target);
    printFlows(context, session, flows, names);
  }
  session.connection.close();
}

function printFlows(
  context: OfctlContext,
  { connection: { version } }: Session,
  flows: readonly FlowStats[],
  names: NameText,
): void {
  if (context.isJson === true) {
    const value = plainValue(flows, names);
    context.print(jsonLine({ name: 'FLOW_REPLY', version: versionName(version), value }));
    return;
  }
  for (const flow of flows) {
    // How long ago a flow was used is told by an extension only, which is not asked for here.
    const told = version < 6 ? { ...flow, idleAge: undefined, hardAge: undefined } : flow;
    const text = formatFlowStats(told, { ...names, paint: context.paint }, context.flows.showsStats);
    context.print(` ${text}\n`);
  }
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
