/** After a change: waits until the daemon has taken the configuration over, and tells what went wrong with new ports. */

import type { Directories } from '../../daemon/directories.ts';
import { printError } from '../../daemon/output.ts';
import type { Program } from '../../daemon/program.ts';
import type { Integer } from '../../ovsdb/schema-types.ts';
import type { Json, JsonObject } from '../../rpc/channel.ts';
import { isInteger, isObject } from '../../rpc/json-value.ts';
import type { DatabaseConnection } from '../db-ctl/connection.ts';
import { switchProcess } from '../switch-process.ts';

/** `interfaces` are the uuids of new Interface rows. */
export async function awaitReload(
  connection: DatabaseConnection,
  nextConfig: Integer,
  interfaces: readonly string[],
  program: Program,
): Promise<void> {
  // From here on the connection may be lost and found again: the change is made, and we must not wait for ever.
  connection.mayReconnect = true;
  let watchedConnection = 0;
  for (;;) {
    if (connection.number !== watchedConnection) {
      await connection.watch(new Map([['Open_vSwitch', new Set(['cur_cfg'])]]), false);
      watchedConnection = connection.number;
    }
    const [row] = await select(connection, 'Open_vSwitch', [], ['cur_cfg']);
    const done = row?.cur_cfg ?? null;
    if (isInteger(done) && done >= nextConfig) break;
    await connection.changed();
  }
  await reportFailures(connection, interfaces, program);
}

/** An interface that the daemon could not set up has no OpenFlow port number, or -1. */
async function reportFailures(
  connection: DatabaseConnection,
  ids: readonly string[],
  program: Program,
): Promise<void> {
  let isReported = false;
  for (const id of ids) {
    const [row] = await select(
      connection,
      'Interface',
      [['_uuid', '==', ['uuid', id]]],
      ['name', 'ofport', 'error'],
    );
    if (row === undefined || (typeof row.ofport === 'number' && row.ofport !== -1)) continue;
    const error = typeof row.error === 'string' && row.error !== '' ? `: ${row.error}` : '';
    complain(
      program,
      `Error detected while setting up '${row.name}'${error}.  See ovs-vswitchd log for details.`,
    );
    isReported = true;
  }
  if (isReported) complain(program, logPlace(program.directories));
}

function logPlace({ run, log }: Directories): string {
  return switchProcess(run).logsToTerminal
    ? 'ovs-vswitchd logs to the terminal that it was started from.'
    : `The default log directory is "${log}".`;
}

function complain(program: Program, message: string): void {
  printError(`${program.name}: ${message}\n`);
}

async function select(
  connection: DatabaseConnection,
  table: string,
  where: Json,
  columns: string[],
): Promise<JsonObject[]> {
  const [result] = await connection.transact([{ op: 'select', table, where, columns }]);
  const rows = isObject(result) ? result.rows : undefined;
  return Array.isArray(rows) ? rows.filter(isObject) : [];
}
