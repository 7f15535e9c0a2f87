/**
 * The members of a bond: which of them are enabled, by their links and delays, and which one is active. Used by `Bond`.
 * ovs-vswitchd.conf.db(5), Port, "Link Failure Detection".
 */
import { LimitedSite, logger } from '../base/log.ts';
import { type Ms, ms } from '../base/units.ts';
import type { BondSettings } from './bond-settings.ts';

const log = logger('bond');
const linkSite = new LimitedSite({ perMinute: 5, burst: 20 });
const switched = new LimitedSite({ perMinute: 60, burst: 60 });
const activated = new LimitedSite({ perMinute: 60, burst: 60 });
const activeSite = new LimitedSite({ perMinute: 5, burst: 20 });

/** What stands for a device. */
export interface BondPort {
  readonly name: string;
  /** "xx:xx:xx:xx:xx:xx" */
  readonly mac: string | undefined;
  /** Its device has a link. */
  readonly hasCarrier: boolean;
  /** It has, and what monitors the link has nothing against it. */
  readonly mayEnable: boolean;
}

export interface BondMember<P extends BondPort = BondPort> {
  readonly port: P;
  readonly name: string;
  readonly isEnabled: boolean;
  /** As of the last run. */
  readonly mayEnable: boolean;
  /** When it is to be enabled, or disabled, if its link stays as it is; undefined for not at all. */
  readonly switchAt: Ms | undefined;
}

interface Member<P extends BondPort> extends BondMember<P> {
  isEnabled: boolean;
  mayEnable: boolean;
  switchAt: Ms | undefined;
}

type Delays = Pick<BondSettings, 'updelay' | 'downdelay'>;

const noMac = '00:00:00:00:00:00';
const never = ms(Number.POSITIVE_INFINITY);

export class BondMembers<P extends BondPort> {
  readonly #bond: string;
  readonly #byPort = new Map<P, Member<P>>();
  /** Those that are enabled: who gets the next hash that nobody has yet. */
  #turns: Member<P>[] = [];
  #active: Member<P> | undefined;
  #activeMac = noMac;
  /** Who is a member, enabled or active has changed. */
  isChanged = false;
  /** Frames that went to one member are to go to another one now. */
  hasMoved = false;

  constructor(bond: string) {
    this.#bond = bond;
  }

  get active(): BondMember<P> | undefined {
    return this.#active;
  }

  /** That of the active member, from when it became so. */
  get activeMac(): string {
    return this.#activeMac;
  }

  [Symbol.iterator](): IterableIterator<BondMember<P>> {
    return this.#byPort.values();
  }

  find(port: P): BondMember<P> | undefined {
    return this.#byPort.get(port);
  }

