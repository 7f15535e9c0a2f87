/** Which server and which database a command line of ovsdb-client means. ovsdb-client(1) "Description". */

import type { Random } from '../../base/random.ts';
import { compareBytes } from '../../base/text.ts';
import { splitRemotes } from '../../net/remote.ts';
import type { Connector } from '../../ovsdb/client/session.ts';
import type { Json, JsonObject } from '../../rpc/channel.ts';
import { isObject } from '../../rpc/json-value.ts';
import { CommandFailed } from '../db-ctl/datum-text.ts';
import { shuffled } from '../remotes.ts';
import { openRpc, type Rpc } from './rpc.ts';

export interface TargetOptions {
  readonly connect: Connector;
  readonly defaultRemote: string;
  readonly leaderOnly: boolean;
  readonly random: Random;
}

export interface Target {
  readonly rpc: Rpc;
  /** '' when the command needs none. */
  readonly database: string;
  /** What is left of the arguments. */
  readonly args: readonly string[];
}

/**
 * Takes [SERVER] and [DATABASE] off the arguments, as far as more than `minArgs` are there, and connects.
 * `database` is given by commands that know it otherwise. Throws CommandFailed.
 */
export async function openDatabaseTarget(
  options: TargetOptions,
  args: readonly string[],
  minArgs: number,
  needsDatabase: boolean,
  database?: string,
): Promise<Target> {
  const rest = [...args];
  const hasRemote = rest.length > minArgs && /^[a-zA-Z].*:/s.test(rest[0] ?? '');
  const remotes = splitRemotes(hasRemote ? (rest.shift() ?? '') : options.defaultRemote);
  const [remote] = remotes;
  if (remote !== undefined && remotes.length === 1) {
    const rpc = await openRpc(remote, options.connect);
    if (!needsDatabase || database !== undefined) return { rpc, database: database ?? '', args: rest };
    return { rpc, ...(await chooseDatabase(rpc, rest, minArgs)) };
  }
  const wanted = database ?? (needsDatabase ? requiredDatabase(rest, minArgs) : undefined);
  return { rpc: await openAny(options, remotes, wanted), database: wanted ?? '', args: rest };
}

function requiredDatabase(rest: string[], minArgs: number): string {
  const name = rest.length > minArgs ? rest.shift() : undefined;
  if (name === undefined) throw new CommandFailed('database name is required with multiple remotes');
  return name;
}

async function chooseDatabase(
  rpc: Rpc,
  rest: string[],
  minArgs: number,
): Promise<{ database: string; args: string[] }> {
  const names = await fetchDatabases(rpc);
  const [given] = rest;
  if (rest.length > minArgs && given !== undefined && names.includes(given))
    return { database: given, args: rest.slice(1) };
  if (names.includes('Open_vSwitch')) return { database: 'Open_vSwitch', args: rest };
  const [only, ...others] = names.filter((name) => !name.startsWith('_'));
  if (only === undefined || others.length > 0) {
    throw new CommandFailed('could not find a default database, please specify a database name');
  }
  return { database: only, args: rest };
}

/** Sorted. Throws CommandFailed. */
export async function fetchDatabases(rpc: Rpc): Promise<string[]> {
  const names = await rpc.call('list_dbs', []);
  if (!Array.isArray(names)) throw new CommandFailed('list_dbs response is not array');
  return names
    .map((name: Json, i) => {
      if (typeof name !== 'string') throw new CommandFailed(`list_dbs response ${i} is not string`);
      return name;
    })
    .sort(compareBytes);
}

/** The first server that is up and has the database in an acceptable state. */
async function openAny(
  options: TargetOptions,
  remotes: readonly string[],
  database: string | undefined,
): Promise<Rpc> {
  for (const remote of shuffled(remotes, options.random)) {
    try {
      const rpc = await openRpc(remote, options.connect);
      if (database === undefined || (await isAcceptable(rpc, database, options.leaderOnly))) return rpc;
      rpc.close();
    } catch (why) {
      if (!(why instanceof CommandFailed)) throw why;
    }
  }
  throw new CommandFailed('no servers were available');
}

async function isAcceptable(rpc: Rpc, database: string, leaderOnly: boolean): Promise<boolean> {
  const row = await fetchDatabaseInfo(rpc, database);
  if (row === undefined) return false;
  if (row.model === 'standalone') return true;
  return row.connected === true && (!leaderOnly || row.leader === true);
}

/** The database's row in `_Server`. */
export async function fetchDatabaseInfo(rpc: Rpc, database: string): Promise<JsonObject | undefined> {
  const select = { op: 'select', table: 'Database', where: [['name', '==', database]] };
  const results = await rpc.call('transact', ['_Server', select]);
  const [result] = Array.isArray(results) ? results : [];
  const rows = isObject(result) ? result.rows : undefined;
  return Array.isArray(rows) ? rows.find(isObject) : undefined;
}
