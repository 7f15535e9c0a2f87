/** RSTP: the root port of a bridge, and the roles of its ports that follow from it. IEEE 802.1D-2004 clause 17.21.25. */
import type { BridgeId } from '../wire/bpdu.ts';
import type { RstpLink } from './rstp-link.ts';
import {
  areSameTimes,
  compareVectors,
  type PriorityVector,
  type RstpRole,
  type RstpTimes,
  rstpHelloTime,
} from './rstp-types.ts';

export interface RootChoice<P> {
  /** undefined where the bridge is the root. */
  readonly link: RstpLink<P> | undefined;
  readonly vector: PriorityVector;
  readonly times: RstpTimes;
}

/** What a bridge says of itself, 17.18.3. */
export function bridgeVector(id: BridgeId): PriorityVector {
  return { rootId: id, rootPathCost: 0, bridgeId: id, portId: 0, receiverId: 0 };
}

/** Letters a to c. */
export function chooseRoot<P>(id: BridgeId, times: RstpTimes, links: readonly RstpLink<P>[]): RootChoice<P> {
  let best: RootChoice<P> = { link: undefined, vector: bridgeVector(id), times };
  for (const link of links) {
    const { portPriority: told, portTimes, settings, portId } = link;
    if (link.infoIs !== 'received' || told.bridgeId.slice(4) === id.slice(4)) continue;
    const vector = { ...told, rootPathCost: told.rootPathCost + settings.pathCost, receiverId: portId };
    if (compareVectors(vector, best.vector) !== 'superior') continue;
    best = { link, vector, times: { ...portTimes, messageAge: portTimes.messageAge + 1 } };
  }
  return best;
}

/** Letters d to l. */
export function assignRoles<P>(id: BridgeId, root: RootChoice<P>, links: readonly RstpLink<P>[]): void {
  const { rootId, rootPathCost } = root.vector;
  for (const link of links) {
    link.designatedPriority = { rootId, rootPathCost, bridgeId: id, portId: link.portId, receiverId: 0 };
    link.designatedTimes = { ...root.times, helloTime: rstpHelloTime };
    link.selectedRole = roleOf(id, root, link);
    link.updtInfo = mustUpdate(link);
  }
}

function roleOf<P>(id: BridgeId, root: RootChoice<P>, link: RstpLink<P>): RstpRole {
  if (link.infoIs === 'disabled') return 'disabled';
  if (link.infoIs !== 'received') return 'designated';
  if (link === root.link) return 'root';
  if (compareVectors(link.designatedPriority, link.portPriority) !== 'inferior') return 'designated';
  return link.portPriority.bridgeId === id ? 'backup' : 'alternate';
}

/** What is known of the link is to become what the bridge says there. */
function mustUpdate<P>(link: RstpLink<P>): boolean {
  const { infoIs, selectedRole, portPriority, designatedPriority, portTimes, designatedTimes } = link;
  if (infoIs === 'mine')
    return (
      compareVectors(portPriority, designatedPriority) !== 'same' || !areSameTimes(portTimes, designatedTimes)
    );
  return infoIs === 'aged' || (infoIs === 'received' && selectedRole === 'designated');
}
