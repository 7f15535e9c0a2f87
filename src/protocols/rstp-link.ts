/**
 * What RSTP knows of one port: the variables of IEEE 802.1D-2004 clauses 17.17 and 17.19, which its state machines share.
 * Names are those of the standard, but for what a name of it would not tell.
 */
import type { Bpdu } from '../wire/bpdu.ts';
import {
  migrateTime,
  type PriorityVector,
  type RstpPort,
  type RstpPortSettings,
  type RstpRole,
  type RstpState,
  type RstpTimes,
} from './rstp-types.ts';

/** What the machines of one port see of the bridge and of its other ports. */
export interface RstpBridge<P> {
  readonly name: string;
  readonly links: readonly RstpLink<P>[];
  /** It is not told to speak as STP does. */
  readonly isRapid: boolean;
  readonly transmitHoldCount: number;
  readonly times: RstpTimes;
  emit(link: RstpLink<P>, bpdu: Bpdu): void;
}

type InfoIs = 'disabled' | 'aged' | 'mine' | 'received';

/** What a BPDU is beside what is known already. */
export type RcvdInfo =
  | 'other'
  | 'notDesignated'
  | 'inferiorDesignated'
  | 'repeatedDesignated'
  | 'superiorDesignated';

const noTimes: RstpTimes = { messageAge: 0, maxAge: 0, helloTime: 0, forwardDelay: 0 };
const defaultSettings: RstpPortSettings = {
  name: '',
  number: 0,
  priority: 128,
  pathCost: 2000,
  isEdge: false,
  findsEdge: true,
  isPointToPoint: true,
  isEnabled: true,
  mustCheckMigration: false,
};

const nobody = '0000000000000000';
const noVector: PriorityVector = {
  rootId: nobody,
  rootPathCost: 0,
  bridgeId: nobody,
  portId: 0,
  receiverId: 0,
};

export class RstpLink<P> implements RstpPort<P> {
  readonly owner: P;
  readonly bridge: RstpBridge<P>;
  settings = defaultSettings;
  isLinkUp = false;

  sentCount = 0;
  receivedCount = 0;
  badCount = 0;
  uptime = 0;
  /** The BPDU that is being taken in. */
  received: Bpdu = { type: 'notification' };
  state: RstpState = 'discarding';
  mustFlush = false;

  // Timers count seconds down.
  edgeDelayWhile = 0;
  fdWhile = 0;
  helloWhen = 0;
  mdelayWhile = 0;
  rbWhile = 0;
  rcvdInfoWhile = 0;
  rrWhile = 0;
  tcWhile = 0;

  agree = false;
  agreed = false;
  disputed = false;
  forward = false;
  forwarding = false;
  learn = false;
  learning = false;
  mcheck = false;
  newInfo = false;
  operEdge = false;
  proposed = false;
  proposing = false;
  rcvdBpdu = false;
  rcvdMsg = false;
  rcvdRstp = false;
  rcvdStp = false;
  rcvdTc = false;
  rcvdTcAck = false;
  rcvdTcn = false;
  reRoot = false;
  reselect = false;
  selected = false;
  sendRstp = false;
  sync = false;
  synced = false;
  tcAck = false;
  tcProp = false;
  updtInfo = false;

  rcvdInfo: RcvdInfo = 'other';
  infoIs: InfoIs = 'disabled';
  role: RstpRole = 'disabled';
  selectedRole: RstpRole = 'disabled';
  designatedPriority = noVector;
  designatedTimes = noTimes;
  msgPriority = noVector;
  msgTimes = noTimes;
  portPriority = noVector;
  portTimes = noTimes;

  constructor(owner: P, bridge: RstpBridge<P>) {
    this.owner = owner;
    this.bridge = bridge;
  }

  get portId(): number {
    return (this.settings.priority << 8) | this.settings.number;
  }

  /** Its link is up, and it is not switched off. */
  get portEnabled(): boolean {
    return this.isLinkUp && this.settings.isEnabled;
  }

  /** 17.20.5 */
  get forwardDelay(): number {
    return this.sendRstp ? this.designatedTimes.helloTime : this.designatedTimes.forwardDelay;
  }

  /** 17.20.4 */
  get edgeDelay(): number {
    return this.settings.isPointToPoint ? migrateTime : this.designatedTimes.maxAge;
  }

  /** Its role is to be chosen anew. */
  selectAnew(): void {
    this.selected = false;
    this.reselect = true;
  }

  /** 17.22, once a second. */
  tick(): void {
    this.edgeDelayWhile = oneLess(this.edgeDelayWhile);
    this.fdWhile = oneLess(this.fdWhile);
    this.helloWhen = oneLess(this.helloWhen);
    this.mdelayWhile = oneLess(this.mdelayWhile);
    this.rbWhile = oneLess(this.rbWhile);
    this.rcvdInfoWhile = oneLess(this.rcvdInfoWhile);
    this.rrWhile = oneLess(this.rrWhile);
    this.tcWhile = oneLess(this.tcWhile);
    this.sentCount = oneLess(this.sentCount);
    this.uptime++;
  }
}

function oneLess(seconds: number): number {
  return Math.max(0, seconds - 1);
}
