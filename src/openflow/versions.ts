/** OpenFlow versions: their number on the wire, their names, and ranges of them as declarations write them. */

/** The first byte of a message: 1 is OpenFlow 1.0, 6 is 1.5. */
export type WireVersion = 1 | 2 | 3 | 4 | 5 | 6;

export const allVersions: readonly WireVersion[] = [1, 2, 3, 4, 5, 6];

/** The version of that number, or the last one that is known where it is a later one's. */
export function knownVersion(number: number): WireVersion {
  return allVersions[number - 1] ?? 6;
}

/** "1.3": what the number on the wire is called. */
export function versionText(version: WireVersion): string {
  return `1.${version - 1}`;
}

/** "OpenFlow13", as in `protocols` of table Bridge and `-O` of ovs-ofctl. */
export function versionName(version: WireVersion): string {
  return `OpenFlow1${version - 1}`;
}

/** The version of that name, "OpenFlow13" in any case; undefined for no such one. */
export function versionNamed(name: string): WireVersion | undefined {
  const minor = /^openflow1([0-5])$/i.exec(name)?.[1];
  return minor === undefined ? undefined : allVersions[Number(minor)];
}

/** "1.1" for one version, "1.1-1.4", "1.1+" for it and all later ones, or "all". */
export type VersionRange = `1.${number}` | `1.${number}-1.${number}` | `1.${number}+` | 'all';

export interface Versions {
  readonly first: WireVersion;
  readonly last: WireVersion;
}

export function readRange(range: VersionRange): Versions {
  const [, first, kind, last] = /^1\.(\d)(?:(\+)|-1\.(\d))?$/.exec(range) ?? [];
  const at = (minor: string | undefined): WireVersion => allVersions[Number(minor)] ?? 1;
  if (first === undefined) return { first: 1, last: 6 };
  return { first: at(first), last: kind === '+' ? 6 : at(last ?? first) };
}

export function isWithin({ first, last }: Versions, version: WireVersion): boolean {
  return first <= version && version <= last;
}
