/**
 * Multicast snooping of one switch: what hosts and routers say of groups goes into its table, which
 * `translate/multicast.ts` asks where traffic of groups is wanted. RFC 4541; ovs-vswitchd.conf.db(5), "Multicast
 * Snooping Configuration".
 */
import { formatIpv4 } from '../../base/addresses.ts';
import { Malformed } from '../../base/errors.ts';
import { orderAsHashed } from '../../base/hash-order.ts';
import type { Timer } from '../../base/timers.ts';
import { ms } from '../../base/units.ts';
import type { GroupRecord } from '../../wire/group-records.ts';
import { parseIgmp } from '../../wire/igmp.ts';
import { ipProtocol } from '../../wire/ip.ts';
import { findIpPayload } from '../../wire/ip-payload.ts';
import { parseMld } from '../../wire/mld.ts';
import type { OfprotoConfig } from '../config.ts';
import type { Bundle } from '../port.ts';
import type { ProtocolDeps } from '../protocols/protocol-deps.ts';
import type { SwitchProtocol } from '../protocols/switch-protocol.ts';
import { type GroupPlace, MulticastTable } from './multicast-table.ts';

export interface SnoopingDeps extends Pick<ProtocolDeps, 'timers' | 'config' | 'changed'> {
  readonly bundles: () => ReadonlyMap<string, Bundle>;
  /** Where a group is wanted changed; undefined for routers, and for what all groups are sent to. */
  readonly groupChanged: (place: GroupPlace | undefined) => void;
}

/** What was learned from a message, for traces. */
export type LearnedOfGroups =
  | { readonly what: 'badChecksum'; readonly protocol: 'IGMP' | 'MLD' }
  | { readonly what: 'joined' | 'left'; readonly group: string }
  /** Who asked, over IPv4. */
  | { readonly what: 'query'; readonly source: string | undefined }
  | { readonly what: 'records'; readonly count: number };

/** All that a switch that snoops knows. */
interface State {
  readonly table: MulticastTable<Bundle>;
  /**
   * All groups are sent there, so nothing is learned of them. In the order in which they were asked for, as the others.
   */
  readonly floodPorts: Set<Bundle>;
  /** Reports are sent there. */
  readonly reportPorts: Set<Bundle>;
}

export class MulticastSnooping implements SwitchProtocol {
  readonly #deps: SnoopingDeps;
  #state: State | undefined;
  #timer: Timer | undefined;
  #timerDue = Number.POSITIVE_INFINITY;

  constructor(deps: SnoopingDeps) {
    this.#deps = deps;
  }

  /** undefined where the switch does not snoop. */
  get state(): State | undefined {
    return this.#state;
  }

  configured(before: OfprotoConfig): void {
    const { multicast } = this.#deps.config();
    if (multicast === undefined) this.#state = undefined;
    else {
      this.#state ??= this.#begin();
      this.#state.table.configure(multicast);
    }
    this.#arrange();
    if (multicast?.floodsUnregistered !== before.multicast?.floodsUnregistered) this.#deps.changed();
  }

