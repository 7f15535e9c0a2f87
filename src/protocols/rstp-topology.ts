/**
 * RSTP: the states of a port, and what others are told of a topology that changed. IEEE 802.1D-2004 clauses 17.30 and
 * 17.31.
 */
import type { RstpLink } from './rstp-link.ts';
import { rstpHelloTime } from './rstp-types.ts';
import type { Machine } from './state-machine.ts';

type Link = RstpLink<unknown>;

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
