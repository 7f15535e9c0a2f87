/**
 * The built-in `_Server` database: which databases there are, for clients that watch it. ovsdb-server(5).
 */
import type { Timers } from '../../base/timers.ts';
import type { Uuid } from '../../base/units.ts';
import type { Json, JsonObject } from '../../rpc/channel.ts';
import { formatJson } from '../../rpc/json.ts';
import { Database } from '../engine/database.ts';
import { compiledSchemaToJson, compileSchema } from '../engine/schema.ts';
import type { DatabaseSchema, TransactionContext } from '../engine/types.ts';

const optional = (type: string): Json => ({ type: { key: { type }, min: 0, max: 1 } });

const serverSchema: Json = {
  name: '_Server',
  version: '1.2.0',
  cksum: '3009684573 744',
  tables: {
    Database: {
      columns: {
        name: { type: 'string' },
        model: { type: { key: { type: 'string', enum: ['set', ['standalone', 'clustered', 'relay']] } } },
        connected: { type: 'boolean' },
        leader: { type: 'boolean' },
        schema: optional('string'),
        cid: optional('uuid'),
        sid: optional('uuid'),
        index: optional('integer'),
      },
      isRoot: true,
    },
  },
};

/** Made for the first server of a process. */
let compiled: DatabaseSchema | undefined;

const asServer: TransactionContext = {
  isReadOnly: false,
  access: undefined,
  isInternal: true,
  holdsLock: () => false,
};

interface DatabaseStatus {
  readonly model: 'standalone' | 'relay';
  readonly connected: boolean;
  readonly leader: boolean;
  readonly schema?: DatabaseSchema;
}

export class ServerDatabase {
  readonly db: Database;

  constructor(deps: { readonly timers: Timers; readonly newUuid: () => Uuid }) {
    compiled ??= compileSchema(serverSchema);
    this.db = new Database(compiled, deps);
  }

  add(name: string, status: DatabaseStatus): void {
    this.#write({ op: 'insert', table: 'Database', row: { name, ...rowOf(status) } });
  }

  update(name: string, status: Partial<DatabaseStatus>): void {
    this.#write({ op: 'update', table: 'Database', where: [['name', '==', name]], row: rowOf(status) });
  }

  remove(name: string): void {
    this.#write({ op: 'delete', table: 'Database', where: [['name', '==', name]] });
  }

  #write(operation: JsonObject): void {
    this.db.submit(['_Server', operation], asServer, ({ error }) => {
      if (error !== null) throw new Error(`_Server: ${formatJson(error)}`);
    });
  }
}

/** Of schemas that are served. */
const schemaTexts = new WeakMap<DatabaseSchema, string>();

function rowOf({ schema, ...columns }: Partial<DatabaseStatus>): JsonObject {
  if (schema === undefined) return columns;
  const text = schemaTexts.get(schema) ?? formatJson(compiledSchemaToJson(schema), { isSorted: true });
  schemaTexts.set(schema, text);
  return { ...columns, schema: text };
}