  bundleChanged(bundle: Bundle): void {
    if (this.#state === undefined) return;
    const { multicastFlood, multicastFloodReports } = bundle.config;
    const { floodPorts, reportPorts } = this.#state;
    this.#setPlace(floodPorts, bundle, multicastFlood);
    this.#setPlace(reportPorts, bundle, multicastFloodReports);
  }

  bundleRemoved(bundle: Bundle): void {
    if (this.#state === undefined) return;
    this.#setPlace(this.#state.floodPorts, bundle, false);
    this.#setPlace(this.#state.reportPorts, bundle, false);
  }

  /** What is behind the bundle may be something else. */
  bundleFlushed(bundle: Bundle): void {
    this.#state?.table.flushPort(bundle);
    this.#arrange();
  }

  /** Forgets all groups and routers. */
  flush(): void {
    this.#state?.table.flush();
    this.#arrange();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** Learns from a packet of IGMP or MLD; undefined where that taught nothing. */
  receive(from: Bundle, vlan: number, packet: Uint8Array): LearnedOfGroups | undefined {
    if (this.#state === undefined || this.#state.floodPorts.has(from)) return undefined;
    const learned = learnFrom(new Learner(this.#state, vlan, from), packet);
    this.#arrange();
    return learned;
  }

  /**
   * Ports that are there already are gone over as the reference does.
   * Differs: multicast and reports are no longer flooded to a port that has been removed; the reference goes on naming it
   * in traces.
   */
  #begin(): State {
    const bundles = orderAsHashed([...this.#deps.bundles().values()], ({ name }) => name);
    return {
      table: new MulticastTable(this.#deps.timers.clock, (place) => this.#deps.groupChanged(place)),
      floodPorts: new Set(bundles.filter(({ config }) => config.multicastFlood)),
      reportPorts: new Set(bundles.filter(({ config }) => config.multicastFloodReports)),
    };
  }

  #setPlace(places: Set<Bundle>, bundle: Bundle, isIn: boolean): void {
    if (places.has(bundle) === isIn) return;
    if (isIn) places.add(bundle);
    else places.delete(bundle);
    this.#deps.groupChanged(undefined);
  }

  #arrange(): void {
    const due = this.#state?.table.nextExpiry() ?? Number.POSITIVE_INFINITY;
    if (due === this.#timerDue) return;
    this.#timer?.cancel();
    this.#timerDue = due;
    if (due === Number.POSITIVE_INFINITY) return;
    const { timers } = this.#deps;
    this.#timer = timers.at(ms(Math.max(due, timers.clock.now())), () => {
      this.#timerDue = Number.POSITIVE_INFINITY;
      this.#state?.table.run();
      this.#arrange();
    });
  }
}

/** What one message of a port is about to change. */
class Learner {
  readonly #state: State;
  readonly #vlan: number;
  readonly #from: Bundle;

  constructor(state: State, vlan: number, from: Bundle) {
    this.#state = state;
    this.#vlan = vlan;
    this.#from = from;
  }

  /** Routers hear all groups already. */
  join(group: string): boolean {
    const { table } = this.#state;
    if (table.isRouter(this.#vlan, this.#from)) return false;
    return table.join({ vlan: this.#vlan, group }, this.#from);
  }

  /** Behind a port that reports are sent to, there are others who may want the group: it grows old there. */
  leave(group: string): boolean {
    const { table, reportPorts } = this.#state;
    return !reportPorts.has(this.#from) && table.leave({ vlan: this.#vlan, group }, this.#from);
  }

  addRouter(): boolean {
    return this.#state.table.addRouter(this.#vlan, this.#from);
  }

  /** How many of them changed something. */
  takeRecords(records: readonly GroupRecord[]): number {
    return records.filter((record) => (isLeave(record) ? this.leave(record.group) : this.join(record.group)))
      .length;
  }
}

/** Whoever wants to hear a group from nobody does not want it. */
function isLeave({ mode, sources }: GroupRecord): boolean {
  return sources.length === 0 && (mode === 'isInclude' || mode === 'changeToInclude');
}

function learnFrom(learner: Learner, packet: Uint8Array): LearnedOfGroups | undefined {
  const payload = findIpPayload(packet);
  if (payload === undefined) return undefined;
  const { protocol, source, bytes, pseudoSum } = payload;
  const isIgmp = protocol === ipProtocol.igmp;
  const message = unlessMalformed(() => (isIgmp ? parseIgmp(bytes) : parseMld(bytes, pseudoSum)));
  if (message === undefined) return { what: 'badChecksum', protocol: isIgmp ? 'IGMP' : 'MLD' };
  if (message.type === 'query') {
    const isFromNobody = source.every((byte) => byte === 0);
    if (isFromNobody || !learner.addRouter()) return undefined;
    return { what: 'query', source: isIgmp ? formatIpv4(source) : undefined };
  }
  if (message.type !== 'records') return learnMember(learner, message, isIgmp);
  const count = learner.takeRecords(message.records);
  return count === 0 ? undefined : { what: 'records', count };
}

function learnMember(
  learner: Learner,
  { type, group }: { readonly type: 'report' | 'leave' | 'done'; readonly group: string },
  isIgmp: boolean,
): LearnedOfGroups | undefined {
  const isChange = type === 'report' ? learner.join(group) : learner.leave(group);
  if (!isChange) return undefined;
  if (!isIgmp) return { what: 'records', count: 1 };
  return { what: type === 'report' ? 'joined' : 'left', group };
}

function unlessMalformed<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (why) {
    if (!(why instanceof Malformed)) throw why;
    return undefined;
  }
}
