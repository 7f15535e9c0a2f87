/** The commands of ovsdb-tool, in the order in which it lists them. */

import { systemClock } from '../../base/clock.ts';
import { defer } from '../../base/defer.ts';
import { randomUuid, systemRandom } from '../../base/random.ts';
import { Timers } from '../../base/timers.ts';
import { Fatal } from '../../daemon/program.ts';
import { equalSchemas } from '../../ovsdb/engine/schema.ts';
import type { DatabaseSchema } from '../../ovsdb/engine/types.ts';
import { accessRules } from '../../ovsdb/server/access.ts';
import { LogFile } from '../../ovsdb/storage/log-file.ts';
import { clusterMagic, standaloneMagic } from '../../ovsdb/storage/record.ts';
import {
  createDatabaseFile,
  openStandalone,
  openStore,
  readSchema,
  type StoreDeps,
} from '../../ovsdb/storage/store.ts';
import type { Json } from '../../rpc/channel.ts';
import { formatJson, JsonError, parseJson } from '../../rpc/json.ts';
import type { CommandShape } from '../command-table.ts';
import { readSchemaFile } from '../schema-file.ts';
import { clusterCommands } from './cluster.ts';
import { compactFile } from './compact.ts';
import type { ToolContext } from './context.ts';
import { showLog } from './show-log.ts';

interface Command extends CommandShape {
  /** The exit status, 0 when undefined. Throws VswitchError. */
  run(context: ToolContext, args: readonly string[]): number | undefined | Promise<number | undefined>;
}

const many = Number.POSITIVE_INFINITY;

export const toolCommands: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['create', { usage: '[db [schema]]', min: 0, max: 2, run: create }],
  ['create-cluster', { usage: 'db contents local', min: 3, max: 3, run: clusterCommands.create }],
  ['join-cluster', { usage: 'db name local remote...', min: 4, max: many, run: clusterCommands.join }],
  ['compact', { usage: '[db [dst]]', min: 0, max: 2, run: compact }],
  ['convert', { usage: '[db [schema [dst]]]', min: 0, max: 3, run: convert }],
  ['needs-conversion', { usage: '', min: 0, max: 2, run: needsConversion }],
  ['db-name', { usage: '[db]', min: 0, max: 1, run: databaseName }],
  ['db-version', { usage: '[db]', min: 0, max: 1, run: ofDatabase((schema) => schema.version) }],
  ['db-cksum', { usage: '[db]', min: 0, max: 1, run: ofDatabase((schema) => schema.cksum) }],
  ['db-cid', { usage: 'db', min: 1, max: 1, run: clusterCommands.clusterId }],
  ['db-sid', { usage: 'db', min: 1, max: 1, run: clusterCommands.serverId }],
  ['db-local-address', { usage: 'db', min: 1, max: 1, run: clusterCommands.localAddress }],
  ['db-is-clustered', { usage: 'db', min: 1, max: 1, run: hasMagic(clusterMagic) }],
  ['db-is-standalone', { usage: 'db', min: 1, max: 1, run: hasMagic(standaloneMagic) }],
  ['schema-name', { usage: '[schema]', min: 0, max: 1, run: ofSchema((schema) => schema.name) }],
  ['schema-version', { usage: '[schema]', min: 0, max: 1, run: ofSchema((schema) => schema.version) }],
  ['schema-cksum', { usage: '[schema]', min: 0, max: 1, run: ofSchema((schema) => schema.cksum) }],
  ['query', { usage: '[db] trns', min: 1, max: 2, run: query }],
  ['transact', { usage: '[db] trns', min: 1, max: 2, run: transact }],
  ['show-log', { usage: '[db]', min: 0, max: 1, run: showDatabaseLog }],
  ['check-cluster', { usage: 'db...', min: 1, max: many, run: clusterCommands.check }],
  ['compare-versions', { usage: 'a op b', min: 3, max: 3, run: compareVersions }],
  ['help', { usage: '', min: 0, max: many, run: () => undefined }],
  ['list-commands', { usage: '', min: 0, max: many, run: () => undefined }],
  ['cluster-to-standalone', { usage: 'db clusterdb', min: 2, max: 2, run: clusterCommands.toStandalone }],
]);

function create(context: ToolContext, args: readonly string[]): undefined {
  const [database = context.defaultDatabase, schema = context.defaultSchema] = args;
  createDatabaseFile(database, readSchemaFile(schema), { lock: context.lock });
}

function storeDeps(): StoreDeps {
  return {
    timers: new Timers(systemClock),
    newUuid: randomUuid,
    random: systemRandom,
    defer,
  };
}

