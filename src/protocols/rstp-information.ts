/** RSTP: the Port Information state machine, which knows what is said on a link. IEEE 802.1D-2004 clause 17.27. */
import { bpduFlag, bpduRole, roleInFlags } from '../wire/bpdu.ts';
import type { RcvdInfo, RstpLink } from './rstp-link.ts';
import { timesOf } from './rstp-receive.ts';
import { areSameTimes, compareVectors } from './rstp-types.ts';
import type { Machine } from './state-machine.ts';

type Link = RstpLink<unknown>;

type InformationState = 'disabled' | 'aged' | 'update' | 'current' | 'receive' | RcvdInfo;

export const portInformation: Machine<InformationState, Link> = {
  disabled: {
    enter(port) {
      port.rcvdMsg = false;
      port.proposing = port.proposed = port.agree = port.agreed = false;
      port.rcvdInfoWhile = 0;
      port.infoIs = 'disabled';
      port.selectAnew();
    },
    next: (port) => {
      if (isToDisable(port)) return 'disabled';
      if (port.portEnabled) return 'aged';
      return port.rcvdMsg ? 'disabled' : undefined;
    },
  },
  aged: {
    enter(port) {
      port.infoIs = 'aged';
      port.selectAnew();
    },
    next: (port) => {
      if (isToDisable(port)) return 'disabled';
      return port.selected && port.updtInfo ? 'update' : undefined;
    },
  },
  update: {
    enter(port) {
      port.proposing = port.proposed = false;
      const isAsGood = compareVectors(port.designatedPriority, port.portPriority) !== 'inferior';
      port.agreed &&= port.infoIs === 'mine' && isAsGood;
      port.synced &&= port.agreed;
      port.portPriority = port.designatedPriority;
      port.portTimes = port.designatedTimes;
      port.updtInfo = false;
      port.infoIs = 'mine';
      port.newInfo = true;
    },
    next: toCurrent,
  },
  current: {
    next: (port) => {
      if (isToDisable(port)) return 'disabled';
      if (port.rcvdMsg && !port.updtInfo) return 'receive';
      if (port.selected && port.updtInfo) return 'update';
      const isOld = port.infoIs === 'received' && port.rcvdInfoWhile === 0;
      return isOld && !port.updtInfo && !port.rcvdMsg ? 'aged' : undefined;
    },
  },
  receive: {
    enter(port) {
      port.rcvdInfo = classify(port);
    },
    next: (port) => (isToDisable(port) ? 'disabled' : port.rcvdInfo),
  },
  other: {
    enter(port) {
      port.rcvdMsg = false;
    },
    next: toCurrent,
  },
  notDesignated: {
    enter(port) {
      recordAgreement(port);
      noteTopologyChange(port);
      port.rcvdMsg = false;
    },
    next: toCurrent,
  },
  inferiorDesignated: {
    // recordDispute() as in 802.1Q-2008.
    enter(port) {
      if ((flagsOf(port) & bpduFlag.learning) !== 0) {
        port.disputed = true;
        port.agreed = false;
      }
      port.rcvdMsg = false;
    },
    next: toCurrent,
  },
  repeatedDesignated: {
    enter(port) {
      recordProposal(port);
      noteTopologyChange(port);
      recordAgreement(port); // as in 802.1Q-2008
      updateRcvdInfoWhile(port);
      port.rcvdMsg = false;
    },
    next: toCurrent,
  },
  superiorDesignated: {
    enter(port) {
      port.agreed = port.proposing = false;
      recordProposal(port);
      noteTopologyChange(port);
      const isAsGood = compareVectors(port.msgPriority, port.portPriority) !== 'inferior';
      port.agree &&= port.infoIs === 'received' && isAsGood;
      recordAgreement(port); // this and synced as in 802.1Q-2008
      port.synced &&= port.agreed;
      port.portPriority = port.msgPriority;
      port.portTimes = { ...port.msgTimes, helloTime: port.msgTimes.helloTime || 1 };
      updateRcvdInfoWhile(port);
      port.infoIs = 'received';
      port.selectAnew();
      port.rcvdMsg = false;
    },
    next: toCurrent,
  },
};

function isToDisable(port: Link): boolean {
  return !port.portEnabled && port.infoIs !== 'disabled';
}

function toCurrent(port: Link): InformationState {
  return isToDisable(port) ? 'disabled' : 'current';
}

function flagsOf({ received }: Link): number {
  return received.type === 'notification' ? 0 : received.flags;
}

/** 17.21.8: what a BPDU is beside what is known already. */
function classify(port: Link): RcvdInfo {
  const { received } = port;
  if (received.type === 'notification') {
    port.rcvdTcn = true;
    return 'other';
  }
  const { rootId, rootPathCost, bridgeId, portId } = received;
  port.msgPriority = { rootId, rootPathCost, bridgeId, portId, receiverId: 0 };
  port.msgTimes = timesOf(received);
  const comparison = compareVectors(port.msgPriority, port.portPriority);
  const role = received.type === 'configuration' ? bpduRole.designated : roleInFlags(received.flags);
  if (role !== bpduRole.designated) return comparison === 'superior' ? 'other' : 'notDesignated';
  if (comparison === 'inferior') return 'inferiorDesignated';
  if (comparison === 'same' && areSameTimes(port.portTimes, port.msgTimes)) return 'repeatedDesignated';
  if ((received.flags & bpduFlag.learning) !== 0) disagreeElsewhere(port);
  return 'superiorDesignated';
}

/** checkBPDUConsistency() of 802.1Q-2008. */
function disagreeElsewhere(port: Link): void {
  for (const other of port.bridge.links) if (other !== port) other.agreed = false;
}

/** 17.21.9 */
function recordAgreement(port: Link): void {
  const isAgreed =
    port.bridge.isRapid && port.settings.isPointToPoint && (flagsOf(port) & bpduFlag.agreement) !== 0;
  port.agreed = isAgreed;
  if (isAgreed) port.proposing = false;
}

/** 17.21.11 */
function recordProposal(port: Link): void {
  const flags = flagsOf(port);
  if (roleInFlags(flags) === bpduRole.designated && (flags & bpduFlag.proposal) !== 0) port.proposed = true;
}

/** 17.21.17 */
function noteTopologyChange(port: Link): void {
  const flags = flagsOf(port);
  if ((flags & bpduFlag.topologyChange) !== 0) port.rcvdTc = true;
  if ((flags & bpduFlag.topologyChangeAck) !== 0) port.rcvdTcAck = true;
}

/** 17.21.23: three hellos, unless it has come too far. */
function updateRcvdInfoWhile(port: Link): void {
  const { messageAge, maxAge, helloTime } = port.portTimes;
  port.rcvdInfoWhile = messageAge < maxAge ? 3 * helloTime : 0;
}
