/**
 * How long connections may be silent, by the zone that they are in: the policies of a datapath. Zones with the same
 * timeouts share one. A policy never changes, since flows and connections know it by its number: a zone goes over to
 * another one, with the connections that begin from then on. Those that are there keep to theirs, and when it goes to
 * the usual timeouts, or to the next policy of that number, as in ovs-vswitchd. Which timeouts a zone has, vswitchd says.
 */
import { hasName } from '../base/literals.ts';
import { logger } from '../base/log.ts';
import type { Timer, Timers } from '../base/timers.ts';
import { type Ms, ms } from '../base/units.ts';
import type { AsksConntrack, ConntrackQuery } from '../datapath/conntrack/queries.ts';
import { defaultTimeouts, type Timeouts, usualPolicy } from '../datapath/conntrack/timeouts.ts';
import { ipProtocol } from '../wire/ip.ts';

const log = logger('ofproto_dpif');

/** Seconds by the names of ovs-vswitchd.conf.db(5), among which are some that no connection here asks for. */
export type ZoneTimeouts = ReadonlyMap<string, number>;

interface Policy {
  readonly number: number;
  readonly text: string;
  zoneCount: number;
}

interface Zone {
  timeouts: ZoneTimeouts;
  policy: Policy;
}

/** Policies that no zone has go at once, but not sooner than this after others. */
const shortestGap = 20_000;

/** Connections of other protocols time out as usual. */
const protocols: ReadonlySet<number> = new Set([
  ipProtocol.tcp,
  ipProtocol.udp,
  ipProtocol.icmp,
  ipProtocol.icmpv6,
]);

export interface ZonePoliciesDeps {
  readonly datapath: AsksConntrack;
  readonly timers: Timers;
  /** Zones have other policies than before. */
  readonly changed: () => void;
}

export class ZonePolicies {
  readonly #deps: ZonePoliciesDeps;
  readonly #zones = new Map<number, Zone>();
  readonly #byText = new Map<string, Policy>();
  /** Those that the datapath has. */
  readonly #numbers = new Set<number>();
  /** No lower number is free. */
  #lowestFree = usualPolicy + 1;
  /** Those that no zone has. */
  #left: Policy[] = [];
  #nextRemoval: Ms;
  #timer: Timer | undefined;

  constructor(deps: ZonePoliciesDeps) {
    this.#deps = deps;
    this.#nextRemoval = deps.timers.clock.now();
  }

  /** The number of the policy for a packet of that protocol; undefined for the usual timeouts. */
  policyFor(zone: number, protocol: number): number | undefined {
    return protocols.has(protocol) ? this.#zones.get(zone)?.policy.number : undefined;
  }

  /** From now on these zones have policies, and no other. Numbers are given in their order. */
  set(wanted: ReadonlyMap<number, ZoneTimeouts>): void {
    let isChanged = false;
    for (const [zone, timeouts] of wanted) isChanged = this.#setZone(zone, timeouts) || isChanged;
    for (const [zone, { policy }] of this.#zones) {
      if (wanted.has(zone)) continue;
      this.#zones.delete(zone);
      this.#leave(policy);
      isChanged = true;
    }
    if (isChanged) this.#deps.changed();
    this.#removeLeft();
  }

  /** Whether another policy is that of the zone now. */
  #setZone(number: number, timeouts: ZoneTimeouts): boolean {
    const zone = this.#zones.get(number);
    if (zone?.timeouts === timeouts) return false;
    const policy = this.#policyOf(timeouts);
    if (zone === undefined) this.#zones.set(number, { timeouts, policy });
    else {
      zone.timeouts = timeouts;
      if (zone.policy === policy) return false;
      this.#leave(zone.policy);
      zone.policy = policy;
    }
    policy.zoneCount++;
    return true;
  }

  #policyOf(timeouts: ZoneTimeouts): Policy {
    const text = textOf(timeouts);
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    const policy = { number: this.#freeNumber(), text, zoneCount: 0 };
    this.#byText.set(text, policy);
    this.#numbers.add(policy.number);
    this.#tell({ ask: 'setPolicy', policy: policy.number, timeouts: knownTimeouts(timeouts) });
    return policy;
  }

  #freeNumber(): number {
    while (this.#numbers.has(this.#lowestFree)) this.#lowestFree++;
    return this.#lowestFree;
  }

  #leave(policy: Policy): void {
    if (--policy.zoneCount > 0) return;
    this.#byText.delete(policy.text);
    this.#left.push(policy);
  }

  #removeLeft(): void {
    const { clock } = this.#deps.timers;
    if (this.#left.length === 0 || this.#timer !== undefined) return;
    if (clock.now() < this.#nextRemoval) {
      this.#timer = this.#deps.timers.at(this.#nextRemoval, () => {
        this.#timer = undefined;
        this.#removeLeft();
      });
      return;
    }
    for (const { number } of this.#left) {
      this.#numbers.delete(number);
      this.#lowestFree = Math.min(this.#lowestFree, number);
      this.#tell({ ask: 'deletePolicy', policy: number });
    }
    this.#left = [];
    this.#nextRemoval = ms(clock.now() + shortestGap);
  }

  /** In order with flows that name it. What a datapath that ends meanwhile is told does not matter any more. */
  #tell(query: ConntrackQuery): void {
    this.#deps.datapath.conntrack(query).catch((error: unknown) => {
      log.dbg(() => `timeout policies: ${String(error)}`);
    });
  }
}

function textOf(timeouts: ZoneTimeouts): string {
  return [...timeouts]
    .map(([name, seconds]) => `${name}=${seconds}`)
    .sort()
    .join();
}

function knownTimeouts(timeouts: ZoneTimeouts): Timeouts {
  return Object.fromEntries([...timeouts].filter(([name]) => hasName(defaultTimeouts, name)));
}
