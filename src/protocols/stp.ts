/**
 * Spanning Tree Protocol: of all links between bridges, those stay in use that make a tree of the least cost to the root.
 * IEEE 802.1D-1998 clause 8; its clause numbers are given beside the procedures.
 * Differs: the log tells of 60 bad BPDUs a minute at most, as it does of what floods of BFD, CFM and LACP bring about.
 */
import { Malformed } from '../base/errors.ts';
import { LimitedSite, logger } from '../base/log.ts';
import { type Ms, ms } from '../base/units.ts';
import {
  type Bpdu,
  type BridgeId,
  bpduFlag,
  bridgeId,
  type ConfigurationBpdu,
  parseBpdu,
} from '../wire/bpdu.ts';
import { StpElection } from './stp-election.ts';
import type { StpLink } from './stp-link.ts';
import { StpTopology } from './stp-topology.ts';
import {
  millisecondsOf,
  type StpPort,
  type StpPortSettings,
  type StpRole,
  type StpSettings,
  StpTimer,
  type StpTimes,
  stpTimes,
  ticksOf,
} from './stp-types.ts';

const log = logger('stp');
const badBpdus = new LimitedSite({ perMinute: 60, burst: 60 });
const topologyChanges = new LimitedSite({ perMinute: 1, burst: 5 });

/** Between two looks at the timers. */
const interval = 1000;
const holdTime = ticksOf(1000);
/** A BPDU is older by that with each bridge that it passes. */
const messageAgeIncrement = 1;

export class Stp<P> {
  readonly name: string;
  readonly #send: (port: P, bpdu: Bpdu) => void;
  readonly #election: StpElection<P>;
  readonly #helloTimer = new StpTimer();
  readonly #topology = new StpTopology();
  /** What it uses as the root, and what is in use. */
  #ownTimes: StpTimes;
  #times: StpTimes;
  #lastRun: Ms;
  /** Milliseconds that were no whole tick. */
  #remainder = 0;
  #unsent: (() => void)[] = [];

  constructor(name: string, settings: StpSettings, send: (port: P, bpdu: Bpdu) => void, now: Ms) {
    this.name = name;
    this.#send = send;
    this.#lastRun = now;
    this.#election = new StpElection(bridgeId(settings.priority, settings.mac));
    this.#ownTimes = stpTimes(settings);
    this.#times = this.#ownTimes;
    this.#helloTimer.start(this.#times.helloTime);
  }

  get id(): BridgeId {
    return this.#election.id;
  }

  get rootId(): BridgeId {
    return this.#election.rootId;
  }

  get rootPathCost(): number {
    return this.#election.rootPathCost;
  }

  get rootPort(): StpPortSettings | undefined {
    return this.#election.rootLink?.settings;
  }

  get isRoot(): boolean {
    return this.#election.isRoot;
  }

  /** Those that the root says are to be used. */
  get times(): StpTimes {
    return this.#times;
  }

  /** Those that it would use as the root. */
  get ownTimes(): StpTimes {
    return this.#ownTimes;
  }

  /** By number. */
  get ports(): ReadonlyMap<P, StpPort> {
    return this.#election.links;
  }

