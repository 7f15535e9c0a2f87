/**
 * RSTP: which role each port has, how it comes to forward in it, and what others are told of a changed topology.
 * IEEE 802.1D-2004 clauses 17.28 to 17.31.
 */
import type { RstpLink } from './rstp-link.ts';
import { type RstpRole, rstpHelloTime } from './rstp-types.ts';
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

/** 17.29 */
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

/** 17.30 */
export const stateTransition: Machine<'discarding' | 'learning' | 'forwarding', Link> = {
  discarding: {
    enter(port) {
      port.state = 'discarding';
      port.learning = port.forwarding = false;
    },
    next: (port) => (port.learn ? 'learning' : undefined),
  },
  learning: {
    enter(port) {
      port.state = 'learning';
      port.learning = true;
    },
    next: (port) => {
      if (!port.learn) return 'discarding';
      return port.forward ? 'forwarding' : undefined;
    },
  },
  forwarding: {
    enter(port) {
      port.state = 'forwarding';
      port.forwarding = true;
    },
    next: (port) => (port.forward ? undefined : 'discarding'),
  },
};

type ChangeState =
  | 'inactive'
  | 'learning'
  | 'detected'
  | 'active'
  | 'acknowledged'
  | 'propagating'
  | 'notifiedTc'
  | 'notifiedTcn';

/** 17.31 */
export const topologyChange: Machine<ChangeState, Link> = {
  inactive: {
    enter(port) {
      port.mustFlush = true;
      port.tcWhile = 0;
      port.tcAck = false;
    },
    next: (port) => (port.learn && !port.mustFlush ? 'learning' : undefined),
  },
  learning: {
    enter(port) {
      port.rcvdTc = port.rcvdTcn = port.rcvdTcAck = port.tcProp = false;
    },
    next: (port) => {
      const isTold = port.rcvdTc || port.rcvdTcn || port.rcvdTcAck || port.tcProp;
      if (isTold) return 'learning';
      if (isActiveRole(port)) return port.forward && !port.operEdge ? 'detected' : undefined;
      return port.learn || port.learning ? undefined : 'inactive';
    },
  },
  detected: {
    enter(port) {
      startTcWhile(port);
      propagate(port);
      port.newInfo = true;
    },
    next: () => 'active',
  },
  active: {
    next: (port) => {
      if (!isActiveRole(port) || port.operEdge) return 'learning';
      if (port.rcvdTcn) return 'notifiedTcn';
      if (port.rcvdTc) return 'notifiedTc';
      if (port.tcProp) return 'propagating';
      return port.rcvdTcAck ? 'acknowledged' : undefined;
    },
  },
  acknowledged: {
    enter(port) {
      port.tcWhile = 0;
      port.rcvdTcAck = false;
    },
    next: () => 'active',
  },
  propagating: {
    enter(port) {
      startTcWhile(port);
      port.mustFlush = true;
      port.tcProp = false;
    },
    next: () => 'active',
  },
  notifiedTc: {
    enter(port) {
      port.rcvdTcn = port.rcvdTc = false;
      if (port.role === 'designated') port.tcAck = true;
      propagate(port);
    },
    next: () => 'active',
  },
  notifiedTcn: { enter: startTcWhile, next: () => 'notifiedTc' },
};

function isActiveRole({ role }: Link): boolean {
  return role === 'root' || role === 'designated';
}

/** 17.21.7 */
function startTcWhile(port: Link): void {
  if (port.tcWhile !== 0) return;
  const { maxAge, forwardDelay } = port.bridge.times;
  port.tcWhile = port.sendRstp ? rstpHelloTime + 1 : maxAge + forwardDelay;
  if (port.sendRstp) port.newInfo = true;
}

/** 17.21.18 */
function propagate(port: Link): void {
  for (const other of port.bridge.links) if (other !== port) other.tcProp = true;
}
