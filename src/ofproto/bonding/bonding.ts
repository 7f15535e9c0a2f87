/**
 * Joins bonds and LACP to the bundles of one switch: makes them, runs them in time, and does what they ask for.
 */
import { readMac } from '../../base/addresses.ts';
import { logger } from '../../base/log.ts';
import type { Timer } from '../../base/timers.ts';
import { type Ms, ms } from '../../base/units.ts';
import type { Datapath } from '../../datapath/provider.ts';
import { hashStation } from '../../flow/field-hash.ts';
import { formatMacNumber } from '../../flow/mac.ts';
import { Bond } from '../../protocols/bond.ts';
import { Lacp } from '../../protocols/lacp.ts';
import type { LacpPortSettings, LacpSettings } from '../../protocols/lacp-types.ts';
import { etherType } from '../../wire/ethernet.ts';
import { emitLacp, type LacpUnit, slowProtocolsAddress } from '../../wire/lacp.ts';
import { frameOf } from '../../wire/new-frame.ts';
import { emitRarpRequest } from '../../wire/rarp.ts';
import { type BundleLacp, defaultMemberLacp, type OfprotoConfig } from '../config.ts';
import type { MacTable } from '../mac-learning.ts';
import type { Bundle, OfprotoPort, Recirculation } from '../port.ts';
import type { ProtocolDeps } from '../protocols/protocol-deps.ts';
import type { SwitchProtocol } from '../protocols/switch-protocol.ts';
import type { FlowTables } from '../tables/flow-tables.ts';
import { DatapathBond, type HashOutputs } from './hash-outputs.ts';
import { HashRules } from './hash-rules.ts';

const bondLog = logger('bond');

export interface BondingDeps extends ProtocolDeps {
  readonly tables: FlowTables;
  readonly macs: MacTable<Bundle>;
  readonly datapath: Datapath;
  /** It can choose members by itself, and may be asked to. */
  readonly hasLbOutput: () => boolean;
  /** Where packets come back with their hash; unlike any other. */
  readonly allocateRecirculation: () => Recirculation;
  /** Something is forwarded that is counted later: `counted` will be called. */
  readonly isCounting: () => boolean;
}

/** What is known of a bundle that has a bond or speaks LACP. */
interface Run {
  timer: Timer | undefined;
  outputs: HashOutputs | undefined;
  /** Of the bond, when the outputs of hashes were settled. */
  bucketChanges: number;
  /** As it was told last. */
  status: string;
}

export class Bonding implements SwitchProtocol {
  readonly #deps: BondingDeps;
  readonly #runs = new Map<Bundle, Run>();

  constructor(deps: BondingDeps) {
    this.#deps = deps;
  }

