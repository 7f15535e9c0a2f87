/** RSTP: how a port comes to forward in its role, or to rest. IEEE 802.1D-2004 clause 17.29. */
import type { RstpLink } from './rstp-link.ts';
import type { RstpRole } from './rstp-types.ts';
import type { Machine } from './state-machine.ts';

type Link = RstpLink<unknown>;

type TransitionState =
  | 'initPort'
  | 'disablePort'
  | 'disabledPort'
  | 'rootPort'
  | 'reroot'
  | 'rootAgreed'
  | 'rootProposed'
  | 'rootForward'
  | 'rootLearn'
  | 'rerooted'
  | 'designatedPort'
  | 'designatedRetired'
  | 'designatedSynced'
  | 'designatedPropose'
  | 'designatedForward'
  | 'designatedLearn'
  | 'designatedDiscard'
  | 'blockPort'
  | 'backupPort'
  | 'alternatePort'
  | 'alternateAgreed'
  | 'alternateProposed';

const stateOfRole: { readonly [R in RstpRole]: TransitionState } = {
  root: 'rootPort',
  designated: 'designatedPort',
  alternate: 'blockPort',
  backup: 'blockPort',
  disabled: 'disablePort',
};

/** Where a port goes whose role has become another. */
function newRole(port: Link, current: RstpRole): TransitionState | undefined {
  const { selected, updtInfo, role, selectedRole } = port;
  if (!selected || updtInfo || role === selectedRole || selectedRole === current) return undefined;
  return stateOfRole[selectedRole];
}

const backToRoot = (port: Link): TransitionState => newRole(port, 'root') ?? 'rootPort';
const backToDesignated = (port: Link): TransitionState => newRole(port, 'designated') ?? 'designatedPort';
const backToAlternate = (port: Link): TransitionState => newRole(port, 'alternate') ?? 'alternatePort';

export const roleTransition: Machine<TransitionState, Link> = {
  initPort: {
    enter(port) {
      port.role = 'disabled';
      port.learn = port.forward = port.synced = false;
      port.sync = port.reRoot = true;
      port.rrWhile = port.designatedTimes.forwardDelay;
      port.fdWhile = port.designatedTimes.maxAge;
      port.rbWhile = 0;
    },
    next: () => 'disablePort',
  },
  disablePort: {
    enter: discardAs,
    next: (port) => {
      const isQuiet = port.selected && !port.updtInfo && !port.learning && !port.forwarding;
      return newRole(port, 'disabled') ?? (isQuiet ? 'disabledPort' : undefined);
    },
  },
  disabledPort: {
    enter(port) {
      port.fdWhile = port.designatedTimes.maxAge;
      port.synced = true;
      port.rrWhile = 0;
      port.sync = port.reRoot = false;
    },
    next: (port) => {
      const isOther =
        port.fdWhile !== port.designatedTimes.maxAge || port.sync || port.reRoot || !port.synced;
      return (
        newRole(port, 'disabled') ?? (port.selected && !port.updtInfo && isOther ? 'disabledPort' : undefined)
      );
    },
  },
  rootPort: {
    enter(port) {
      port.role = 'root';
      port.rrWhile = port.designatedTimes.forwardDelay;
    },
    next: (port) => newRole(port, 'root') ?? nextOfRoot(port),
  },
  reroot: {
    enter(port) {
      for (const other of port.bridge.links) other.reRoot = true;
    },
    next: backToRoot,
  },
  rootAgreed: { enter: agree, next: backToRoot },
  rootProposed: { enter: syncAll, next: backToRoot },
  rootForward: {
    enter(port) {
      port.fdWhile = 0;
      port.forward = true;
    },
    next: backToRoot,
  },
  rootLearn: { enter: learn, next: backToRoot },
  rerooted: {
    enter(port) {
      port.reRoot = false;
    },
    next: backToRoot,
  },
  designatedPort: {
    enter(port) {
      port.role = 'designated';
    },
    next: (port) => newRole(port, 'designated') ?? nextOfDesignated(port),
  },
  designatedRetired: {
    enter(port) {
      port.reRoot = false;
    },
    next: backToDesignated,
  },
  designatedSynced: {
    enter(port) {
      port.rrWhile = 0;
      port.synced = true;
      port.sync = false;
    },
    next: backToDesignated,
  },
  designatedPropose: {
    enter(port) {
      port.proposing = true;
      port.edgeDelayWhile = port.edgeDelay;
      port.newInfo = true;
    },
    next: backToDesignated,
  },
  designatedForward: {
    enter(port) {
      port.forward = true;
      port.fdWhile = 0;
      port.agreed = port.sendRstp;
    },
    next: backToDesignated,
  },
  designatedLearn: { enter: learn, next: backToDesignated },
  designatedDiscard: {
    enter(port) {
      port.learn = port.forward = port.disputed = false;
      port.fdWhile = port.forwardDelay;
    },
    next: backToDesignated,
  },
  blockPort: {
    enter: discardAs,
    next: (port) => {
      const isQuiet = port.selected && !port.updtInfo && !port.learning && !port.forwarding;
      return newRole(port, 'alternate') ?? (isQuiet ? 'alternatePort' : undefined);
    },
  },
  backupPort: {
    enter(port) {
      port.rbWhile = 2 * port.designatedTimes.helloTime;
    },
    next: backToAlternate,
  },
  alternatePort: {
    enter(port) {
      // As the reference does it, and not forwardDelay as the standard: no port of these roles agrees to a proposal then.
      port.fdWhile = port.designatedTimes.forwardDelay;
      port.synced = true;
      port.rrWhile = 0;
      port.sync = port.reRoot = false;
    },
    next: (port) => newRole(port, 'alternate') ?? nextOfAlternate(port),
  },
  alternateAgreed: {
    enter(port) {
      port.proposed = false;
      port.agree = port.newInfo = true;
    },
    next: backToAlternate,
  },
  alternateProposed: { enter: syncAll, next: backToAlternate },
};

