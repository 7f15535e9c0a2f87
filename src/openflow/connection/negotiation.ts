/** Which version two speakers agree on by their hellos: OpenFlow 1.3.5 section 6.3.1, both forms of a hello. */
import type { Sent } from '../codec.ts';
import { allVersions, type WireVersion } from '../versions.ts';

/** The hello that offers these versions, and the version it is to be sent in. There is at least one. */
export function helloFor(versions: readonly WireVersion[]): {
  readonly version: WireVersion;
  readonly hello: Sent;
} {
  const offered = allVersions.filter((version) => versions.includes(version));
  const version = offered.at(-1) ?? 1;
  const isAllBefore = offered.length === version;
  return { version, hello: { name: 'HELLO', value: { versions: isAllBefore ? undefined : offered } } };
}

/** A hello has room for no later version. */
const lastOffered = 31;

/** What a hello offers, by the list in it or by the version of its header. */
export function offeredVersions(header: number, listed: readonly number[] | undefined): readonly number[] {
  return listed ?? Array.from({ length: Math.min(header, lastOffered) }, (_, n) => n + 1);
}

/** The last version that both can speak. */
export function commonVersion(
  ours: readonly WireVersion[],
  theirs: readonly number[],
): WireVersion | undefined {
  return allVersions.findLast((version) => ours.includes(version) && theirs.includes(version));
}

/** "version 0x01", "version 0x04 and earlier", "versions 0x01, 0x04". */
export function formatVersions(versions: readonly number[]): string {
  const sorted = [...versions].sort((a, b) => a - b);
  const last = sorted.at(-1);
  if (last === undefined) return 'no versions';
  if (sorted.length === 1) return `version ${formatVersion(last)}`;
  if (sorted[0] === 1 && sorted.length === last) return `version ${formatVersion(last)} and earlier`;
  return `versions ${sorted.map(formatVersion).join(', ')}`;
}

/** "0x04" */
export function formatVersion(version: number): string {
  return `0x${version.toString(16).padStart(2, '0')}`;
}
