/**
 * Link Aggregation Control Protocol: agrees with the other end of each link on whether it belongs to the aggregate.
 * IEEE 802.1AX-2008 clause 5.4, as far as the reference follows it: a link is attached or not, and what is attached
 * collects and distributes.
 * Differs: no more than three LACPDUs leave a link in a second, as the standard has it; the reference answers as many as come.
 */
import { Malformed } from '../base/errors.ts';
import { LimitedSite, logger } from '../base/log.ts';
import { type Ms, ms } from '../base/units.ts';
import { type LacpEnd, type LacpUnit, lacpState, parseLacp } from '../wire/lacp.ts';
import {
  expire,
  fastInterval,
  isSameEnd,
  type LacpLink,
  mayTellAt,
  mustTell,
  newLink,
  nobody,
  noteSent,
  patience,
} from './lacp-link.ts';
import type {
  LacpCounters,
  LacpMember,
  LacpPort,
  LacpPortSettings,
  LacpSettings,
  LacpStatus,
} from './lacp-types.ts';

const log = logger('lacp');
const unparsable = new LimitedSite({ perMinute: 1, burst: 5 });
const withoutCarrier = new LimitedSite({ perMinute: 1, burst: 5 });
const loopback = new LimitedSite({ perMinute: 1, burst: 10 });

const slowInterval = 30_000;
const never = ms(Number.POSITIVE_INFINITY);

export class Lacp<P extends LacpPort> {
  readonly name: string;
  readonly #send: (port: P, unit: LacpUnit) => void;
  readonly #members = new Map<P, LacpLink<P>>();
  #settings: LacpSettings;
  #isNegotiated = false;
  /** What decides who is attached has changed. */
  #isStale = false;

  constructor(name: string, settings: LacpSettings, send: (port: P, unit: LacpUnit) => void) {
    this.name = name;
    this.#settings = settings;
    this.#send = send;
  }

  get settings(): LacpSettings {
    return this.#settings;
  }

  get status(): Exclude<LacpStatus, 'off'> {
    return this.#isNegotiated ? 'negotiated' : 'configured';
  }

  get members(): Iterable<LacpMember<P>> {
    return this.#members.values();
  }

  /** The aggregation key: that of the first port; undefined without ports. */
  get key(): number | undefined {
    const [first] = this.#members.values();
    return first && (first.settings.key || first.settings.portId);
  }

  configure(settings: LacpSettings): void {
    const before = this.#settings;
    this.#settings = settings;
    this.#isStale ||=
      settings.systemId !== before.systemId ||
      settings.systemPriority !== before.systemPriority ||
      settings.fallsBack !== before.fallsBack;
  }

  /** Which links there are from now on. */
  setMembers(ports: ReadonlyMap<P, LacpPortSettings>, now: Ms): void {
    for (const port of this.#members.keys()) {
      if (ports.has(port)) continue;
      this.#members.delete(port);
      this.#isStale = true;
    }
    for (const [port, settings] of ports) this.#setMember(port, settings, now);
  }

  #setMember(port: P, settings: LacpPortSettings, now: Ms): void {
    const known = this.#members.get(port);
    const { settings: before } = known ?? {};
    if (
      before?.portId === settings.portId &&
      before.priority === settings.priority &&
      before.key === settings.key
    )
      return;
    const member = known ?? newLink(port, settings, now);
    this.#members.set(port, member);
    member.settings = settings;
    this.#isStale = true;
    if (this.#settings.isActive || this.#isNegotiated) expire(member, now);
  }

