/** ovsdb-client wait: until a database is there, is connected to its cluster, or is gone; connects again when needed. */

import { systemClock } from '../../base/clock.ts';
import { Timers } from '../../base/timers.ts';
import { driveTimers } from '../../base/timers-drive.ts';
import type { Json, JsonObject, RpcMessage } from '../../rpc/channel.ts';
import { formatJson } from '../../rpc/json.ts';
import { isObject } from '../../rpc/json-value.ts';
import { JsonRpcSession } from '../../rpc/session.ts';
import { CommandFailed } from '../db-ctl/datum-text.ts';
import type { TargetOptions } from './target.ts';

/** [SERVER] DATABASE STATE. Rejects with CommandFailed. */
export async function waitForDatabase(options: TargetOptions, args: readonly string[]): Promise<void> {
  const [database = '', state = ''] = args.slice(-2);
  const operation = waitOperation(database, state);
  const remote = args.length > 2 ? (args[0] ?? '') : options.defaultRemote;
  const timers = new Timers(systemClock);
  driveTimers(timers, true);
  checkResults(
    await new Promise<Json>((resolve, reject) => {
      const session = new JsonRpcSession({
        remotes: [remote],
        connect: options.connect,
        timers,
        events: {
          connected() {
            session.send({ method: 'set_db_change_aware', params: [true], id: 'aware' });
            session.send({ method: 'transact', params: ['_Server', operation], id: 'wait' });
          },
          message(message) {
            const problem = awarenessProblem(message);
            if (problem !== undefined) reject(new CommandFailed(`${remote}: ${problem}`));
            else if ('result' in message && message.id === 'wait') resolve(message.result);
          },
        },
      });
      session.start();
    }),
  );
}

function awarenessProblem(message: RpcMessage): string | undefined {
  if (!('error' in message) || message.id !== 'aware' || message.error === null) return undefined;
  return `set_db_change_aware failed (${formatJson(message.error)})`;
}

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
