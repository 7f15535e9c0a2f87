/** The argument of -O: versions of OpenFlow by name, with commas or spaces between. */
import { Fatal } from '../daemon/program.ts';
import { allVersions, versionNamed, type WireVersion } from '../openflow/versions.ts';

/** All of them where none is named. Throws Fatal. */
export function readVersions(text: string): readonly WireVersion[] {
  const versions = text
    .split(/[,\s]+/)
    .filter((name) => name !== '')
    .map(readVersion);
  return versions.length === 0 ? allVersions : versions;
}

function readVersion(name: string): WireVersion {
  const version = versionNamed(name);
  if (version === undefined) throw new Fatal(`Unknown OpenFlow version: "${name}"`);
  return version;
}
