/**
 * The spanning tree of one switch: joins STP or RSTP to its ports, runs it in time, lets by its ports what it allows, and
 * forgets addresses when the topology changes.
 */
import { LimitedSite, logger } from '../../base/log.ts';
import type { Timer } from '../../base/timers.ts';
import type { Ms } from '../../base/units.ts';
import type { Rstp } from '../../protocols/rstp.ts';
import type { Stp } from '../../protocols/stp.ts';
import { type Bpdu, emitBpduFrame } from '../../wire/bpdu.ts';
import type { OfprotoConfig } from '../config.ts';
import type { MacTable } from '../mac-learning.ts';
import type { Bundle, OfprotoPort } from '../port.ts';
import type { ProtocolDeps } from '../protocols/protocol-deps.ts';
import type { SwitchProtocol } from '../protocols/switch-protocol.ts';
import { type Asked, rstpParticipants, stpParticipants } from './participants.ts';
import { RstpTree } from './rstp-tree.ts';
import { StpTree } from './stp-tree.ts';
import type { RstpConfig, StpConfig, TreeConfig } from './tree-config.ts';
import type { TreeState } from './tree-state.ts';

const log = logger('ofproto_dpif');
const bridgeLog = logger('bridge');
const withoutAddress = new LimitedSite();

export interface SpanningTreeDeps extends ProtocolDeps, Asked {
  readonly macs: MacTable<Bundle>;
  /** What OpenFlow shows of a port is another. */
  readonly portStateChanged: (port: OfprotoPort) => void;
  /** Forgets which multicast groups are wanted where. */
  readonly flushGroups: () => void;
}

export class SpanningTree implements SwitchProtocol {
  readonly #deps: SpanningTreeDeps;
  #tree: StpTree | RstpTree | undefined;
  #timer: Timer | undefined;
  /** Something came that is to be followed. */
  #soon: Timer | undefined;
  /** When ports came into the states that they are in. */
  readonly #since = new Map<OfprotoPort, Ms>();
  /** Sent when all that led to them is done. */
  #unsent: { readonly port: OfprotoPort; readonly bpdu: Bpdu }[] = [];
  /** No port has taken part yet. */
  #isBeginning = true;
  #summary = '';
  #told: readonly string[] = [];

  constructor(deps: SpanningTreeDeps) {
    this.#deps = deps;
  }

  get isRunning(): boolean {
    return this.#tree !== undefined;
  }

  get stp(): Stp<OfprotoPort> | undefined {
    return this.#tree?.protocol === 'STP' ? this.#tree.stp : undefined;
  }

  get rstp(): Rstp<OfprotoPort> | undefined {
    return this.#tree?.protocol === 'RSTP' ? this.#tree.rstp : undefined;
  }

  /** Milliseconds that a port has been in its state. */
  timeInState(port: OfprotoPort): number {
    return this.#now - (this.#since.get(port) ?? this.#now);
  }

