/**
 * What the `_Server` database says of one database: whether this server has it, and whether it leads or at least is
 * connected to its cluster (ovsdb-server(5) "Database table"). Fed by `ClientSession`.
 */
import type { Json } from '../../rpc/channel.ts';
import { atom, column, table } from '../schema-types.ts';
import { bad, LiveTables } from './view.ts';

const monitorId = ['monid', '_Server'];

const Database = table({
  name: column.one(atom.string),
  model: column.one(atom.oneOf('clustered', 'relay', 'standalone')),
  connected: column.one(atom.boolean),
  leader: column.one(atom.boolean),
  schema: column.optional(atom.string),
});

export class DatabaseStatus {
  readonly #database: string;
  readonly #leaderOnly: boolean;
  readonly #tables = new LiveTables({ Database });
  #schema: string | undefined;

  constructor(database: string, leaderOnly: boolean) {
    this.#database = database;
    this.#leaderOnly = leaderOnly;
  }

  /** For `monitor_cond`. */
  monitorParams(): Json[] {
    const columns = Object.keys(Database.columns);
    return ['_Server', monitorId, { Database: [{ columns }] }];
  }

  isOwnUpdate(method: string, params: readonly Json[]): boolean {
    return method === 'update2' && JSON.stringify(params[0]) === JSON.stringify(monitorId);
  }

  /** Takes the initial content or an update in. Throws Malformed. */
  apply(updates: Json | undefined): void {
    if (updates === undefined) throw bad('update without content');
    this.#tables.apply(updates, 'update2');
  }

  /** Why this server will not do; undefined when it will. */
  objection(): string | undefined {
    const row = this.#row();
    if (row === undefined) return `server does not have a ${this.#database} database`;
    if (row.model !== 'clustered' && row.model !== 'relay') return undefined;
    if (row.schema === undefined) return 'clustered database server has not yet joined its cluster';
    if (row.connected !== true) return 'clustered database server is disconnected from its cluster';
    if (this.#leaderOnly && row.model === 'clustered' && row.leader !== true)
      return 'clustered database server is not the cluster leader';
    return undefined;
  }

  /** Has the schema changed since the last call? */
  takeSchemaChange(): boolean {
    const schema = this.#row()?.schema;
    const before = this.#schema;
    this.#schema = typeof schema === 'string' ? schema : undefined;
    return before !== undefined && this.#schema !== before;
  }

  #row() {
    for (const row of this.#tables.rows('Database').values()) {
      if (row.name === this.#database) return row;
    }
    return undefined;
  }
}