  /** Its members or its configuration are others. */
  bundleChanged(bundle: Bundle): void {
    this.#followLacp(bundle);
    this.#followBond(bundle);
    if (bundle.bond === undefined && bundle.lacp === undefined) {
      this.bundleRemoved(bundle);
      return;
    }
    if (!this.#runs.has(bundle))
      this.#runs.set(bundle, {
        timer: undefined,
        outputs: undefined,
        bucketChanges: -1,
        status: '',
      });
    this.#runBond(bundle);
    this.#wakeAt(bundle, this.#now);
  }

  /** The bundle is no more, or an ordinary one. */
  bundleRemoved(bundle: Bundle): void {
    const run = this.#runs.get(bundle);
    if (run === undefined) return;
    run.timer?.cancel();
    run.outputs?.clear();
    this.#runs.delete(bundle);
    bundle.bond = undefined;
    bundle.lacp = undefined;
    bundle.recirculation = undefined;
    bundle.usesLbOutput = false;
    this.#deps.status.bundle(bundle);
  }

  /** Somebody has changed something of its bond, or the link of one of its members. */
  changed(bundle: Bundle): void {
    if (this.#runs.has(bundle)) this.#run(bundle);
  }

  portChanged({ bundle }: OfprotoPort): void {
    if (bundle !== undefined) this.changed(bundle);
  }

  /** LACP follows the bridge's address. */
  configured({ hwaddr }: OfprotoConfig): void {
    if (hwaddr === this.#deps.config().hwaddr) return;
    for (const bundle of this.#runs.keys()) if (bundle.lacp !== undefined) this.bundleChanged(bundle);
  }

  /** What follows the Ethernet header of a frame of LACP. */
  receive(bundle: Bundle, port: OfprotoPort, payload: Uint8Array): void {
    bundle.lacp?.receive(port, payload, this.#now);
    this.#wakeAt(bundle, this.#now);
  }

  /** Rules have all that the datapath had forwarded: load is looked at where that is due. */
  counted(): void {
    for (const bundle of this.#runs.keys()) if (this.#rebalance(bundle)) this.#run(bundle);
  }

  stop(): void {
    for (const { timer } of this.#runs.values()) timer?.cancel();
    this.#runs.clear();
  }

  get #now(): Ms {
    return this.#deps.timers.clock.now();
  }

  #followLacp(bundle: Bundle): void {
    const { config, members } = bundle;
    if (config.lacp === undefined) {
      bundle.lacp = undefined;
      return;
    }
    const settings = this.#lacpSettings(config.lacp, config.members.length > 1);
    const send = (port: OfprotoPort, unit: LacpUnit): void => this.#sendLacp(port, unit);
    bundle.lacp ??= new Lacp<OfprotoPort>(bundle.name, settings, send);
    bundle.lacp.configure(settings);
    const ports = members.map((port): [OfprotoPort, LacpPortSettings] => {
      const { portId = port.ofPort, priority, key } = config.memberLacp.get(port.ofPort) ?? defaultMemberLacp;
      return [port, { portId, priority, key }];
    });
    bundle.lacp.setMembers(new Map(ports), this.#now);
  }

  /** A system with several links to aggregate is to decide rather than one with a single link. */
  #lacpSettings({ systemId, systemPriority, ...settings }: BundleLacp, isBond: boolean): LacpSettings {
    return {
      ...settings,
      systemId: systemId ?? this.#deps.config().hwaddr,
      systemPriority: systemPriority ?? (isBond ? 0xfffe : 0xffff),
    };
  }

  #followBond(bundle: Bundle): void {
    const { config, members, name } = bundle;
    if (config.members.length < 2) {
      bundle.bond = undefined;
      bundle.recirculation = undefined;
      return;
    }
    const now = this.#now;
    if (config.bond.usesLbOutput && bundle.bond?.settings.usesLbOutput !== true && !this.#deps.hasLbOutput())
      bondLog.warn(`${name}: Datapath does not support 'lb_output' action, disabled.`);
    if (bundle.bond === undefined)
      bundle.bond = new Bond<OfprotoPort>(name, config.bond, this.#deps.random, now);
    else bundle.bond.configure(config.bond, now);
    bundle.bond.setMembers(members, now);
    if (config.bond.mode === 'active-backup') bundle.recirculation = undefined;
    else bundle.recirculation ??= this.#deps.allocateRecirculation();
  }

  /** True where that was due. */
  #rebalance(bundle: Bundle): boolean {
    const { bond } = bundle;
    if (bond === undefined || !bond.isBalanced || this.#now < bond.nextRebalance) return false;
    const outputs = this.#runs.get(bundle)?.outputs;
    bond.rebalance(this.#now, (hash) => outputs?.bytesOf(hash));
    return true;
  }

  #wake(bundle: Bundle): void {
    if (!this.#deps.isCounting()) this.#rebalance(bundle);
    this.#run(bundle);
  }

  #run(bundle: Bundle): void {
    const lacpDue = bundle.lacp?.run(this.#now) ?? Number.POSITIVE_INFINITY;
    for (const member of bundle.members) this.#deps.linkChanged(member);
    this.#wakeAt(bundle, Math.min(lacpDue, this.#runBond(bundle)));
  }

  /** Returns when to call again. */
  #runBond(bundle: Bundle): number {
    const { bond } = bundle;
    let due = Number.POSITIVE_INFINITY;
    if (bond !== undefined) {
      due = bond.run(this.#now, bundle.lacp?.status ?? 'off');
      this.#updateOutputs(bundle, bond);
      if (bond.takeChange()) this.#deps.changed();
      if (bond.takeMove()) this.#teach(bundle, bond);
      if (bond.isBalanced && this.#now < bond.nextRebalance) due = Math.min(due, bond.nextRebalance);
    }
    this.#tellStatus(bundle);
    return due;
  }

  #wakeAt(bundle: Bundle, due: number): void {
    const run = this.#runs.get(bundle);
    if (run === undefined) return;
    run.timer?.cancel();
    run.timer =
      due === Number.POSITIVE_INFINITY ? undefined : this.#deps.timers.at(ms(due), () => this.#wake(bundle));
  }

  #updateOutputs(bundle: Bundle, bond: Bond<OfprotoPort>): void {
    const run = this.#runs.get(bundle);
    const { recirculation } = bundle;
    if (run === undefined || bond.bucketChanges === run.bucketChanges) return;
    run.bucketChanges = bond.bucketChanges;
    const isHashed = recirculation !== undefined && bond.mayRecirculate;
    const usesLbOutput = isHashed && bond.settings.usesLbOutput && this.#deps.hasLbOutput();
    if (!isHashed || usesLbOutput !== bundle.usesLbOutput) {
      run.outputs?.clear();
      run.outputs = undefined;
    }
    bundle.usesLbOutput = usesLbOutput;
    if (!isHashed) return;
    const { datapath, tables } = this.#deps;
    run.outputs ??= usesLbOutput
      ? new DatapathBond(datapath, recirculation.id)
      : new HashRules(tables, recirculation.id);
    run.outputs.update((hash) => bond.ownerOf(hash));
  }

  #sendLacp(port: OfprotoPort, unit: LacpUnit): void {
    if (port.mac === undefined) return;
    const header = { dst: readMac(slowProtocolsAddress), src: readMac(port.mac), type: etherType.slow };
    this.#deps.send(port, frameOf(header, emitLacp(unit)));
  }

  /** Others learn from frames of each address behind another port which member to send to. */
  #teach(bundle: Bundle, bond: Bond<OfprotoPort>): void {
    let count = 0;
    for (const { mac, vlan, port } of [...this.#deps.macs.entries()]) {
      if (port === bundle) continue;
      const to = bond.choose(hashStation(mac, vlan, bond.settings.hashBasis));
      if (to === undefined) continue;
      this.#deps.send(to, emitRarpRequest(readMac(formatMacNumber(mac)), vlan));
      count++;
    }
    bondLog.dbg(`bond ${bundle.name}: sent ${count} gratuitous learning packets`);
  }

  #tellStatus(bundle: Bundle): void {
    const run = this.#runs.get(bundle);
    const { bond, lacp } = bundle;
    const statuses = [...(lacp?.members ?? [])].map(({ port, status }) => `${port.name} ${status}`);
    const status = [bond?.members.activeMac, ...statuses].join();
    if (run === undefined || status === run.status) return;
    run.status = status;
    this.#deps.status.bundle(bundle);
  }
}