  /** All that is asked of the switch and its ports is known: who takes part depends on all of them. */
  settled(): void {
    const { tree } = this.#deps.config();
    if (tree === undefined && this.#tree === undefined) return;
    const complaints = tree === undefined ? [] : this.#configure(tree);
    if (tree === undefined) this.#end();
    for (const text of complaints) if (!this.#told.includes(text)) bridgeLog.err(text);
    this.#told = complaints;
    this.#follow();
    this.#tellStatus();
    this.#isBeginning = this.#tree === undefined;
    if (this.#tree === undefined) this.#since.clear();
  }

  configured(before: OfprotoConfig): void {
    const { tree } = this.#deps.config();
    const isContested = (config: TreeConfig | undefined): boolean =>
      config?.protocol === 'RSTP' && config.replacesStp;
    if (isContested(tree) && !isContested(before.tree)) this.#tellContest();
  }

  #tellContest(): void {
    const both = 'RSTP and STP are mutually exclusive but both are configured; enabling RSTP';
    bridgeLog.warn(`${this.#deps.name}: ${both}`);
  }

  /** Returns what is to be told. */
  #configure(config: TreeConfig): string[] {
    const complaints: string[] = [];
    const { hwaddr } = this.#deps.config();
    const key = config.protocol === 'STP' ? 'stp-system-id' : 'rstp-address';
    if (config.mac === 'invalid')
      complaints.push(`bridge ${this.#deps.name}: invalid ${key}, defaulting to ${hwaddr}`);
    const mac = config.mac === 'invalid' || config.mac === undefined ? hwaddr : config.mac;
    const told = config.protocol === 'STP' ? this.#runStp(config, mac) : this.#runRstp(config, mac);
    return [...complaints, ...told];
  }

  #runStp(config: StpConfig, mac: string): readonly string[] {
    const { ports, complaints, isUsable } = stpParticipants(this.#deps);
    if (!isUsable) {
      this.#end();
      return complaints;
    }
    if (this.#tree?.protocol !== 'STP') {
      this.#end();
      this.#begin(new StpTree(this.#deps.name, { ...config, mac }, this.#queue, this.#now));
    }
    this.stp?.configure({ ...config, mac });
    if (this.#tree?.protocol === 'STP') this.#tree.setPorts(ports);
    return complaints;
  }

  #runRstp(config: RstpConfig, mac: string): readonly string[] {
    const { ports, complaints } = rstpParticipants(this.#deps);
    if (this.#tree?.protocol !== 'RSTP') {
      this.#end();
      this.#begin(new RstpTree(this.#deps.name, { ...config, mac }, this.#queue, this.#now));
    }
    this.rstp?.configure({ ...config, mac });
    if (this.#tree?.protocol === 'RSTP') this.#tree.setPorts(ports);
    return complaints;
  }

  #begin(tree: StpTree | RstpTree): void {
    this.#tree = tree;
    this.#deps.changed();
    this.#run();
  }

  #end(): void {
    if (this.#tree === undefined) return;
    this.#tree = undefined;
    this.#timer?.cancel();
    this.#unsent = [];
    this.#deps.changed();
  }

  portChanged(port: OfprotoPort): void {
    if (this.#tree === undefined) return;
    this.#tree.followLink(port);
    this.#follow();
  }

  portRemoved(port: OfprotoPort): void {
    if (this.#tree === undefined) return;
    this.#tree.removePort(port);
    this.#since.delete(port);
    this.#follow();
  }

  /**
   * What follows the LLC header of a BPDU. What it brings about is done afterwards: the packet that it came in is being
   * translated, and to send another would be to translate that meanwhile.
   * Differs: BPDUs cross patch ports. The reference ends where those of RSTP do, or those of STP by two of them.
   */
  receive(port: OfprotoPort, payload: Uint8Array): void {
    if (this.#tree === undefined) return;
    this.#tree.run(this.#now);
    this.#tree.receive(port, payload);
    this.#soon ??= this.#deps.timers.at(this.#now, () => {
      this.#soon = undefined;
      this.#follow();
    });
  }

  /** For those who try what follows from it. */
  notifyTopologyChange(): void {
    this.stp?.notifyTopologyChange();
    this.#follow();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#soon?.cancel();
    this.#tree = undefined;
  }

  get #now(): Ms {
    return this.#deps.timers.clock.now();
  }

  #run(): void {
    const tree = this.#tree;
    if (tree === undefined) return;
    for (const port of this.#deps.ports().values()) tree.followLink(port);
    const due = tree.run(this.#now);
    this.#timer?.cancel();
    this.#timer = this.#deps.timers.at(due, () => this.#run());
    this.#follow();
    this.#tellStatus();
  }

  /** Does with the switch what the tree has come to. */
  #follow(): void {
    const tree = this.#tree;
    const { flushed, moved } = tree?.takeChanges() ?? { flushed: [], moved: undefined };
    const stale = new Set(flushed === 'all' ? [] : flushed);
    let isAllStale = flushed === 'all';
    let isChanged = false;
    for (const port of this.#deps.ports().values()) {
      const before = port.tree;
      if (!this.#setState(port, tree?.stateOf(port))) continue;
      isChanged = true;
      if (before?.learns === port.tree?.learns) continue;
      if ((port.tree ?? before)?.protocol === 'STP') isAllStale = true;
      else if (port !== moved?.from) stale.add(port);
    }
    if (isAllStale) {
      this.#deps.macs.flush();
      this.#deps.flushGroups();
    } else for (const { bundle } of stale) if (bundle !== undefined) this.#deps.macs.flushPort(bundle);
    if (moved?.from.bundle !== undefined && moved.to.bundle !== undefined)
      this.#deps.macs.movePort(moved.from.bundle, moved.to.bundle);
    if (isChanged) this.#tellStatus();
    this.#sendAll();
  }

  /** True where it has another state now. */
  #setState(port: OfprotoPort, state: TreeState | undefined): boolean {
    const { tree: before } = port;
    if (before === state) return false;
    const { protocol = 'STP' } = state ?? before ?? {};
    const none = protocol === 'STP' ? 'disabled' : 'Disabled';
    const [from, to] = [before?.name ?? none, state?.name ?? none];
    if (from !== to) log.dbg(`port ${port.name}: ${protocol} state changed from ${from} to ${to}`);
    port.isFlooded = this.#isToBeFlooded(port, state);
    port.tree = state;
    this.#since.set(port, this.#now);
    this.#deps.portStateChanged(port);
    this.#deps.changed();
    return true;
  }

  /**
   * As the reference does it: one that was there before the tree is tried until it has forwarded, and has ceased to.
   * Differs: a port that takes part in no tree is flooded to. The reference leaves out those that came later, and all of them
   * when the tree ends, until they are configured anew.
   */
  #isToBeFlooded(port: OfprotoPort, state: TreeState | undefined): boolean {
    if (state === undefined || state.forwards) return true;
    if (port.tree === undefined) return this.#isBeginning;
    return port.isFlooded && !port.tree.forwards;
  }

  /** Each second, and where a port has come into another state: a flood of BPDUs makes no more of it. */
  #tellStatus(): void {
    const summary = this.#tree?.summary ?? '';
    if (summary === this.#summary) return;
    this.#summary = summary;
    this.#deps.status.bridge();
    for (const bundle of this.#deps.bundles()) this.#deps.status.bundle(bundle);
  }

  readonly #queue = (port: OfprotoPort, bpdu: Bpdu): void => {
    this.#unsent.push({ port, bpdu });
  };

  #sendAll(): void {
    const unsent = this.#unsent;
    this.#unsent = [];
    for (const { port, bpdu } of unsent) {
      if (port.mac !== undefined) this.#deps.send(port, emitBpduFrame(bpdu, port.mac));
      else log.limited('warn', withoutAddress, this.#withoutAddress(port));
    }
  }

  #withoutAddress(port: OfprotoPort): string {
    const { name } = this.#deps;
    const number = this.stp?.ports.get(port)?.settings.number;
    return number === undefined
      ? `${name} port ${port.ofPort}: cannot send RSTP BPDU on a port which does not have a configured source MAC address.`
      : `${name}: cannot send BPDU on port ${number - 1} with unknown MAC`;
  }
}
