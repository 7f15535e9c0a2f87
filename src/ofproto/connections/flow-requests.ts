/** Flows that are asked for and changed: OpenFlow 1.5.1 section 7.3.4.2 and 7.3.5.2 to 7.3.5.4. */
import { OpenFlowError } from '../../openflow/errors.ts';
import { isFlowFormat } from '../../openflow/messages/extensions.ts';
import type { FlowMod } from '../../openflow/messages/flow-mod.ts';
import type { FlowRequest } from '../../openflow/messages/flow-request.ts';
import type { FlowStats } from '../../openflow/messages/flows.ts';
import type { Ofproto } from '../ofproto.ts';
import { findRules } from '../tables/flow-query.ts';
import { internalTable } from '../tables/flow-tables.ts';
import { withOptionWidths } from '../tables/option-fields.ts';
import type { Rule } from '../tables/rule.ts';
import { durationOf } from './duration.ts';
import type { RequestHandlers } from './request-handler.ts';
import type { SwitchConnection } from './switch-connection.ts';

/** Flows that are counted before others have a turn. */
const slice = 8192;

export const flowRequests: RequestHandlers = {
  FLOW_MOD(connection, { value, version, xid }) {
    const by = connection.requester(xid);
    return connection.ofproto.changes.modifyFlows(flowModOf(connection, value), version, by);
  },
  FLOW_REQUEST: (connection, request) =>
    connection.replyList(request, 'FLOW_REPLY', flowsMeant(connection.ofproto, request.value)),
  async AGGREGATE_REQUEST(connection, request) {
    const { ofproto } = connection;
    let [packets, bytes, flows] = [0, 0, 0];
    for (const rule of rulesOf(ofproto, request.value)) {
      if (flows % slice === slice - 1) await ofproto.nextTurn();
      packets += rule.packetCount;
      bytes += rule.byteCount;
      flows++;
    }
    connection.reply(request, {
      name: 'AGGREGATE_REPLY',
      value: { packets: BigInt(packets), bytes: BigInt(bytes), flows },
      form: request.form.replace(/request$/, 'reply'),
    });
  },
  FLOW_MOD_TABLE_ID(connection, { value }) {
    connection.tellsTable = value.isEnabled;
  },
  SET_FLOW_FORMAT(_, { value: { format } }) {
    if (!isFlowFormat(format)) throw new OpenFlowError('OFPBRC_EPERM', `flow format ${format}`);
  },
};

/** A change of flows with its options in place. Throws OpenFlowError where it cannot be done. */
export function flowModOf({ ofproto: { tlvTable } }: SwitchConnection, mod: FlowMod): FlowMod {
  const match = tlvTable.resolve(mod.match);
  const actions = withOptionWidths(mod.actions, tlvTable);
  if (mod.bufferId !== undefined && !mod.command.startsWith('delete') && mod.table !== internalTable)
    throw new OpenFlowError('OFPBRC_BUFFER_UNKNOWN', `no packet is kept in buffer ${mod.bufferId}`);
  return match === mod.match && actions === mod.actions ? mod : { ...mod, match, actions };
}

function rulesOf({ tables, tlvTable }: Ofproto, query: FlowRequest): IterableIterator<Rule> {
  return findRules(tables, { ...query, match: tlvTable.resolve(query.match) }, tables.version);
}

/** The flows that a request means, with all they are, also what some version of OpenFlow cannot say. */
export function* flowsMeant(ofproto: Ofproto, query: FlowRequest): IterableIterator<FlowStats> {
  for (const rule of rulesOf(ofproto, query)) {
    // A flow may go while the answer is on its way.
    if (rule.mask !== undefined) yield flowStats(ofproto, rule);
  }
}

export function flowStats(ofproto: Ofproto, rule: Rule): FlowStats {
  const { table, priority, cookie, idleTimeout, hardTimeout, importance, flags, actions } = rule;
  const now = ofproto.now;
  return {
    table,
    match: ofproto.tlvTable.restore(ofproto.tables.matchOf(rule)),
    priority,
    cookie,
    duration: durationOf(now - rule.createdAt),
    idleTimeout,
    hardTimeout,
    importance,
    flags,
    idleAge: ageOf(now - rule.usedAt),
    hardAge: ageOf(now - rule.modifiedAt),
    packets: BigInt(rule.packetCount),
    bytes: BigInt(rule.byteCount),
    actions,
  };
}

/** Whole seconds. */
function ageOf(time: number): number {
  return Math.max(0, Math.floor(time / 1000));
}