  roleOf(port: P): StpRole {
    const link = this.#election.links.get(port);
    if (link === undefined) return 'disabled';
    if (link === this.#election.rootLink) return 'root';
    if (this.#election.isDesignated(link)) return 'designated';
    return link.isInUse ? 'alternate' : 'disabled';
  }

  configure(settings: StpSettings): void {
    this.#setId(bridgeId(settings.priority, settings.mac));
    this.#ownTimes = stpTimes(settings);
    if (this.isRoot) this.#times = this.#ownTimes;
    this.#sendAll();
  }

  /** 8.8.4: the bridge has another identifier. */
  #setId(id: BridgeId): void {
    if (id === this.id) return;
    const wasRoot = this.isRoot;
    this.#election.setId(id);
    this.#updateAll(wasRoot);
  }

  /** One that is not in use until its link is up. */
  addPort(port: P, settings: StpPortSettings): void {
    this.#election.add(port, settings);
  }

  removePort(port: P): void {
    this.setUp(port, false);
    this.#election.remove(port);
  }

  /** 8.8.1, 8.8.2: its link came up or went down. */
  setUp(port: P, isUp: boolean): void {
    const link = this.#election.links.get(port);
    if (link === undefined || isUp === link.isInUse) return;
    const wasRoot = this.isRoot;
    this.#election.becomeDesignated(link);
    link.reset(isUp);
    if (isUp) this.#selectStates();
    else this.#updateAll(wasRoot);
    this.#sendAll();
  }

  /** Its number stays. */
  configurePort(port: P, { name, priority, pathCost }: StpPortSettings): void {
    const link = this.#election.links.get(port);
    if (link === undefined) return;
    const { portId: idBefore, settings: before } = link;
    const wasDesignated = this.#election.isDesignated(link);
    link.settings = { ...before, name, priority, pathCost };
    if (link.portId !== idBefore) this.#changePortId(link, wasDesignated);
    if (pathCost !== before.pathCost) {
      // 8.8.6
      this.#election.update();
      this.#selectStates();
    }
    this.#sendAll();
  }

  /** 8.8.5 */
  #changePortId(link: StpLink<P>, wasDesignated: boolean): void {
    if (wasDesignated) link.designated = { ...link.designated, portId: link.portId };
    if (link.designated.bridgeId !== this.#election.id || link.portId >= link.designated.portId) return;
    this.#election.becomeDesignated(link);
    this.#selectStates();
  }

  /** Takes in what follows the LLC header of a frame. */
  receive(port: P, payload: Uint8Array): void {
    const link = this.#election.links.get(port);
    if (link === undefined || !link.isInUse) return;
    try {
      const bpdu = parseBpdu(payload);
      if (bpdu.type === 'rapid') throw new Malformed('bpdu', 3, 'received BPDU of unexpected type 2');
      if (bpdu.type === 'notification') this.#receiveNotification(link);
      else this.#receiveConfiguration(link, bpdu);
      link.counters.received++;
    } catch (why) {
      if (!(why instanceof Malformed)) throw why;
      link.counters.bad++;
      log.limited('warn', badBpdus, `${this.name}: ${why.why}`);
    }
    this.#sendAll();
  }

  /** Does what is due; returns when to call again. */
  run(now: Ms): Ms {
    const elapsed = now - this.#lastRun + this.#remainder;
    this.#lastRun = now;
    const ticks = ticksOf(elapsed);
    this.#remainder = elapsed - millisecondsOf(ticks);
    if (ticks > 0) this.#advance(ticks);
    this.#sendAll();
    return ms(now + interval);
  }

  /** The topology is to be taken as changed. */
  notifyTopologyChange(): void {
    this.#detectTopologyChange();
    this.#sendAll();
  }

  /** True where learned addresses are to be forgotten since the last call. */
  takeFlush(): boolean {
    return this.#topology.takeFlush();
  }

  #advance(ticks: number): void {
    const { helloTime, maxAge, forwardDelay } = this.#times;
    if (this.#helloTimer.passes(ticks, helloTime)) this.#sayHello();
    if (this.#topology.notificationTimer.passes(ticks, this.#ownTimes.helloTime)) this.#notify();
    this.#topology.advance(ticks, maxAge + forwardDelay);
    for (const link of this.#election.inUse())
      if (link.messageAge.passes(ticks, this.#times.maxAge)) this.#forgetInformation(link);
    for (const link of this.#election.inUse()) {
      if (link.delay.passes(ticks, this.#times.forwardDelay)) this.#endDelay(link);
      if (link.hold.passes(ticks, holdTime) && link.isConfigurationPending) this.#transmit(link);
    }
  }

  /** 8.7.3: the designated bridge of that link was silent for too long. */
  #forgetInformation(link: StpLink<P>): void {
    const wasRoot = this.isRoot;
    this.#election.becomeDesignated(link);
    this.#updateAll(wasRoot);
  }

  /** 8.7.4: a port has listened or learned for long enough. */
  #endDelay(link: StpLink<P>): void {
    if (link.state === 'listening') {
      link.state = 'learning';
      link.delay.start();
      return;
    }
    if (link.state !== 'learning') return;
    link.state = 'forwarding';
    const isDesignatedSomewhere = this.#election
      .inUse()
      .some(({ designated }) => designated.bridgeId === this.#election.id);
    if (isDesignatedSomewhere) this.#detectTopologyChange();
  }

  /** 8.6.1: a configuration BPDU where that is allowed by now. */
  #transmit(link: StpLink<P>): void {
    if (!this.isRoot && this.#election.rootLink === undefined) return;
    if (link.hold.isRunning) {
      link.isConfigurationPending = true;
      return;
    }
    const messageAge = this.isRoot
      ? 0
      : (this.#election.rootLink?.messageAge.ticks ?? 0) + messageAgeIncrement;
    if (messageAge >= this.#times.maxAge) return;
    const flags =
      (link.mustAcknowledge ? bpduFlag.topologyChangeAck : 0) |
      (this.#topology.isChanging ? bpduFlag.topologyChange : 0);
    link.mustAcknowledge = false;
    link.isConfigurationPending = false;
    log.dbg(`bridge: ${this.name}, port: ${link.settings.name}, transmit config bpdu`);
    this.#emit(link, {
      type: 'configuration',
      flags,
      ...this.#election.designation(link.portId),
      messageAge,
      ...this.#times,
    });
    link.hold.start();
  }

  /** 8.6.4 */
  #transmitAll(): void {
    for (const link of this.#election.inUse()) if (this.#election.isDesignated(link)) this.#transmit(link);
  }

  #sayHello(): void {
    this.#transmitAll();
    this.#helloTimer.start();
  }

  /** 8.6.6, and again as long as nobody answers. */
  #notify(): void {
    const link = this.#election.rootLink;
    if (link !== undefined) {
      log.dbg(`bridge: ${this.name}, root port: ${link.settings.name}, transmit tcn`);
      this.#emit(link, { type: 'notification' });
    }
    this.#topology.notificationTimer.start();
  }

  /** Sent when all is settled: what a BPDU brings about elsewhere may come back at once. */
  #emit(link: StpLink<P>, bpdu: Bpdu): void {
    link.counters.sent++;
    this.#unsent.push(() => this.#send(link.owner, bpdu));
  }

  #sendAll(): void {
    const unsent = this.#unsent;
    this.#unsent = [];
    for (const send of unsent) send();
  }

  /** 8.7.1 */
  #receiveConfiguration(link: StpLink<P>, bpdu: ConfigurationBpdu): void {
    if (bpdu.messageAge >= bpdu.maxAge) {
      const ages = `message age (${bpdu.messageAge}) greater than max age (${bpdu.maxAge})`;
      log.limited('warn', badBpdus, `${this.name}: received config BPDU with ${ages}`);
      return;
    }
    if (!this.#election.isSupersededBy(link, bpdu)) {
      if (this.#election.isDesignated(link)) this.#transmit(link);
      return;
    }
    const wasRoot = this.isRoot;
    link.record(bpdu);
    this.#updateAll(wasRoot);
    if (wasRoot && !this.isRoot) {
      this.#helloTimer.stop();
      if (this.#topology.ceaseAsRoot()) this.#notify();
    }
    if (link !== this.#election.rootLink) return;
    const { flags, helloTime, maxAge, forwardDelay } = bpdu;
    const isAcknowledged = (flags & bpduFlag.topologyChangeAck) !== 0;
    this.#topology.hear((flags & bpduFlag.topologyChange) !== 0, isAcknowledged);
    this.#times = { helloTime, maxAge, forwardDelay };
    this.#transmitAll();
  }

  /** 8.7.2 */
  #receiveNotification(link: StpLink<P>): void {
    if (!this.#election.isDesignated(link)) return;
    this.#detectTopologyChange();
    link.mustAcknowledge = true;
    this.#transmit(link);
  }

  /** What follows from what is known of the links, and from having become the root. */
  #updateAll(wasRoot: boolean): void {
    this.#election.update();
    this.#selectStates();
    if (this.isRoot && !wasRoot) this.#becomeRoot();
  }

  /** 8.6.11 */
  #selectStates(): void {
    for (const link of this.#election.inUse()) {
      const isDesignated = link !== this.#election.rootLink && this.#election.isDesignated(link);
      if (isDesignated) link.messageAge.stop();
      else link.isConfigurationPending = link.mustAcknowledge = false;
      if (isDesignated || link === this.#election.rootLink) link.beginForwarding();
      else if (link.block()) this.#detectTopologyChange();
    }
  }

  /** 8.6.14 */
  #detectTopologyChange(): void {
    if (this.#topology.detect(this.isRoot)) this.#notify();
    log.limited('info', topologyChanges, `${this.name}: detected topology change.`);
  }

  #becomeRoot(): void {
    this.#times = this.#ownTimes;
    this.#detectTopologyChange();
    this.#topology.notificationTimer.stop();
    this.#sayHello();
  }
}
