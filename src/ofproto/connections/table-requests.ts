/** Tables that are asked for: OpenFlow 1.5.1 section 7.3.5.5 and 7.3.5.18, 1.4.1 section 7.3.5.17. */
import { OpenFlowError } from '../../openflow/errors.ts';
import type { TableStats } from '../../openflow/messages/table-stats.ts';
import type { TableFeatures } from '../../openflow/messages/table-values.ts';
import type { FlowTable } from '../tables/flow-table.ts';
import { type FlowTables, visibleTableCount } from '../tables/flow-tables.ts';
import { featuresOf } from '../tables/table-features.ts';
import type { RequestHandlers } from './request-handler.ts';

export const tableRequests: RequestHandlers = {
  TABLE_REQUEST: (connection, request) =>
    connection.replyList(request, 'TABLE_REPLY', visibleTables(connection.ofproto.tables).map(statsOf)),
  TABLE_MOD(connection, { value }) {
    connection.ofproto.modifyTables(value);
  },
  TABLE_FEATURES_REQUEST(connection, request) {
    const { tables } = connection.ofproto;
    if (request.value.length > 0) nameTables(tables, request.value);
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

/** Of what tables can do, controllers only change the names. Throws OpenFlowError. */
function nameTables(tables: FlowTables, wanted: readonly TableFeatures[]): void {
  const told = new Map(wanted.map((features) => [features.table, features]));
  if (told.size < wanted.length) throw new OpenFlowError('NXTFFC_DUP_TABLE', 'a table is there twice');
  for (const { table } of wanted)
    if (table >= visibleTableCount) throw refused(`table ${table} is not for controllers`);
  const command = wanted[0]?.command ?? 'replace';
  if (command === 'enable' || command === 'disable') throw refused('all tables are there, always');
  if (command === 'replace' && told.size < visibleTableCount) throw refused('no table can be done without');
  for (const { table: number, name, maxEntries } of wanted) {
    const table = tables.table(number);
    if (maxEntries !== featuresOf(table).maxEntries) throw refused('how many flows a table may have stays');
    if (!table.mayBeNamed(name)) throw refused(`table ${number} is named ${table.name} by its configuration`);
  }
  for (const { table, name } of wanted) tables.table(table).giveName(name);
}

function refused(why: string): OpenFlowError {
  return new OpenFlowError('OFPTFFC_EPERM', why);
}
