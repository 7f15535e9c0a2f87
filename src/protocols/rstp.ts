/**
 * Rapid Spanning Tree Protocol: a tree of the links between bridges as STP makes it, with neighbours that agree on the use of
 * a link at once. IEEE 802.1D-2004 clause 17; its state machines are those of rstp-ports.ts.
 * Differs: when a port goes away, the roles of the others are chosen anew. With the reference, a bridge that loses its root
 * port so stays without one until something else happens.
 */

import { isDeepStrictEqual } from 'node:util';
import { Malformed } from '../base/errors.ts';
import { logger } from '../base/log.ts';
import { type Ms, ms } from '../base/units.ts';
import { type Bpdu, type BridgeId, bpduRole, bridgeId, parseBpdu, roleInFlags } from '../wire/bpdu.ts';
import { type RstpBridge, RstpLink } from './rstp-link.ts';
import { RstpPorts } from './rstp-ports.ts';
import { timesOf } from './rstp-receive.ts';
import { assignRoles, bridgeVector, chooseRoot, type RootChoice } from './rstp-selection.ts';
import {
  type PriorityVector,
  type RstpPort,
  type RstpPortSettings,
  type RstpSettings,
  type RstpTimes,
  rstpHelloTime,
} from './rstp-types.ts';

const log = logger('rstp');
const machineLog = logger('rstp_sm');

const tick = 1000;
/** Machines that take more steps than that follow each other in a circle. */
const mostSteps = 1000;

const defaults = { priority: 0x8000, maxAge: 20, forwardDelay: 15, transmitHoldCount: 6 };

/** What follows for learned addresses. */
export interface RstpChanges<P> {
  /** Those of these ports are to be forgotten. */
  readonly flushed: readonly P[];
  /** Those of the old root port are now behind the new one. */
  readonly moved: { readonly from: P; readonly to: P } | undefined;
}

