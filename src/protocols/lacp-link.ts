/**
 * One link of an aggregate as `Lacp` keeps it, and what has to be told of it. IEEE 802.1AX-2008 clauses 5.4.7 and
 * 5.4.9.
 */
import { type Ms, ms } from '../base/units.ts';
import { type LacpEnd, lacpState } from '../wire/lacp.ts';
import type { LacpCounters, LacpMember, LacpPort, LacpPortSettings } from './lacp-types.ts';

export interface LacpLink<P extends LacpPort> extends LacpMember<P> {
  settings: LacpPortSettings;
  status: LacpMember['status'];
  isAttached: boolean;
  partner: LacpEnd;
  counters: LacpCounters;
  isUp: boolean;
  seenResets: number;
  /** What the partner knows of us. */
  told: LacpEnd;
  sendAt: Ms;
  /** When the last units were sent, oldest first. */
  sentAt: readonly Ms[];
  expireAt: Ms;
}

/** Milliseconds between two units of one that wants them soon. */
export const fastInterval = 1000;
/** Units that may be lost in a row. */
export const patience = 3;

const noMac = '00:00:00:00:00:00';
/** The partner of a link that has none. */
export const nobody: LacpEnd = {
  systemPriority: 0,
  systemId: noMac,
  key: 0,
  portPriority: 0,
  portId: 0,
  state: 0,
};

export function newLink<P extends LacpPort>(port: P, settings: LacpPortSettings, now: Ms): LacpLink<P> {
  return {
    port,
    settings,
    status: 'defaulted',
    isAttached: false,
    partner: nobody,
    counters: { sent: 0, received: 0, bad: 0, markers: 0, expired: 0, defaulted: 0, carrierChanges: 0 },
    isUp: false,
    seenResets: port.linkResets,
    told: nobody,
    sendAt: now,
    sentAt: [],
    expireAt: now,
  };
}

/** Its partner has not been heard for too long; it is asked to say something soon. */
export function expire<P extends LacpPort>(member: LacpLink<P>, now: Ms): void {
  const { state } = member.partner;
  member.status = 'expired';
  member.partner = {
    ...member.partner,
    state: (state | lacpState.timeout) & ~lacpState.synchronized,
  };
  member.expireAt = ms(now + patience * fastInterval);
}

/** Units that may be sent in each `fastInterval`, clause 5.4.16. */
const mostAtOnce = 3;

/** Before that, no unit may be sent. */
export function mayTellAt<P extends LacpPort>({ sentAt: [oldest, ...others] }: LacpLink<P>): Ms {
  const isFree = oldest === undefined || others.length + 1 < mostAtOnce;
  return ms(isFree ? Number.NEGATIVE_INFINITY : oldest + fastInterval);
}

/** A unit is sent. */
export function noteSent<P extends LacpPort>(member: LacpLink<P>, now: Ms): void {
  member.sentAt = [...member.sentAt, now].slice(-mostAtOnce);
  member.counters.sent++;
}

const toldBits = lacpState.activity | lacpState.timeout | lacpState.synchronized | lacpState.aggregation;

/** Clause 5.4.9: what the partner has to be told of at once. */
export function mustTell(actor: LacpEnd, told: LacpEnd): boolean {
  return !isSameEnd({ ...actor, state: actor.state & toldBits }, { ...told, state: told.state & toldBits });
}

export function isSameEnd(a: LacpEnd, b: LacpEnd): boolean {
  return (
    a.state === b.state &&
    a.portId === b.portId &&
    a.portPriority === b.portPriority &&
    a.key === b.key &&
    a.systemPriority === b.systemPriority &&
    a.systemId === b.systemId
  );
}
