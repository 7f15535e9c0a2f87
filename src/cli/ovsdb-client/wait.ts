/** ovsdb-client wait: until a database is there, is connected to its cluster, or is gone; connects again when needed. */

import { systemClock } from '../../base/clock.ts';
import { Timers } from '../../base/timers.ts';
import { driveTimers } from '../../base/timers-drive.ts';
import { ms } from '../../base/units.ts';
import type { Json, JsonObject } from '../../rpc/channel.ts';
import { formatJson } from '../../rpc/json.ts';
import { CommandFailed } from '../db-ctl/datum-text.ts';
import { openRpc } from './rpc.ts';
import { isObject, type TargetOptions } from './target.ts';

const pauses = { min: 1000, max: 8000 };

/** [SERVER] DATABASE STATE. Throws CommandFailed. */
export async function waitForDatabase(options: TargetOptions, args: readonly string[]): Promise<void> {
  const [database = '', state = ''] = args.slice(-2);
  const operation = waitOperation(database, state);
  const remote = args.length > 2 ? (args[0] ?? '') : options.defaultRemote;
  const timers = new Timers(systemClock);
  driveTimers(timers, true);
  for (let pause = pauses.min; ; pause = Math.min(2 * pause, pauses.max)) {
    const results = await tryOnce(options, remote, operation);
    if (results !== undefined) {
      checkResults(results);
      return;
    }
    await new Promise<void>((resolve) => timers.after(ms(pause), resolve));
  }
}

/** Undefined when there was no connection, or none any more. */
async function tryOnce(
  options: TargetOptions,
  remote: string,
  operation: JsonObject,
): Promise<Json | undefined> {
  try {
    const rpc = await openRpc(remote, options.connect);
    const aware = await rpc.request('set_db_change_aware', [true]);
    if (aware.error !== null) {
      throw new FatalAnswer(`${remote}: set_db_change_aware failed (${formatJson(aware.error)})`);
    }
    return (await rpc.request('transact', ['_Server', operation])).result;
  } catch (why) {
    if (!(why instanceof CommandFailed) || why instanceof FatalAnswer) throw why;
    return undefined;
  }
}

/** The server is there and will not do it. */
class FatalAnswer extends CommandFailed {}

function waitOperation(database: string, state: string): JsonObject {
  const operation = { op: 'wait', table: 'Database', where: [['name', '==', database]], until: '==' };
  switch (state) {
    case 'connected':
      return { ...operation, columns: ['connected'], rows: [{ connected: true }] };
    case 'added':
      return { ...operation, columns: [], rows: [{}] };
    case 'removed':
      return { ...operation, columns: [], rows: [] };
    default:
      throw new CommandFailed(`${state}: unknown state`);
  }
}

/** Throws CommandFailed when any operation failed. */
export function checkResults(results: Json): void {
  if (!Array.isArray(results)) throw new CommandFailed('result is not array');
  for (const result of results) {
    if (!isObject(result)) throw new CommandFailed('result array element is not object');
    if (result.error !== undefined) {
      throw new CommandFailed(`server returned error reply: ${formatJson(result, { isSorted: true })}`);
    }
  }
}
