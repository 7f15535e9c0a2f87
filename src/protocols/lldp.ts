/**
 * LLDP on one port: tells the neighbour what is at this end of the link, and keeps what neighbours tell. With Auto Attach, it
 * also asks for VLANs to be joined to services of the network, and hears what became of that. IEEE 802.1AB-2009 clause 9,
 * draft-unbehagen-lldp-spb.
 *
 * Differs: an LLDP neighbour is forgotten when its time to live is over or when it announces that it leaves (a time to live
 * of 0), as the standard has it, and a port keeps 64 neighbours at most; the reference keeps all of them for ever.
 */
import { readMac } from '../base/addresses.ts';
import { Malformed } from '../base/errors.ts';
import { LimitedSite, logger } from '../base/log.ts';
import { type Ms, ms } from '../base/units.ts';
import { type AutoAttachElement, virtualSwitch } from '../wire/auto-attach.ts';
import {
  bridgeCapability,
  chassisIdMac,
  type LldpId,
  type LldpUnit,
  parseLldp,
  portIdInterfaceName,
} from '../wire/lldp.ts';
import {
  type LldpCounters,
  type LldpNeighbour,
  type LldpService,
  type LldpSettings,
  pending,
} from './lldp-types.ts';

const log = logger('lldp');
const ovsLog = logger('ovs_lldp');
const malformed = new LimitedSite({ perMinute: 20, burst: 20 });
const unknown = new LimitedSite({ perMinute: 20, burst: 20 });
const elementHeard = new LimitedSite({ perMinute: 20, burst: 20 });
const statusHeard = new LimitedSite({ perMinute: 20, burst: 20 });

/** Milliseconds between two units. */
const interval = 5000;
/** Seconds for which what we say holds. */
const ttl = 120;
const neighbourLimit = 64;
/** What follows the Ethernet header is no unit when it is shorter. */
const leastPayload = 4;

export interface LldpPlace {
  /** Of the port. */
  readonly name: string;
  /** "xx:xx:xx:xx:xx:xx", of its device. */
  readonly mac: string;
}

export interface LldpEvents {
  send(unit: LldpUnit): void;
  /** The port is to carry that VLAN for a service, or no longer. */
  attach(vlan: number, isWanted: boolean): void;
}

export class Lldp {
  readonly counters: LldpCounters = {
    ...{ sent: 0, received: 0, discarded: 0, unrecognized: 0 },
    ...{ agedOut: 0, inserted: 0, deleted: 0, dropped: 0 },
  };
  readonly #place: LldpPlace;
  readonly #events: LldpEvents;
  /** Heard longest ago first. */
  readonly #neighbours = new Map<string, LldpNeighbour>();
  readonly #services = new Map<number, LldpService>();
  #settings: LldpSettings = { isEnabled: false, systemName: '', systemDescription: '', services: new Map() };
  #nextSend = ms(Number.POSITIVE_INFINITY);

  constructor(place: LldpPlace, events: LldpEvents) {
    this.#place = place;
    this.#events = events;
  }

  get name(): string {
    return this.#place.name;
  }

  get isEnabled(): boolean {
    return this.#settings.isEnabled;
  }

  get neighbours(): Iterable<LldpNeighbour> {
    return this.#neighbours.values();
  }

  /** In the order in which they were asked for. */
  get services(): Iterable<LldpService> {
    return this.#services.values();
  }

  configure(settings: LldpSettings, now: Ms): void {
    const wasEnabled = this.isEnabled;
    this.#settings = settings;
    if (!settings.isEnabled) this.#nextSend = ms(Number.POSITIVE_INFINITY);
    else if (!wasEnabled) this.#nextSend = ms(now + interval);
    this.#followServices();
  }

  /** Takes in what follows the Ethernet header of a frame; undefined for one that was sent to others. */
  receive(payload: Uint8Array | undefined, now: Ms): void {
    this.counters.received++;
    if (payload === undefined) return;
    const known = [...this.#neighbours].find(([, one]) => Buffer.compare(one.payload, payload) === 0);
    if (known !== undefined) {
      const [key, neighbour] = known;
      this.#neighbours.set(key, { ...neighbour, heardAt: now });
      return;
    }
    const unit = this.#parse(payload);
    if (unit === undefined) this.counters.discarded++;
    else this.#take({ unit, payload: payload.slice(), heardAt: now });
  }

  /** Does what is due at `now`; returns when to call again. */
  run(now: Ms): Ms {
    if (now >= this.#nextSend) {
      this.#nextSend = ms(now + interval);
      this.counters.sent++;
      this.#events.send(this.#unit());
    }
    let due: number = this.#nextSend;
    for (const [key, neighbour] of this.#neighbours) {
      const end = neighbour.heardAt + 1000 * neighbour.unit.ttl;
      if (now < end) due = Math.min(due, end);
      else {
        this.counters.agedOut++;
        this.#forget(key);
      }
    }
    return ms(due);
  }

  #parse(payload: Uint8Array): LldpUnit | undefined {
    const { name } = this.#place;
    if (payload.length < leastPayload) return undefined;
    try {
      return parseLldp(payload, (what) => {
        this.counters.unrecognized++;
        log.limited('info', unknown, `${what} received on ${name}`);
      });
    } catch (why) {
      if (!(why instanceof Malformed)) throw why;
      log.limited('warn', malformed, why.why.replace(/(?=,|$)/, ` on ${name}`));
      return undefined;
    }
  }

