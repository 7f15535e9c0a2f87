/**
 * Writes what became of remotes into the rows that ask for them: `is_connected` and `status`, ovs-vswitchd.conf.db(5).
 */
import { LimitedSite, logger } from '../../base/log.ts';
import type { Json, JsonObject } from '../../rpc/channel.ts';
import { formatJson } from '../../rpc/json.ts';
import type { TableView } from '../engine/database.ts';
import { atomsOf } from '../engine/datum.ts';
import { cell } from '../engine/row.ts';
import type { RowVersion, TransactionContext } from '../engine/types.ts';
import { type NamedColumn, rowsReferredBy } from './db-column.ts';
import type { RemoteStatus } from './remote.ts';

const log = logger('ovsdb_server');
const updateFailed = new LimitedSite({ perMinute: 1, burst: 1 });

const asServer: TransactionContext = {
  isReadOnly: false,
  access: undefined,
  isInternal: true,
  holdsLock: () => false,
};

const notConnected: RemoteStatus = { isConnected: false, connectionCount: 0 };

/** `statusOf` knows the remotes by target. */
export function writeStatus(
  column: NamedColumn,
  statusOf: (target: string) => RemoteStatus | undefined,
): void {
  const referred = rowsReferredBy(column);
  if (referred === undefined) return;
  const { schema } = referred.table;
  const targetColumn = schema.columnsByName.get('target');
  if (targetColumn === undefined) return;
  const operations: JsonObject[] = [];
  for (const row of referred.rows) {
    const [target] = atomsOf(cell(row, targetColumn));
    const status = statusOf(String(target)) ?? notConnected;
    const change = changedColumns(referred.table, row, status);
    if (Object.keys(change).length === 0) continue;
    const where: Json = [['_uuid', '==', ['uuid', row.uuid]]];
    operations.push({ op: 'update', table: schema.name, where, row: change });
  }
  if (operations.length === 0) return;
  const { db } = column.served;
  db.submit([db.schema.name, ...operations], asServer, ({ result, error }) => {
    const failure =
      error ?? (Array.isArray(result) ? result.find((one) => one?.error !== undefined) : undefined);
    if (failure === undefined || failure === null) return;
    log.limited('err', updateFailed, `Failed to update remote status: ${formatJson([failure])}`);
  });
}

function changedColumns(table: TableView, row: RowVersion, status: RemoteStatus): JsonObject {
  const connected = table.schema.columnsByName.get('is_connected');
  const map = table.schema.columnsByName.get('status');
  const change: Record<string, Json> = {};
  if (connected?.type.key.type === 'boolean') {
    if (atomsOf(cell(row, connected))[0] !== status.isConnected) change.is_connected = status.isConnected;
  }
  if (map?.type.form === 'map' && map.type.key.type === 'string' && map.type.value?.type === 'string') {
    const pairs = statusPairs(status);
    const before = atomsOf(cell(row, map));
    const isSame = before.length === 2 * pairs.length && pairs.flat().every((text, i) => text === before[i]);
    if (!isSame) change.status = ['map', pairs];
  }
  return change;
}

/** Sorted by key, as values are stored. */
function statusPairs(status: RemoteStatus): (readonly [string, string])[] {
  const pairs: [string, string][] = [];
  const put = (key: string, value: string | number | undefined) => {
    if (value !== undefined && value !== '') pairs.push([key, String(value)]);
  };
  const locks = (state: string) =>
    (status.locks ?? [])
      .filter((lock) => lock.state === state)
      .map((lock) => lock.name)
      .join(' ');
  put('bound_port', status.boundPort);
  put('last_error', status.lastError);
  put('locks_held', locks('held'));
  put('locks_lost', locks('lost'));
  put('locks_waiting', locks('waiting'));
  if (status.connectionCount > 1) put('n_connections', status.connectionCount);
  put('sec_since_connect', status.secondsSinceConnect);
  put('sec_since_disconnect', status.secondsSinceDisconnect);
  put('state', status.state);
  return pairs;
}
