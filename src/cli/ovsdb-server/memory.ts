/** `memory/show` of ovsdb-server: counts of what uses memory, under the reference's names. */
import type { CommandOutput } from '../../daemon/unixctl.ts';
import type { Database } from '../../ovsdb/engine/database.ts';
import { atomsOf } from '../../ovsdb/engine/datum.ts';
import type { OvsdbServer } from '../../ovsdb/server/server.ts';

/** "atoms:14 cells:20 monitors:0 ..." with the names sorted. */
export function showMemoryUse(server: OvsdbServer): CommandOutput {
  const usage = server.usage();
  const counts = new Map<string, number>([
    ['monitors', usage.monitors],
    ['n-weak-refs', 0],
  ]);
  const add = (name: string, count: number) => counts.set(name, (counts.get(name) ?? 0) + count);
  if (usage.sessions > 0) {
    add('sessions', usage.sessions);
    add('triggers', usage.triggers);
    add('backlog', usage.backlog);
  }
  if (usage.jsonCaches > 0) add('json-caches', usage.jsonCaches);
  for (const served of server.databases.values()) countDatabase(served.db, add);
  const sorted = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    text: `${sorted.map(([name, count]) => `${name}:${count}`).join(' ')}\n`,
    json: Object.fromEntries(sorted),
  };
}

function countDatabase(db: Database, add: (name: string, count: number) => void): void {
  add('atoms', 0);
  add('cells', 0);
  for (const [name, schema] of db.schema.tables) {
    const table = db.table(name);
    const weak = schema.columns.filter(({ type }) => isWeak(type.key) || isWeak(type.value));
    add('cells', (table?.size ?? 0) * schema.columnsByName.size);
    for (const row of table?.rows() ?? []) {
      for (const value of row.values) add('atoms', atomsOf(value).length);
      for (const { index } of weak) add('n-weak-refs', atomsOf(row.values[index] ?? []).length);
    }
  }
}

function isWeak(
  base: { readonly refTable: string | undefined; readonly refType: string } | undefined,
): boolean {
  return base?.refTable !== undefined && base.refType === 'weak';
}
