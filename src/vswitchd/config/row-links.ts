/** Which rows of the database refer to which, kept by those who follow its changes. */
import type { Uuid } from '../../base/units.ts';

/** From a row to those that refer to it, which are nearly always one. */
export type Links = Map<Uuid, readonly Uuid[]>;

export function link(links: Links, from: Uuid, to: Uuid): void {
  const known = links.get(from);
  if (known === undefined) links.set(from, [to]);
  else if (!known.includes(to)) links.set(from, [...known, to]);
}

export function unlink(links: Links, from: Uuid, to: Uuid): void {
  const left = links.get(from)?.filter((id) => id !== to) ?? [];
  if (left.length === 0) links.delete(from);
  else links.set(from, left);
}

/** The client keeps a value's identity when an update does not name its column. */
export function isConfigChanged<R>(
  { old, new: row }: { old: R | undefined; new: R | undefined },
  columns: readonly (keyof R)[],
): boolean {
  if (!old || !row) return true;
  return columns.some((column) => old[column] !== row[column]);
}
