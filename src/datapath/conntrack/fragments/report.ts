/** What is told and set of reassembly from outside: plain values both ways. */
import type { ListState, PacketIdentity } from './fragment-list.ts';
import type { FragmentTable } from './fragment-table.ts';
import {
  type FragmentCounts,
  type IpVersion,
  isFragmentLimit,
  isMinSize,
  type VersionSettings,
} from './settings.ts';

export interface FragmentReport {
  /** Held at most, and now. */
  readonly limit: number;
  readonly heldCount: number;
  readonly versions: Readonly<Record<IpVersion, Readonly<VersionSettings & FragmentCounts>>>;
  readonly lists: readonly FragmentListReport[];
}

export interface FragmentListReport extends PacketIdentity {
  readonly count: number;
  readonly state: ListState;
}

/** One of them. */
export interface FragmentSettings {
  readonly limit?: number;
  readonly of?: { readonly version: IpVersion } & Readonly<Partial<VersionSettings>>;
}

export function reportFragments(table: FragmentTable): FragmentReport {
  const { limit, heldCount, settings, counts } = table;
  return {
    limit,
    heldCount,
    versions: { 4: { ...settings[4], ...counts[4] }, 6: { ...settings[6], ...counts[6] } },
    lists: [...table.lists].map(({ identity, pieces, state }) => ({
      ...identity,
      count: pieces.length,
      state,
    })),
  };
}

/** False, and nothing changes, where a number is out of bounds. */
export function configureFragments(
  table: FragmentTable,
  { limit = table.limit, of }: FragmentSettings,
): boolean {
  if (!isFragmentLimit(limit) || (of?.minSize !== undefined && !isMinSize(of.minSize))) return false;
  table.limit = limit;
  if (of === undefined) return true;
  const { version, ...settings } = of;
  Object.assign(table.settings[version], settings);
  return true;
}
