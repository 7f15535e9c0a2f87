/**
 * What LACP is told, and what it tells: IEEE 802.1AX-2008 clause 5.4; ovs-vswitchd.conf.db(5), Port, "LACP
 * Configuration".
 */
import type { LacpEnd } from '../wire/lacp.ts';

/** Of a bond: without LACP, with partners or without. */
export type LacpStatus = 'off' | 'configured' | 'negotiated';

export interface LacpSettings {
  /** Speaks first. */
  readonly isActive: boolean;
  /** "xx:xx:xx:xx:xx:xx" */
  readonly systemId: string;
  readonly systemPriority: number;
  /** Wants a unit each second, and not each half minute. */
  readonly isFast: boolean;
  /** While no partner is there, links may carry frames. */
  readonly fallsBack: boolean;
}

export interface LacpPortSettings {
  readonly portId: number;
  readonly priority: number;
  /** 0: the number of the first port. */
  readonly key: number;
}

/** What stands for a device. */
export interface LacpPort {
  readonly name: string;
  readonly hasCarrier: boolean;
  /** Times that its carrier went or came. */
  readonly linkResets: number;
}

export interface LacpCounters {
  sent: number;
  received: number;
  bad: number;
  markers: number;
  expired: number;
  defaulted: number;
  carrierChanges: number;
}

export interface LacpMember<P extends LacpPort = LacpPort> {
  readonly port: P;
  readonly settings: LacpPortSettings;
  readonly status: 'current' | 'expired' | 'defaulted';
  /** Belongs to the aggregate. */
  readonly isAttached: boolean;
  readonly partner: LacpEnd;
  readonly counters: Readonly<LacpCounters>;
}