  /** Takes a unit in that came by a link: what follows an Ethernet header. */
  receive(port: P, payload: Uint8Array, now: Ms): void {
    const member = this.#members.get(port);
    if (member === undefined) return;
    member.counters.received++;
    const unit = this.#parse(payload, member.counters);
    if (unit === undefined) return;
    if (!member.isUp) {
      const text = `${port.name}: carrier state is DOWN, dropping received LACP PDU.`;
      log.limited('info', withoutCarrier, text);
      return;
    }
    member.status = 'current';
    member.expireAt = ms(now + patience * (this.#settings.isFast ? fastInterval : slowInterval));
    member.told = unit.partner;
    if (!isSameEnd(member.partner, unit.actor)) this.#isStale = true;
    member.partner = unit.actor;
  }

  #parse(payload: Uint8Array, counters: LacpCounters): LacpUnit | undefined {
    try {
      const unit = parseLacp(payload);
      if (unit !== 'marker') return unit;
      counters.markers++;
      log.dbg(`${this.name}: received a LACP marker PDU.`);
    } catch (why) {
      if (!(why instanceof Malformed)) throw why;
      counters.bad++;
      log.limited('warn', unparsable, `${this.name}: received an unparsable LACP PDU.`);
    }
    return undefined;
  }

  /** May frames other than its own pass by that link? */
  mayEnable(port: P): boolean {
    const member = this.#members.get(port);
    return member !== undefined && this.#isEnabled(member);
  }

  #isEnabled({ isAttached, partner, status }: LacpLink<P>): boolean {
    const isSynchronized = (partner.state & lacpState.synchronized) !== 0;
    return isAttached && (isSynchronized || (this.#settings.fallsBack && status === 'defaulted'));
  }

  /** Does what is due; returns when to call again. */
  run(now: Ms): Ms {
    for (const member of this.#members.values()) this.#follow(member, now);
    if (this.#isStale) this.#attach();
    let next = never;
    for (const member of this.#members.values()) {
      if (this.#maySend(member)) next = ms(Math.min(next, this.#sendIfDue(member, now)));
      if (member.status !== 'defaulted') next = ms(Math.min(next, member.expireAt));
    }
    return next;
  }

  /** Its carrier, and how long ago its partner was heard. */
  #follow(member: LacpLink<P>, now: Ms): void {
    const { hasCarrier, linkResets } = member.port;
    if (linkResets !== member.seenResets) {
      member.seenResets = linkResets;
      if (member.status === 'current' || this.#settings.isActive) expire(member, now);
      if (member.isUp !== hasCarrier) member.counters.carrierChanges++;
      member.isUp = hasCarrier;
    }
    member.isUp ||= hasCarrier;
    if (now < member.expireAt) return;
    if (member.status === 'current') {
      expire(member, now);
      member.counters.expired++;
    } else if (member.status === 'expired') {
      member.partner = nobody;
      member.status = 'defaulted';
      member.counters.defaulted++;
      this.#isStale = true;
    }
  }

  #maySend({ isUp, status }: LacpLink<P>): boolean {
    return isUp && (this.#settings.isActive || status !== 'defaulted');
  }

  /** Returns when to call again. */
  #sendIfDue(member: LacpLink<P>, now: Ms): Ms {
    const actor = this.actorOf(member);
    if (now < member.sendAt && !mustTell(actor, member.told)) return member.sendAt;
    const mayAt = mayTellAt(member);
    if (now < mayAt) return mayAt;
    member.told = actor;
    const isFast = (member.partner.state & lacpState.timeout) !== 0;
    member.sendAt = ms(now + (isFast ? fastInterval : slowInterval));
    noteSent(member, now);
    this.#send(member.port, { actor, partner: member.partner });
    return member.sendAt;
  }

  /** What is said of our end of a link. */
  actorOf({ settings, isAttached, status }: LacpMember<P>): LacpEnd {
    const { isActive, isFast, systemId, systemPriority } = this.#settings;
    const bits: readonly [isSet: boolean, bit: keyof typeof lacpState][] = [
      [isActive, 'activity'],
      [isFast, 'timeout'],
      [isAttached, 'synchronized'],
      [status === 'defaulted', 'defaulted'],
      [status === 'expired', 'expired'],
      [this.#members.size > 1, 'aggregation'],
      [isAttached || !this.#isNegotiated, 'collecting'],
      [isAttached || !this.#isNegotiated, 'distributing'],
    ];
    const state = bits.reduce((sum, [isSet, bit]) => sum | (isSet ? lacpState[bit] : 0), 0);
    const { portId, priority: portPriority } = settings;
    return { systemPriority, systemId, key: this.key ?? 0, portPriority, portId, state };
  }

  /** Attached are links to one aggregate of one partner: that of the link that works, or else of the highest priority. */
  #attach(): void {
    this.#isStale = false;
    const members = [...this.#members.values()];
    const working = this.#first(members.filter((m) => m.status === 'current' && m.isAttached));
    for (const member of members) member.isAttached = this.#mayAttach(member, working);
    const lead = working ?? this.#first(members.filter((m) => m.isAttached && m.status !== 'defaulted'));
    this.#isNegotiated = lead !== undefined;
    if (lead === undefined) return;
    const { key, systemId } = lead.partner;
    for (const member of members) {
      const isSame = member.partner.key === key && member.partner.systemId === systemId;
      // One that may carry frames for want of any partner does not beside one that has a partner.
      member.isAttached &&= isSame && !(this.#settings.fallsBack && member.status === 'defaulted');
    }
  }

  #mayAttach(member: LacpLink<P>, working: LacpLink<P> | undefined): boolean {
    const { partner, status, port } = member;
    if (partner.systemId === this.#settings.systemId) {
      const text = `member ${port.name}: Loopback detected. Interface is connected to its own bond`;
      log.limited('warn', loopback, text);
      return false;
    }
    if (status === 'defaulted') return this.#settings.fallsBack;
    return working === undefined || partner.systemId === working.partner.systemId;
  }

  /** The one of the highest priority. */
  #first(members: readonly LacpLink<P>[]): LacpLink<P> | undefined {
    return members.reduce<LacpLink<P> | undefined>(
      (best, member) => (best === undefined || this.#rank(member) < this.#rank(best) ? member : best),
      undefined,
    );
  }

  /** Of a link, as text that sorts: what the system of the higher priority says of its end. */
  #rank(member: LacpLink<P>): string {
    const actor = this.actorOf(member);
    const decides = rankOfSystem(actor) < rankOfSystem(member.partner) ? actor : member.partner;
    return `${rankOfSystem(decides)} ${inHex(decides.portPriority)} ${inHex(decides.portId)}`;
  }
}

function rankOfSystem({ systemPriority, systemId }: LacpEnd): string {
  return `${inHex(systemPriority)} ${systemId}`;
}

function inHex(number: number): string {
  return number.toString(16).padStart(4, '0');
}