function discardAs(port: Link): void {
  port.role = port.selectedRole;
  port.learn = port.forward = false;
}

function learn(port: Link): void {
  port.fdWhile = port.forwardDelay;
  port.learn = true;
}

function agree(port: Link): void {
  port.proposed = port.sync = false;
  port.agree = port.newInfo = true;
}

function syncAll(port: Link): void {
  for (const other of port.bridge.links) other.sync = true;
  port.proposed = false;
}

/** 17.20.10: no other port was the root port of late. */
function isReRooted(port: Link): boolean {
  return port.bridge.links.every((other) => other === port || other.rrWhile === 0);
}

/** 17.20.3 */
function isAllSynced({ bridge }: Link): boolean {
  return bridge.links.every(
    ({ selected, role, selectedRole, synced }) =>
      selected && role === selectedRole && (role === 'root' || synced),
  );
}

function nextOfRoot(port: Link): TransitionState | undefined {
  if (!port.selected || port.updtInfo) return undefined;
  if (port.rrWhile !== port.designatedTimes.forwardDelay) return 'rootPort';
  if (port.reRoot && port.forward) return 'rerooted';
  const mayForward = port.fdWhile === 0 || (port.bridge.isRapid && port.rbWhile === 0 && isReRooted(port));
  if (mayForward && !port.learn) return 'rootLearn';
  if (mayForward && !port.forward) return 'rootForward';
  if (port.proposed && !port.agree) return 'rootProposed';
  if ((!port.agree && isAllSynced(port)) || (port.proposed && port.agree)) return 'rootAgreed';
  return !port.forward && !port.reRoot ? 'reroot' : undefined;
}

function nextOfDesignated(port: Link): TransitionState | undefined {
  if (!port.selected || port.updtInfo) return undefined;
  const isToStop = (port.sync && !port.synced) || (port.reRoot && port.rrWhile !== 0) || port.disputed;
  if (isToStop && !port.operEdge && (port.learn || port.forward)) return 'designatedDiscard';
  const mayForward =
    (port.fdWhile === 0 || port.agreed || port.operEdge) &&
    (port.rrWhile === 0 || !port.reRoot) &&
    !port.sync;
  if (mayForward && !port.learn) return 'designatedLearn';
  if (mayForward && !port.forward) return 'designatedForward';
  if (!port.forward && !port.agreed && !port.proposing && !port.operEdge) return 'designatedPropose';
  const isSettled = !port.learning && !port.forwarding;
  if (port.synced ? port.sync : isSettled || port.agreed || port.operEdge) return 'designatedSynced';
  return port.rrWhile === 0 && port.reRoot ? 'designatedRetired' : undefined;
}

function nextOfAlternate(port: Link): TransitionState | undefined {
  if (!port.selected || port.updtInfo) return undefined;
  if (port.role === 'backup' && port.rbWhile !== 2 * port.designatedTimes.helloTime) return 'backupPort';
  const isOther = port.fdWhile !== port.forwardDelay || port.sync || port.reRoot || !port.synced;
  if (isOther) return 'alternatePort';
  if (port.proposed && !port.agree) return 'alternateProposed';
  const isToAgree = (!port.agree && isAllSynced(port)) || (port.proposed && port.agree);
  return isToAgree ? 'alternateAgreed' : undefined;
}