export class Rstp<P> implements RstpBridge<P> {
  readonly name: string;
  readonly #send: (port: P, bpdu: Bpdu) => void;
  readonly #ports = new RstpPorts<P>();
  #priority = defaults.priority;
  #isRapid = true;
  #transmitHoldCount = defaults.transmitHoldCount;
  #times: RstpTimes = {
    messageAge: 0,
    maxAge: defaults.maxAge,
    helloTime: rstpHelloTime,
    forwardDelay: defaults.forwardDelay,
  };
  #id: BridgeId = bridgeId(0, '00:00:00:00:00:00');
  #root: RootChoice<P> = { link: undefined, vector: bridgeVector(this.#id), times: this.#times };
  #moved: { readonly from: P; readonly to: P } | undefined;
  #lastTick: Ms;
  #unsent: (() => void)[] = [];

  constructor(name: string, settings: RstpSettings, send: (port: P, bpdu: Bpdu) => void, now: Ms) {
    this.name = name;
    this.#send = send;
    this.#lastTick = now;
    this.configure(settings);
  }

  get id(): BridgeId {
    return this.#id;
  }

  get isRapid(): boolean {
    return this.#isRapid;
  }

  get transmitHoldCount(): number {
    return this.#transmitHoldCount;
  }

  /** Those that it uses as the root. */
  get times(): RstpTimes {
    return this.#times;
  }

  /** The best of what is said of the root. */
  get rootVector(): PriorityVector {
    return this.#root.vector;
  }

  get isRoot(): boolean {
    return this.#root.vector.bridgeId === this.#id;
  }

  get rootPort(): RstpPort<P> | undefined {
    return this.#root.link;
  }

  /** In the order in which the reference lists them. */
  get links(): readonly RstpLink<P>[] {
    return this.#ports.links;
  }

  portOf(port: P): RstpPort<P> | undefined {
    return this.#ports.get(port);
  }

  /**
   * Differs: a change of the version changes nothing else. With the reference, the priority is the usual one then, until the
   * next change of configuration.
   */
  configure(settings: RstpSettings): void {
    const { mac, isStpOnly, maxAge, forwardDelay, transmitHoldCount } = settings;
    const priority = settings.priority - (settings.priority % 0x1000);
    if (isWithin(priority, 0, 0xf000)) this.#priority = priority;
    if (this.#isRapid === isStpOnly) {
      this.#isRapid = !isStpOnly;
      this.#begin();
    }
    this.#setTimes(maxAge, forwardDelay);
    if (transmitHoldCount !== this.#transmitHoldCount && isWithin(transmitHoldCount, 1, 10)) {
      this.#transmitHoldCount = transmitHoldCount;
      for (const link of this.links) link.sentCount = 0;
    }
    const id = bridgeId(this.#priority, mac);
    if (id === this.#id) return;
    this.#id = id;
    this.#selectAnew();
    this.#selectRoles();
    this.#move();
  }

  /** 17.13: each time is in the other's range. */
  #setTimes(maxAge: number, forwardDelay: number): void {
    const { maxAge: ageBefore } = this.#times;
    const mayAge =
      isWithin(maxAge, 6, 40) && 2 * (this.#times.forwardDelay - 1) >= maxAge && maxAge >= 2 * rstpHelloTime;
    const age = mayAge ? maxAge : ageBefore;
    const mayDelay = isWithin(forwardDelay, 4, 30) && 2 * (forwardDelay - 1) >= age;
    const delay = mayDelay ? forwardDelay : this.#times.forwardDelay;
    if (age === ageBefore && delay === this.#times.forwardDelay) return;
    this.#times = { ...this.#times, maxAge: age, forwardDelay: delay };
    this.#selectRoles();
    this.#move();
  }

  /** All ports begin anew. */
  #begin(): void {
    this.#ports.restart((link) => {
      const fresh = new RstpLink(link.owner, this);
      fresh.settings = link.settings;
      fresh.isLinkUp = link.isLinkUp;
      return fresh;
    });
    this.#selectRoles();
    this.#move();
  }

  /** One whose link is down. */
  addPort(port: P): void {
    this.#ports.add(new RstpLink(port, this));
    this.#selectRoles();
    this.#move();
  }

  removePort(port: P): void {
    this.#ports.remove(port);
    this.#selectAnew();
    this.#move();
  }

  configurePort(port: P, settings: RstpPortSettings): void {
    const link = this.#ports.get(port);
    if (link === undefined) return;
    const { portId: idBefore, settings: before } = link;
    const { priority, pathCost, number, mustCheckMigration } = settings;
    link.settings = {
      ...settings,
      number: before.number,
      priority: isWithin(priority, 0, 240) ? priority - (priority % 16) : before.priority,
      pathCost: isWithin(pathCost, 1, 200_000_000) ? pathCost : before.pathCost,
    };
    this.#ports.renumber(link, number);
    if (link.portId !== idBefore || link.settings.pathCost !== before.pathCost) link.selectAnew();
    if (mustCheckMigration && this.#isRapid) link.mcheck = true;
    if (mustCheckMigration || !isDeepStrictEqual(link.settings, before)) this.#move();
  }

  /** The link of a port came up or went down. */
  setUp(port: P, isUp: boolean): void {
    const link = this.#ports.get(port);
    if (link === undefined || link.isLinkUp === isUp) return;
    link.isLinkUp = isUp;
    this.#move();
  }

  /** Takes in what follows the LLC header of a frame. */
  receive(port: P, payload: Uint8Array): void {
    const link = this.#ports.get(port);
    if (link === undefined || !link.portEnabled || link.rcvdBpdu) return;
    const bpdu = this.#validated(link, payload);
    if (bpdu === undefined) {
      machineLog.dbg(`${this.name}, port ${link.settings.number}: Bad STP or RSTP BPDU received`);
      link.badCount++;
      return;
    }
    link.received = bpdu;
    link.rcvdBpdu = true;
    link.receivedCount++;
    this.#move();
  }

  /** Clause 9.3.4. One of RSTP without a role is taken as one of STP. */
  #validated(link: RstpLink<P>, payload: Uint8Array): Bpdu | undefined {
    try {
      const bpdu = parseBpdu(payload);
      if (bpdu.type === 'notification') return bpdu;
      if (bpdu.type === 'rapid' && roleInFlags(bpdu.flags) !== bpduRole.unknown) return bpdu;
      const { messageAge, maxAge } = timesOf(bpdu);
      const isOwn = bpdu.bridgeId === this.#id && bpdu.portId === link.portId;
      return messageAge >= maxAge || isOwn ? undefined : { ...bpdu, type: 'configuration' };
    } catch (why) {
      if (!(why instanceof Malformed)) throw why;
      return undefined;
    }
  }

  /** Does what is due; returns when to call again. */
  run(now: Ms): Ms {
    if (now >= this.#lastTick + tick) {
      this.#lastTick = now;
      for (const link of this.links) link.tick();
      this.#move();
    }
    return ms(this.#lastTick + tick);
  }

  /** What happened to learned addresses since the last call. */
  takeChanges(): RstpChanges<P> {
    const moved = this.#moved;
    this.#moved = undefined;
    const flushed: P[] = [];
    for (const link of this.links) {
      if (!link.mustFlush) continue;
      link.mustFlush = false;
      if (link.owner !== moved?.from) flushed.push(link.owner);
    }
    return { flushed, moved };
  }

  /** Sent when all is settled: what a BPDU brings about elsewhere may come back at once. */
  emit(link: RstpLink<P>, bpdu: Bpdu): void {
    this.#unsent.push(() => this.#send(link.owner, bpdu));
  }

  /** Has the machines do what follows from what has changed. */
  #move(): void {
    let isChanging = true;
    for (let steps = 0; isChanging; steps++) {
      if (steps === mostSteps) {
        machineLog.err(`${this.name}: move_rstp() reached the iteration safeguard limit!`);
        break;
      }
      isChanging = this.links.some(({ reselect }) => reselect);
      if (isChanging) this.#selectRoles();
      if (this.#ports.step()) isChanging = true;
    }
    const unsent = this.#unsent;
    this.#unsent = [];
    for (const send of unsent) send();
  }

  /** 17.28 */
  #selectRoles(): void {
    for (const link of this.links) link.reselect = false;
    const before = this.#root.link;
    this.#root = chooseRoot(this.#id, this.#times, this.links);
    const { link: root } = this.#root;
    log.dbg(() => `${this.name}: new Root is ${this.#root.vector.rootId}`);
    if (root?.role === 'alternate' && before !== undefined && before !== root)
      this.#moved ??= { from: before.owner, to: root.owner };
    assignRoles(this.#id, this.#root, this.links);
    for (const link of this.links) link.selected = true;
  }

  #selectAnew(): void {
    for (const link of this.links) link.selectAnew();
  }
}

function isWithin(value: number, least: number, most: number): boolean {
  return value >= least && value <= most;
}
