/** Tables that are asked for: OpenFlow 1.5.1 section 7.3.5.5 and 7.3.5.18, 1.4.1 section 7.3.5.17. */
import type { TableStats } from '../../openflow/messages/table-stats.ts';
import type { FlowTable } from '../tables/flow-table.ts';
import { type FlowTables, visibleTableCount } from '../tables/flow-tables.ts';
import { changeTableFeatures } from '../tables/table-changes.ts';
import { featuresOf } from '../tables/table-features.ts';
import type { RequestHandlers } from './request-handler.ts';

export const tableRequests: RequestHandlers = {
  TABLE_REQUEST: (connection, request) =>
    connection.replyList(request, 'TABLE_REPLY', visibleTables(connection.ofproto.tables).map(statsOf)),
  TABLE_MOD(connection, { value }) {
    connection.ofproto.changes.modifyTables(value);
  },
  TABLE_FEATURES_REQUEST(connection, request) {
    const { tables } = connection.ofproto;
    changeTableFeatures(tables, request.value);
    return connection.replyList(
      request,
      'TABLE_FEATURES_REPLY',
      visibleTables(tables).map((table) => featuresOf(table)),
    );
  },
  TABLE_DESC_REQUEST: (connection, request) =>
    connection.replyList(
      request,
      'TABLE_DESC_REPLY',
      visibleTables(connection.ofproto.tables).map((table) => table.describe()),
    ),
};

function visibleTables(tables: FlowTables): FlowTable[] {
  return Array.from({ length: visibleTableCount }, (_, number) => tables.table(number));
}

function statsOf(table: FlowTable): TableStats {
  return {
    features: featuresOf(table),
    active: table.flowCount - table.hiddenCount,
    lookups: BigInt(table.lookupCount),
    matches: BigInt(table.matchCount),
  };
}
