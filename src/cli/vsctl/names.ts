/** Bridges, ports and interfaces share one space of names: asking for all three at once, and refusing a name in use. */
import type { Preparation } from '../db-ctl/command.ts';
import { CommandFailed } from '../db-ctl/datum-text.ts';
import { tableNamed } from '../db-ctl/schema.ts';
import type { Work } from '../db-ctl/work.ts';
import { findAnyInterface, findAnyPort, findBridge, portColumns } from './model.ts';

/** Tells the snapshot what lookups of these names will ask. `extra` columns are of bridges and ports. */
export function prepareNames(
  { schema, snapshot }: Preparation,
  names: readonly string[],
  extra: readonly string[] = [],
): void {
  for (const value of names) {
    const clause = { column: 'name', test: '==', value } as const;
    snapshot.prepare(tableNamed(schema, 'Bridge'), [clause], ['name', ...extra]);
    snapshot.prepare(tableNamed(schema, 'Port'), [clause], [...portColumns, ...extra]);
  }
}

/** The same for the bridge of that name alone, whose columns a command works on. */
export function prepareBridge(prep: Preparation, bridge: string, columns: readonly string[]): void {
  prepareNames(prep, [bridge]);
  prep.snapshot.prepare(
    tableNamed(prep.schema, 'Bridge'),
    [{ column: 'name', test: '==', value: bridge }],
    columns,
  );
}

/** As `prepareNames`, with interfaces. */
export function prepareAllNames(prep: Preparation, names: readonly string[]): void {
  prepareNames(prep, names);
  for (const value of names) {
    prep.snapshot.prepare(
      tableNamed(prep.schema, 'Interface'),
      [{ column: 'name', test: '==', value }],
      ['name'],
    );
  }
}

/** Throws CommandFailed, its message beginning with `refusal`, when something has that name. */
export function checkNameIsFree(work: Work, name: string, refusal: string): void {
  if (findBridge(work, name) !== undefined) {
    throw new CommandFailed(`${refusal} because a bridge named ${name} already exists`);
  }
  const port = findAnyPort(work, name);
  if (port !== undefined) {
    throw new CommandFailed(
      `${refusal} because a port named ${name} already exists on bridge ${port.bridge.name}`,
    );
  }
  const iface = findAnyInterface(work, name);
  if (iface !== undefined) {
    throw new CommandFailed(
      `${refusal} because an interface named ${name} already exists on bridge ${iface.port.bridge.name}`,
    );
  }
}
