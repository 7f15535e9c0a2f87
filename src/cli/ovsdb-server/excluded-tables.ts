/** `--sync-exclude-tables`: which tables replication leaves alone, as "DB:TABLE" separated by commas or spaces. */
import { compareBytes } from '../../base/text.ts';
import { UsageError } from '../../daemon/options.ts';

/** By database. Throws UsageError. */
export function readTables(text: string): Map<string, Set<string>> {
  const tables = new Map<string, Set<string>>();
  for (const name of text.split(/[ ,]+/).filter((part) => part !== '')) {
    const colon = name.indexOf(':');
    if (colon < 0) throw new UsageError(`Can't parse excluded table: ${name}`);
    const database = name.slice(0, colon);
    const known = tables.get(database) ?? new Set<string>();
    tables.set(database, known.add(name.slice(colon + 1)));
  }
  return tables;
}

/** Sorted and joined by commas. */
export function formatTables(tables: ReadonlyMap<string, ReadonlySet<string>>): string {
  const names = [...tables].flatMap(([database, known]) => [...known].map((table) => `${database}:${table}`));
  return names.sort(compareBytes).join(',');
}
