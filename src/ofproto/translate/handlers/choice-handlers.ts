/** Actions that choose a port or a link for a packet: ovs-actions(7), "The multipath action" and "The bundle action". */
import { ofPort } from '../../../base/units.ts';
import { hashFields, unwildcardHashed, weigh } from '../../../flow/field-hash.ts';
import type { BundleArguments } from '../../../openflow/actions/bundle.ts';
import type { MultipathArguments } from '../../../openflow/actions/multipath.ts';
import { reservedPorts } from '../../../openflow/ports.ts';
import { livenessTag } from '../tags.ts';
import type { Translation } from '../translation.ts';
import { noteValue, writeBits } from './field-handlers.ts';
import type { Handlers } from './handler.ts';
import { outputTo } from './output-handlers.ts';

export const choiceHandlers = {
  multipath(t, action) {
    const { fields, basis, destination } = action;
    unwildcardHashed(t.mask, t.flow, fields);
    writeBits(t, destination, BigInt(linkOf(hashFields(t.flow, fields, basis), action)));
    noteValue(t, destination);
  },
  bundle(t, action) {
    const { fields, algorithm, destination } = action;
    if (algorithm === 'hrw') unwildcardHashed(t.mask, t.flow, fields);
    const port = memberOf(t, action);
    if (destination === undefined) outputTo(t, port, 0);
    else {
      writeBits(t, destination, BigInt(port));
      noteValue(t, destination);
    }
  },
} satisfies Handlers;

/** Beyond so many links, weighing all of them takes too long. */
const mostWeighed = 64;

function linkOf(hash: number, { algorithm, linkCount, argument }: MultipathArguments): number {
  if (algorithm === 'modulo_n') return hash % linkCount;
  if (algorithm === 'hash_threshold')
    return linkCount === 1 ? 0 : Math.floor(hash / (Math.floor(0xffffffff / linkCount) + 1));
  if (algorithm === 'hrw' && linkCount <= mostWeighed) return heaviest(linkCount, (n) => weigh(hash, n));
  // The first of a chain of hashes that is the number of a link.
  const modulus = modulusOf(linkCount, algorithm === 'hrw' ? 0 : argument);
  for (let n = 0; ; n++) {
    const link = weigh(hash, n) % modulus;
    if (link < linkCount) return link;
  }
}

/** At least so many; what is asked for is kept within bounds that end the search soon. */
function modulusOf(linkCount: number, wanted: number): number {
  if (wanted < linkCount || wanted > 4 * linkCount) return 2 ** Math.ceil(Math.log2(linkCount));
  return wanted;
}

/** Highest random weight: a member that goes away takes none from the others. -1 where there is none. */
function heaviest(count: number, weightOf: (n: number) => number): number {
  let best = -1;
  let bestWeight = -1;
  for (let n = 0; n < count; n++) {
    const weight = weightOf(n);
    if (weight <= bestWeight) continue;
    best = n;
    bestWeight = weight;
  }
  return best;
}

/** Members whose link is up are chosen from; ANY where there is none. */
function memberOf(t: Translation, { fields, basis, algorithm, members }: BundleArguments): number {
  t.outcome.tags |= livenessTag(t.ofproto.id);
  const isLive = (n: number): boolean =>
    t.ofproto.ports.get(ofPort(members[n] ?? reservedPorts.ANY))?.mayEnable === true;
  if (algorithm === 'active_backup') return members.find((_, n) => isLive(n)) ?? reservedPorts.ANY;
  const hash = hashFields(t.flow, fields, basis);
  return members[heaviest(members.length, (n) => (isLive(n) ? weigh(n, hash) : -1))] ?? reservedPorts.ANY;
}
