/** RSTP: the machines of one port that take BPDUs in, send them, and find out who is behind it. IEEE 802.1D-2004. */
import { bpduFlag, bpduRole, type ConfigurationBpdu, flagsOfRole } from '../wire/bpdu.ts';
import type { RstpLink } from './rstp-link.ts';
import { migrateTime, type RstpRole, type RstpTimes, rstpHelloTime } from './rstp-types.ts';
import type { Machine } from './state-machine.ts';

type Link = RstpLink<unknown>;

/** 17.23 */
export const portReceive: Machine<'discard' | 'receive', Link> = {
  discard: {
    enter(port) {
      port.rcvdBpdu = port.rcvdRstp = port.rcvdStp = port.rcvdMsg = false;
      port.edgeDelayWhile = migrateTime;
    },
    next: (port) => {
      if (mustDiscard(port)) return 'discard';
      return port.rcvdBpdu && port.portEnabled ? 'receive' : undefined;
    },
  },
  receive: {
    enter(port) {
      port.rcvdRstp = port.received.type === 'rapid';
      port.rcvdStp = !port.rcvdRstp;
      port.operEdge = port.rcvdBpdu = false;
      port.rcvdMsg = true;
      port.edgeDelayWhile = migrateTime;
    },
    next: (port) => {
      if (mustDiscard(port)) return 'discard';
      return port.rcvdBpdu && port.portEnabled && !port.rcvdMsg ? 'receive' : undefined;
    },
  },
};

function mustDiscard(port: Link): boolean {
  return (port.rcvdBpdu || port.edgeDelayWhile !== migrateTime) && !port.portEnabled;
}

/** 17.24 */
export const protocolMigration: Machine<'checkingRstp' | 'selectingStp' | 'sensing', Link> = {
  checkingRstp: {
    enter(port) {
      port.mcheck = false;
      port.sendRstp = port.bridge.isRapid;
      port.mdelayWhile = migrateTime;
    },
    next: (port) => {
      if (port.mdelayWhile === 0) return 'sensing';
      return port.mdelayWhile !== migrateTime && !port.portEnabled ? 'checkingRstp' : undefined;
    },
  },
  selectingStp: {
    enter(port) {
      port.sendRstp = false;
      port.mdelayWhile = migrateTime;
    },
    next: (port) => (port.mdelayWhile === 0 || !port.portEnabled || port.mcheck ? 'sensing' : undefined),
  },
  sensing: {
    enter(port) {
      port.rcvdRstp = port.rcvdStp = false;
    },
    next: (port) => {
      const isRapidAgain = port.bridge.isRapid && !port.sendRstp && port.rcvdRstp;
      if (!port.portEnabled || port.mcheck || isRapidAgain) return 'checkingRstp';
      return port.sendRstp && port.rcvdStp ? 'selectingStp' : undefined;
    },
  },
};

/** 17.25 */
export const bridgeDetection: Machine<'edge' | 'notEdge', Link> = {
  edge: {
    enter(port) {
      port.operEdge = true;
    },
    next: (port) => ((!port.portEnabled && !port.settings.isEdge) || !port.operEdge ? 'notEdge' : undefined),
  },
  notEdge: {
    enter(port) {
      port.operEdge = false;
    },
    next: (port) => {
      const isSilent =
        port.edgeDelayWhile === 0 && port.settings.findsEdge && port.sendRstp && port.proposing;
      return (!port.portEnabled && port.settings.isEdge) || isSilent ? 'edge' : undefined;
    },
  },
};

type TransmitState = 'init' | 'periodic' | 'idle' | 'sendConfiguration' | 'sendNotification' | 'sendRapid';

/** 17.26 */
export const portTransmit: Machine<TransmitState, Link> = {
  init: {
    enter(port) {
      port.newInfo = true;
      port.sentCount = 0;
    },
    next: () => 'idle',
  },
  periodic: {
    enter(port) {
      port.newInfo ||= port.role === 'designated' || (port.role === 'root' && port.tcWhile !== 0);
    },
    next: () => 'idle',
  },
  idle: {
    enter(port) {
      port.helloWhen = rstpHelloTime;
    },
    next: (port) => {
      if (port.role === 'disabled' || !port.selected || port.updtInfo) return undefined;
      if (port.helloWhen === 0) return 'periodic';
      if (!port.newInfo || port.sentCount >= port.bridge.transmitHoldCount) return undefined;
      if (port.sendRstp) return 'sendRapid';
      if (port.role === 'root') return 'sendNotification';
      return port.role === 'designated' ? 'sendConfiguration' : undefined;
    },
  },
  sendConfiguration: {
    enter(port) {
      emit(port, configurationOf(port, 'configuration', port.tcAck ? bpduFlag.topologyChangeAck : 0));
      port.tcAck = false;
    },
    next: () => 'idle',
  },
  sendNotification: {
    enter: (port) => emit(port, { type: 'notification' }),
    next: () => 'idle',
  },
  sendRapid: {
    enter(port) {
      emit(port, configurationOf(port, 'rapid', rapidFlags(port)));
      port.tcAck = false;
    },
    next: () => 'idle',
  },
};

function emit(port: Link, bpdu: Parameters<Link['bridge']['emit']>[1]): void {
  port.newInfo = false;
  port.sentCount++;
  port.bridge.emit(port, bpdu);
}

const roleBits: { readonly [R in RstpRole]: number } = {
  root: bpduRole.root,
  designated: bpduRole.designated,
  alternate: bpduRole.alternateOrBackup,
  backup: bpduRole.alternateOrBackup,
  disabled: bpduRole.unknown,
};

function rapidFlags(port: Link): number {
  return (
    flagsOfRole(roleBits[port.role]) |
    (port.agree ? bpduFlag.agreement : 0) |
    (port.proposing ? bpduFlag.proposal : 0) |
    (port.learning ? bpduFlag.learning : 0) |
    (port.forwarding ? bpduFlag.forwarding : 0)
  );
}

const perSecond = 256;

/** 17.21.19, 17.21.20 */
function configurationOf(port: Link, type: ConfigurationBpdu['type'], flags: number): ConfigurationBpdu {
  const { rootId, rootPathCost, bridgeId, portId } = port.designatedPriority;
  const { messageAge, maxAge, helloTime, forwardDelay } = port.designatedTimes;
  return {
    type,
    flags: flags | (port.tcWhile !== 0 ? bpduFlag.topologyChange : 0),
    rootId,
    rootPathCost,
    bridgeId,
    portId,
    messageAge: messageAge * perSecond,
    maxAge: maxAge * perSecond,
    helloTime: helloTime * perSecond,
    forwardDelay: forwardDelay * perSecond,
  };
}

/** Of a BPDU, in whole seconds. */
export function timesOf({ messageAge, maxAge, helloTime, forwardDelay }: ConfigurationBpdu): RstpTimes {
  const seconds = (time: number): number => Math.floor(time / perSecond);
  return {
    messageAge: seconds(messageAge),
    maxAge: seconds(maxAge),
    helloTime: seconds(helloTime),
    forwardDelay: seconds(forwardDelay),
  };
}