  /** In the order in which they are preferred. Returns those that are no members any more. */
  set(ports: readonly P[], now: Ms): BondMember<P>[] {
    for (const port of ports) if (!this.#byPort.has(port)) this.#add(port);
    const gone = [...this.#byPort.values()].filter(({ port }) => !ports.includes(port));
    for (const member of gone) this.#remove(member, now);
    return gone;
  }

  #add(port: P): void {
    const { name } = port;
    const member: Member<P> = { port, name, isEnabled: false, mayEnable: false, switchAt: undefined };
    this.#byPort.set(port, member);
    this.isChanged = true;
    this.#enable(member, port.hasCarrier);
  }

  #remove(member: Member<P>, now: Ms): void {
    this.isChanged = true;
    this.#enable(member, false);
    this.#byPort.delete(member.port);
    if (this.#active !== member) return;
    this.#chooseActive(undefined, now);
    this.hasMoved = true;
  }

  /** Follows all links; returns when a delay ends. */
  run(delays: Delays, now: Ms): Ms {
    let next = never;
    for (const member of this.#byPort.values()) {
      this.#followLink(member, delays, now);
      next = ms(Math.min(next, member.switchAt ?? never));
    }
    return next;
  }

  /** Another one is active where that which is is not enabled, or the primary is. */
  settleActive(primary: string | undefined, preempts: boolean, now: Ms): void {
    const first = preempts ? this.#enabledNamed(primary) : undefined;
    const isRight = this.#active?.isEnabled === true && (first ?? this.#active) === this.#active;
    if (!isRight) this.#chooseActive(primary, now);
  }

  /** Makes an enabled member the active one; false where it was. */
  activate(port: P): boolean {
    const member = this.#byPort.get(port);
    if (member === undefined || member === this.#active) return false;
    this.isChanged = true;
    this.#active = member;
    log.limited('info', activated, `bond ${this.#bond}: active member is now ${member.name}`);
    this.hasMoved = true;
    this.#activeMac = member.port.mac ?? noMac;
    return true;
  }

  /** Until its link says otherwise. */
  enable(port: P, isEnabled: boolean): void {
    const member = this.#byPort.get(port);
    if (member !== undefined) this.#enable(member, isEnabled);
  }

  /** Each time another one of those that are enabled. */
  nextInTurn(): BondMember<P> | undefined {
    const next = this.#turns.shift();
    if (next !== undefined) this.#turns.push(next);
    return next;
  }

  #enable(member: Member<P>, isEnabled: boolean): void {
    member.switchAt = undefined;
    if (isEnabled === member.isEnabled) return;
    this.isChanged = true;
    member.isEnabled = isEnabled;
    this.#turns = this.#turns.filter((other) => other !== member);
    if (isEnabled) this.#turns.push(member);
    else this.hasMoved = true;
    log.limited('info', switched, `member ${member.name}: ${isEnabled ? 'enabled' : 'disabled'}`);
  }

  /** The delay begins when its link becomes another than the member is, and ends when it is that again. */
  #followLink(member: Member<P>, { updelay, downdelay }: Delays, now: Ms): void {
    const { port } = member;
    member.mayEnable = port.mayEnable;
    const isUp = port.hasCarrier && port.mayEnable;
    const isSettled = isUp === member.isEnabled;
    if (isSettled !== (member.switchAt === undefined)) {
      const delay = isUp ? updelay : downdelay;
      member.switchAt = isSettled ? undefined : ms(now + delay);
      tellLink(member, isUp, delay);
    }
    if (member.switchAt !== undefined && now >= member.switchAt) this.#enable(member, isUp);
  }

  #chooseActive(primary: string | undefined, now: Ms): void {
    const before = this.#active;
    const chosen = this.#best(primary);
    this.#active = chosen;
    if (chosen === undefined) {
      if (before === undefined) return;
      this.#activeMac = noMac;
      log.limited('info', activeSite, `bond ${this.#bond}: all members disabled`);
      return;
    }
    const left = Math.round((chosen.switchAt ?? now) - now);
    const haste = `, skipping remaining ${left} ms updelay (since no member was enabled)`;
    const text = `bond ${this.#bond}: active member is now ${chosen.name}`;
    log.limited('info', activeSite, chosen.isEnabled ? text : text + haste);
    if (!chosen.isEnabled) this.#enable(chosen, true);
    this.hasMoved = true;
    if (chosen !== before) this.#activeMac = chosen.port.mac ?? noMac;
  }

  /** The primary, the one that was active, any that is enabled, the one that will be so first. */
  #best(primary: string | undefined): Member<P> | undefined {
    const members = [...this.#byPort.values()];
    const enabled = members.filter(({ isEnabled }) => isEnabled);
    const waiting = members.filter(({ switchAt, mayEnable }) => switchAt !== undefined && mayEnable);
    waiting.sort((a, b) => (a.switchAt ?? 0) - (b.switchAt ?? 0));
    const last = enabled.find(({ port }) => port.mac === this.#activeMac);
    return this.#enabledNamed(primary) ?? last ?? enabled[0] ?? waiting[0];
  }

  #enabledNamed(wanted: string | undefined): Member<P> | undefined {
    return [...this.#byPort.values()].find(({ name, isEnabled }) => isEnabled && name === wanted);
  }
}

function tellLink({ name, isEnabled, switchAt }: BondMember, isUp: boolean, delay: number): void {
  const tell = (text: string): void => log.limited('info', linkSite, `member ${name}: ${text}`);
  const state = isUp ? 'up' : 'down';
  tell(`link state ${state}`);
  if (switchAt === undefined) tell(`will not be ${isEnabled ? 'disabled' : 'enabled'}`);
  else if (delay > 0)
    tell(`will be ${isEnabled ? 'disabled' : 'enabled'} if it stays ${state} for ${delay} ms`);
}
