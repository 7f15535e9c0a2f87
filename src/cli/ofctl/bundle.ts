/** Changes of several kinds, made at once: bundle. ovs-ofctl(8). */
import type { Sent } from '../../openflow/codec.ts';
import { flowModIn } from '../../openflow/protocols/protocol-messages.ts';
import { protocolSets, protocolsOfVersions } from '../../openflow/protocols/protocols.ts';
import { type BundleLine, readBundleLine } from '../../openflow/text/bundles.ts';
import { type Allowed, versionsWithBundles } from './allowed.ts';
import { ChangeBundle } from './changes.ts';
import type { OfctlContext } from './context.ts';
import { groupModFor } from './groups.ts';
import { readEach, readLines } from './lines.ts';
import { NameReader } from './names.ts';
import { openForChanges, type Session } from './protocol.ts';

/** What `bundle SWITCH FILE` does. */
export async function sendBundle(
  context: OfctlContext,
  [target = '', file = '']: readonly string[],
): Promise<void> {
  const lines = await readEach(file, readLines(file), new NameReader(context, target), readBundleLine);
  const usable = lines.reduce<number>((set, line) => set & line.usable, protocolSets.since13);
  const messages = new ChangeBundle();
  const allowed = withBundles(context.allowed);
  const session = await openForChanges({ ...context, allowed }, target, usable, messages.events);
  const changes = lines.map((line) => messageOf(line, session));
  await messages.perform(context, target, session.connection, changes);
}

/** Without a version that has bundles, one that has is allowed in the place of the others. */
function withBundles(allowed: Allowed): Allowed {
  const versions = versionsWithBundles(allowed.versions);
  if (versions === allowed.versions) return allowed;
  return { ...allowed, versions, protocols: protocolsOfVersions(versions) };
}

/** Throws Fatal where the version cannot say it. */
function messageOf(line: BundleLine, { connection, protocol }: Session): Sent {
  if (line.kind === 'flow') return flowModIn(protocol, line.mod);
  if (line.kind === 'group') return groupModFor(connection, line.mod);
  return { name: 'PACKET_OUT', value: line.message };
}
