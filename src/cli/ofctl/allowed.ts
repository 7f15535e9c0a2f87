/** What the options of a command line let ovs-ofctl speak: ovs-ofctl(8) -O, -F and --bundle. */
import { Fatal } from '../../daemon/program.ts';
import {
  formatProtocols,
  type ProtocolSet,
  protocolsOfVersions,
  versionsOf,
} from '../../openflow/protocols/protocols.ts';
import { versionName, type WireVersion } from '../../openflow/versions.ts';

export interface Allowed {
  /** Versions that are offered to a switch. */
  readonly versions: readonly WireVersion[];
  /** Of these versions. */
  readonly protocols: ProtocolSet;
  /** -O said so, and no other version may be spoken. */
  readonly isFixed: boolean;
  /** What -F allows, whatever the version. */
  readonly formats: ProtocolSet;
}

const firstWithBundles: WireVersion = 4;
/** Bundles belong to the standard since then. */
const usualWithBundles: WireVersion = 5;

/** The same versions, or where none of them has bundles one that has. */
export function versionsWithBundles(versions: readonly WireVersion[]): readonly WireVersion[] {
  return versions.some((version) => version >= firstWithBundles) ? versions : [usualWithBundles];
}

/** What `versions` of -O (undefined without it), `formats` of -F, and --bundle come to. Throws Fatal. */
export function allowedBy(
  versions: readonly WireVersion[] | undefined,
  formats: ProtocolSet,
  needsBundles: boolean,
): Allowed {
  const isFixed = versions !== undefined;
  const given = versions ?? [1];
  const spoken = needsBundles ? versionsWithBundles(given) : given;
  const protocols = formats & protocolsOfVersions(spoken);
  if (protocols !== 0) return { versions: versionsOf(protocols), protocols, isFixed, formats };
  if (!isFixed) return { versions: versionsOf(formats), protocols: formats, isFixed, formats };
  const names = [...spoken]
    .sort((a, b) => a - b)
    .map(versionName)
    .join(', ');
  throw new Fatal(
    `None of the enabled OpenFlow versions (${names}) supports any of the enabled flow formats (${formatProtocols(formats)}).  (Use -O to enable additional OpenFlow versions or -F to enable additional flow formats.)`,
  );
}
