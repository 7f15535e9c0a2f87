/** What RSTP is told, and what it tells: IEEE 802.1D-2004 clause 17; ovs-vswitchd.conf.db(5), "Rapid Spanning Tree". */
import type { BridgeId } from '../wire/bpdu.ts';

export type RstpRole = 'root' | 'designated' | 'alternate' | 'backup' | 'disabled';
export type RstpState = 'discarding' | 'learning' | 'forwarding';

/** Times in seconds. What is out of range leaves a setting as it is. */
export interface RstpSettings {
  /** "xx:xx:xx:xx:xx:xx" */
  readonly mac: string;
  /** 0..61440, counts in steps of 4096; the lowest is to be the root. */
  readonly priority: number;
  /** Speaks as STP does. */
  readonly isStpOnly: boolean;
  /** 6..40 */
  readonly maxAge: number;
  /** 4..30 */
  readonly forwardDelay: number;
  /** BPDUs a second at most, and per port: 1..10. */
  readonly transmitHoldCount: number;
}

export interface RstpPortSettings {
  readonly name: string;
  /** 1..4095; the first free one where 0 or taken. */
  readonly number: number;
  /** 0..240, counts in steps of 16 */
  readonly priority: number;
  /** 1..200000000 */
  readonly pathCost: number;
  /** No bridge is behind it, until one is heard. */
  readonly isEdge: boolean;
  /** Finds out by itself whether there is one. */
  readonly findsEdge: boolean;
  /** Two bridges at most are on its link, so one may ask the other to agree. */
  readonly isPointToPoint: boolean;
  readonly isEnabled: boolean;
  /** Tries whether a neighbour that spoke STP speaks RSTP by now. */
  readonly mustCheckMigration: boolean;
}

/** In seconds. */
export interface RstpTimes {
  readonly messageAge: number;
  readonly maxAge: number;
  readonly helloTime: number;
  readonly forwardDelay: number;
}

export const rstpHelloTime = 2;
export const migrateTime = 3;

/** Clause 17.6: the components of a priority vector, the first being the most significant. */
export interface PriorityVector {
  readonly rootId: BridgeId;
  readonly rootPathCost: number;
  readonly bridgeId: BridgeId;
  readonly portId: number;
  /** That of the port which received it. */
  readonly receiverId: number;
}

export type Comparison = 'superior' | 'same' | 'inferior';

/** What the designated port of a link says replaces what it said before, be it better or not. */
export function compareVectors(a: PriorityVector, b: PriorityVector): Comparison {
  const isSameSender = a.bridgeId === b.bridgeId && a.portId === b.portId;
  if (isSameSender && a.rootId === b.rootId && a.rootPathCost === b.rootPathCost) {
    if (a.receiverId === b.receiverId) return 'same';
    return a.receiverId < b.receiverId ? 'superior' : 'inferior';
  }
  return isSameSender || isBetterVector(a, b) ? 'superior' : 'inferior';
}

function isBetterVector(a: PriorityVector, b: PriorityVector): boolean {
  if (a.rootId !== b.rootId) return a.rootId < b.rootId;
  if (a.rootPathCost !== b.rootPathCost) return a.rootPathCost < b.rootPathCost;
  if (a.bridgeId !== b.bridgeId) return a.bridgeId < b.bridgeId;
  return a.portId < b.portId;
}

export function areSameTimes(a: RstpTimes, b: RstpTimes): boolean {
  return (
    a.messageAge === b.messageAge &&
    a.maxAge === b.maxAge &&
    a.helloTime === b.helloTime &&
    a.forwardDelay === b.forwardDelay
  );
}

/** What is told of a port. */
export interface RstpPort<P> {
  readonly owner: P;
  /** As they are in use. */
  readonly settings: RstpPortSettings;
  /** Its priority and its number. */
  readonly portId: number;
  readonly role: RstpRole;
  readonly state: RstpState;
  /** What the designated bridge of its link says. */
  readonly portPriority: PriorityVector;
  /** What it would say as that bridge. */
  readonly designatedTimes: RstpTimes;
  /** BPDUs sent of late: one a second is forgotten. */
  readonly sentCount: number;
  readonly receivedCount: number;
  readonly badCount: number;
  /** Seconds. */
  readonly uptime: number;
}