function compact(context: ToolContext, args: readonly string[]): undefined {
  const [source = context.defaultDatabase, target] = args;
  compactFile(source, target, { lock: context.lock, deps: storeDeps(), word: 'compacted' });
}

function convert(context: ToolContext, args: readonly string[]): undefined {
  const [source = context.defaultDatabase, schemaPath = context.defaultSchema, target] = args;
  const schema = readSchemaFile(schemaPath);
  compactFile(source, target, { lock: context.lock, deps: storeDeps(), word: 'converted', schema });
}

function needsConversion(context: ToolContext, args: readonly string[]): undefined {
  const [database = context.defaultDatabase, schema = context.defaultSchema] = args;
  const isSame = equalSchemas(schemaOfDatabase(database), readSchemaFile(schema));
  context.print(isSame ? 'no\n' : 'yes\n');
}

function schemaOfDatabase(path: string): DatabaseSchema {
  const file = openStandalone(path, {}, true);
  try {
    return readSchema(file);
  } finally {
    file.close();
  }
}

function databaseName(context: ToolContext, args: readonly string[]): undefined {
  const [path = context.defaultDatabase] = args;
  const name = isClustered(path) ? clusterCommands.nameOf(path) : schemaOfDatabase(path).name;
  context.print(`${name}\n`);
}

function ofDatabase(property: (schema: DatabaseSchema) => string): Command['run'] {
  return (context, args) => {
    context.print(`${property(schemaOfDatabase(args[0] ?? context.defaultDatabase))}\n`);
    return undefined;
  };
}

function ofSchema(property: (schema: DatabaseSchema) => string): Command['run'] {
  return (context, args) => {
    context.print(`${property(readSchemaFile(args[0] ?? context.defaultSchema))}\n`);
    return undefined;
  };
}

function isClustered(path: string): boolean {
  const file = LogFile.open(path, [standaloneMagic, clusterMagic], { mode: 'read' });
  file.close();
  return file.magic === clusterMagic;
}

function hasMagic(magic: string): Command['run'] {
  return (_context, [path = '']) => (isClustered(path) === (magic === clusterMagic) ? 0 : 2);
}

function query(context: ToolContext, args: readonly string[]): undefined {
  runTransaction(context, args, true);
}

function transact(context: ToolContext, args: readonly string[]): undefined {
  runTransaction(context, args, false);
}

function runTransaction(context: ToolContext, args: readonly string[], isReadOnly: boolean): void {
  const path = args.length > 1 ? (args[0] ?? '') : context.defaultDatabase;
  const deps = isReadOnly ? storeDeps() : { ...storeDeps(), lock: context.lock };
  const store = openStore(path, deps, { isReadOnly, isStrict: true });
  try {
    const params = readTransaction(args.at(-1) ?? '');
    const { database } = store;
    const access = accessRules(database, context.role, undefined);
    const result = database.transact(params, { isReadOnly: false, access, holdsLock: () => false });
    if (!isReadOnly) store.syncBlocking();
    context.print(`${formatJson(result, { isSorted: true })}\n`);
  } finally {
    store.close();
  }
}

function readTransaction(text: string): Json {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof JsonError) throw new Fatal(`"${text}": ${error.reason}`);
    throw error;
  }
}

function showDatabaseLog(context: ToolContext, args: readonly string[]): undefined {
  const [path = context.defaultDatabase] = args;
  const file = LogFile.open(path, [standaloneMagic, clusterMagic], { mode: 'read' });
  try {
    if (file.magic === clusterMagic) clusterCommands.refuse('show-log');
    showLog(file, context);
  } finally {
    file.close();
  }
}

const comparisons: ReadonlyMap<string, (order: number) => boolean> = new Map([
  ['<', (order) => order < 0],
  ['<=', (order) => order <= 0],
  ['==', (order) => order === 0],
  ['>=', (order) => order >= 0],
  ['>', (order) => order > 0],
  ['!=', (order) => order !== 0],
]);

function compareVersions(_context: ToolContext, [a = '', operator = '', b = '']: readonly string[]): number {
  const left = readVersion(a);
  const right = readVersion(b);
  const differing = left.findIndex((part, i) => part !== right[i]);
  const order = (left[differing] ?? 0) - (right[differing] ?? 0);
  const compare = comparisons.get(operator);
  if (compare === undefined) throw new Fatal(`${operator}: not a relational operator`);
  return compare(order) ? 0 : 2;
}

function readVersion(text: string): number[] {
  const [, x, y, z] = /^([0-9]+)\.([0-9]+)\.([0-9]+)$/.exec(text) ?? [];
  if (x === undefined) throw new Fatal(`${text}: not an OVSDB version number in format x.y.z`);
  return [x, y, z].map(Number);
}