  #take(neighbour: LldpNeighbour): void {
    const { unit } = neighbour;
    const key = `${keyOf(unit.chassis)} ${keyOf(unit.port)}`;
    const isKnown = this.#neighbours.has(key);
    if (unit.ttl === 0) {
      if (isKnown) this.#forget(key);
      return;
    }
    if (!isKnown && this.#neighbours.size >= neighbourLimit) {
      this.counters.dropped++;
      return;
    }
    if (!isKnown) this.counters.inserted++;
    this.#neighbours.delete(key);
    this.#tellOtherPorts(unit);
    this.#neighbours.set(key, neighbour);
    if (unit.element !== undefined) tellElement(unit.element);
    this.#settleStatuses();
  }

  /** What is said of a system by one of its ports is so of the others, too. */
  #tellOtherPorts({ chassis, systemName, systemDescription, capabilities }: LldpUnit): void {
    for (const [key, { unit, ...rest }] of this.#neighbours) {
      if (keyOf(unit.chassis) !== keyOf(chassis)) continue;
      const {
        systemName: _name,
        systemDescription: _description,
        capabilities: _capabilities,
        ...own
      } = unit;
      this.#neighbours.set(key, {
        ...rest,
        unit: {
          ...own,
          ...(systemName !== undefined && { systemName }),
          ...(systemDescription !== undefined && { systemDescription }),
          ...(capabilities !== undefined && { capabilities }),
        },
      });
    }
  }

  #forget(key: string): void {
    this.#neighbours.delete(key);
    this.counters.deleted++;
  }

  /** A service whose VLAN is another is asked for anew. */
  #followServices(): void {
    const { services } = this.#settings;
    for (const { service, vlan } of [...this.#services.values()]) {
      if (services.get(service) === vlan) continue;
      this.#services.delete(service);
      this.#events.attach(vlan, false);
    }
    for (const [service, vlan] of services) {
      if (this.#services.has(service)) continue;
      this.#services.set(service, { service, vlan, status: pending });
      this.#events.attach(vlan, true);
    }
    this.#settleStatuses();
  }

  /** What the neighbours say of services now. */
  #settleStatuses(): void {
    for (const { unit } of this.#neighbours.values())
      for (const { service, status } of unit.assignments) {
        const asked = this.#services.get(service);
        if (asked === undefined || asked.status === status) continue;
        asked.status = status;
        ovsLog.limited('info', statusHeard, `Setting status for ISID=${service} to ${status}`);
      }
  }

  #unit(): LldpUnit {
    const { name, mac } = this.#place;
    const { systemName, systemDescription } = this.#settings;
    return {
      chassis: { subtype: chassisIdMac, bytes: readMac(mac) },
      port: { subtype: portIdInterfaceName, bytes: Buffer.from(name) },
      ttl,
      systemName,
      systemDescription,
      capabilities: { available: bridgeCapability, enabled: bridgeCapability },
      element: {
        ...{ type: virtualSwitch, tagsLinks: false, provisioningMode: 0, managementVlan: 0 },
        system: { mac, connectionType: 0, reserved1: 0, reserved2: 0 },
      },
      assignments: [...this.#services.values()].map(({ service, vlan }) => ({ service, vlan, status: 0 })),
    };
  }
}

function keyOf({ subtype, bytes }: LldpId): string {
  return `${subtype}:${Buffer.from(bytes).toString('hex')}`;
}

function tellElement({ type, tagsLinks, provisioningMode, managementVlan, system }: AutoAttachElement): void {
  const hex = (number: number): string => number.toString(16).toUpperCase();
  const provisioning = `auto prov mode ${provisioningMode}, Mgmt vlan: ${hex(managementVlan)}`;
  log.limited(
    'info',
    elementHeard,
    `Element type: ${hex(type)}, vlan tagging ${Number(tagsLinks)}, ${provisioning}`,
  );
  log.limited('info', elementHeard, `System mac: ${system.mac}`);
}
