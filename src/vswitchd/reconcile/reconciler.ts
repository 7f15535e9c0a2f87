/**
 * Keeps what is equal to what is wanted: takes change sets of the database and news of devices in, plans, applies,
 * and reports. One round at a time; what comes meanwhile makes the next round.
 *
 *   change set -> WantedModel -> dirty -> plan -> steps -> Applier -> LiveState -> report -> StatusWriter
 */

import { coverageCounter } from '../../base/coverage.ts';
import { errnos, syscallFailed } from '../../base/errno.ts';
import { LimitedSite, logger } from '../../base/log.ts';
import type { Timer, Timers } from '../../base/timers.ts';
import { type DpPort, ms } from '../../base/units.ts';
import type { Backer } from '../../ofproto/backer.ts';
import type { StatusEvents } from '../../ofproto/protocols/protocol-deps.ts';
import type { ChangeSet, OvsdbClient } from '../../ovsdb/client/index.ts';
import { WantedModel } from '../config/model.ts';
import type { WantedBridge } from '../config/wanted.ts';
import type { DeviceName } from '../providers.ts';
import type { StatusWriter } from '../report/status-writer.ts';
import type { OvsRow, OvsTables } from '../schema/index.ts';
import type { Applier } from './apply.ts';
import { followDevice } from './device-duties.ts';
import { DirtyPorts } from './dirty-ports.ts';
import type { LiveBridge, LiveInterface, LiveState } from './live.ts';
import { formatStep, plan, type Step } from './plan.ts';
import { RootRow } from './root-row.ts';
import { StatusReporter } from './status-reporter.ts';
import { isAllAdditions, parallelGroups } from './step-groups.ts';

const log = logger('bridge');
const contended = new LimitedSite({ perMinute: 1, burst: 1 });
const reconfigured = coverageCounter('bridge_reconfigure');
const descriptorInterval = ms(1000);
/** Its device, its socket, that of a ring, the program on its ingress. */
const descriptorsPerPort = 4;
const noBridges: ReadonlyMap<string, WantedBridge> = new Map();

export interface ReconcilerDeps {
  readonly client: OvsdbClient<OvsTables>;
  readonly state: LiveState;
  readonly applier: Applier;
  readonly writer: StatusWriter;
  readonly timers: Timers;
  /** How many more files may be opened for ports. */
  spareDescriptors(): number;
  /** Makes the main loop call `run` soon. */
  wake(): void;
  /** Removes what an earlier process made for this database and is not `wanted` any more. */
  removeLeftDevices(wanted: Iterable<DeviceName>): Promise<void>;
  /** Makes datapath flows follow what was applied. */
  settleFlows(): void;
  /** The root row is there or has changed. */
  rootChanged(root: OvsRow<'Open_vSwitch'>): void;
  pid: number;
}

export class Reconciler {
  readonly #deps: ReconcilerDeps;
  readonly #model: WantedModel;
  readonly #reporter: StatusReporter;
  readonly #dirty: DirtyPorts;
  readonly #root: RootRow;
  /** Bridges of which a device has changed: address and MTU may follow. */
  #unsettled = new Set<string>();
  /** Changes the switch until it resolves; one thing at a time. */
  #work: Promise<void> | undefined;
  #isActive = false;
  /** The next round looks first for what earlier processes left. */
  #mayHaveLeftDevices = true;
  /** The round that is next is only there because of the last one. */
  #isFollowUp = false;
  /** Set while something waits for descriptors. */
  #descriptorTimer: Timer | undefined;
  /** Called once, when the first configuration has been applied and written back. */
  onConfigured: (() => void) | undefined;
  /** A round failed by a bug of ours. */
  onCrash: (why: unknown) => void = (why) => {
    throw why;
  };

  constructor(deps: ReconcilerDeps) {
    this.#deps = deps;
    const { client, state, writer, wake } = deps;
    this.#model = new WantedModel(client.view);
    this.#dirty = new DirtyPorts(this.#model, state);
    this.#root = new RootRow(client.view, writer);
    this.#reporter = new StatusReporter({ client, state, writer, wake, model: this.#model });
    client.onChange((changes) => this.#take(changes));
    client.onState(() => wake());
  }

  get model(): WantedModel {
    return this.#model;
  }

  /** A round is under way. */
  get isBusy(): boolean {
    return this.#work !== undefined;
  }

  /** Something changed that is the same for all bridges. */
  settleAll(): void {
    for (const bridge of this.#deps.state.bridges.keys()) this.#unsettled.add(bridge);
    this.#deps.wake();
  }

  /** What the next round would do; for `config/plan`. */
  nextSteps(): Step[] {
    return plan({ actual: this.#deps.state.bridges, wanted: this.#wanted() }, this.#dirty.marked);
  }

  /** A device changed: its row is reported anew; one that vanished is planned anew, unless its port outlives it. */
  netdevChanged(i: LiveInterface): void {
    followDevice(i);
    this.#reporter.interfaceChanged(i);
    this.#unsettled.add(i.bridge);
    this.#deps.wake();
    const bridge = this.#deps.state.bridges.get(i.bridge);
    if (bridge === undefined) return;
    if (i.netdev?.isGone === true) this.#dirty.deviceGone(bridge, i);
    else if (i.ofPort !== undefined) bridge.ofproto.switchPorts.update(i.ofPort);
  }

  /** What protocols of a bridge tell, which is said with the next round. */
  statusEventsOf(bridge: LiveBridge): StatusEvents {
    return this.#reporter.eventsOf(bridge);
  }

  /** A device of the host came, went or changed. */
  deviceChanged(device: string, isThere: boolean): void {
    this.#dirty.deviceChanged(device, isThere);
    if (!this.#dirty.isEmpty) this.#deps.wake();
  }

  /**
   * Somebody took a bridge's port out of its datapath: it is made again with the next change of configuration.
   * Throws SyscallFailed EBUSY while a change is under way.
   */
  async loseInterface(backer: Backer, port: DpPort): Promise<void> {
    const found = backer.ports.ofDpPort(port);
    if (this.#work !== undefined) throw syscallFailed('remove', errnos.EBUSY, `port ${port}`);
    if (found === undefined) return;
    const [bridge, name] = [found.ofproto.name, found.port.name];
    const lost = this.#deps.state.interfaceOf(bridge, name);
    await this.#begin(this.#deps.applier.apply({ do: 'removeInterface', bridge, name, why: 'device gone' }));
    if (lost !== undefined) this.#dirty.markLost(lost);
  }

  /** From the main loop: starts a round when there is work and none is under way. */
  run(): void {
    this.#followLock();
    if (this.#work !== undefined || !this.#isActive) return;
    this.#reporter.writeAttachedVlans();
    const root = this.#root.current;
    // Without a row there is nothing to do, and to have done that once is to be configured.
    const isBehind = root === undefined ? this.onConfigured !== undefined : !this.#root.isAnswered(root);
    const isChanged = !this.#dirty.isEmpty || this.#unsettled.size > 0 || this.#reporter.hasNews;
    if (!isChanged && !isBehind && !this.#mayHaveLeftDevices) {
      this.#deps.writer.flush();
      return;
    }
    void this.#begin(this.#round(root));
  }

  /** Once `run` is not called any more: what is under way comes to its end; every bridge is removed if `cleanup`. */
  async stop(options: { cleanup: boolean }): Promise<void> {
    await this.#work;
    if (!options.cleanup) return;
    await this.#begin(this.#removeAll());
    await this.#deps.removeLeftDevices([]);
  }

  #begin(change: Promise<void>): Promise<void> {
    const work = change.then(
      () => {
        this.#work = undefined;
        this.#deps.wake();
      },
      (why: unknown) => this.onCrash(why),
    );
    this.#work = work;
    return work;
  }

  async #removeAll(): Promise<void> {
    const { state, applier } = this.#deps;
    for (const bridge of [...state.bridges.keys()]) await applier.apply({ do: 'removeBridge', bridge });
  }

  #take(changes: ChangeSet<OvsTables>): void {
    this.#dirty.configurationChanged(this.#model.update(changes));
    this.#isFollowUp = false;
    for (const { new: root } of changes.of('Open_vSwitch')) if (root !== undefined) this.#takeRoot(root);
    this.#reporter.findOverwritten(changes);
    this.#deps.wake();
  }

  #takeRoot(root: OvsRow<'Open_vSwitch'>): void {
    if (!this.#isActive) return;
    this.#deps.rootChanged(root);
    this.#root.answerAgain(root);
  }

  #followLock(): void {
    const { client } = this.#deps;
    if (client.hasLock && client.isSynced) this.#standUp();
    else if (client.isConnected && !client.hasLock) {
      const { pid } = this.#deps;
      log.limited(
        'err',
        contended,
        `another ovs-vswitchd process is running, disabling this process (pid ${pid}) until it goes away`,
      );
      if (this.#isActive && this.#work === undefined) this.#standDown();
    }
  }

  #standUp(): void {
    if (this.#isActive) return;
    this.#isActive = true;
    const root = this.#root.current;
    if (root !== undefined) this.#deps.rootChanged(root);
  }

  /**
   * The other daemon goes on with the devices now, and its word counts; all is planned and said anew when the lock comes
   * back.
   */
  #standDown(): void {
    this.#isActive = false;
    this.#root.forgetAnswer();
    this.#mayHaveLeftDevices = true;
    this.#dirty.markAll();
    this.#deps.writer.forget();
    void this.#begin(this.#deps.applier.leaveAll());
  }

  #wanted(): ReadonlyMap<string, WantedBridge> {
    return this.#isActive ? this.#model.bridges : noBridges;
  }

  *#wantedDevices(): Iterable<DeviceName> {
    for (const { settings, ports } of this.#model.bridges.values())
      for (const { interfaces } of ports.values())
        for (const { type, name } of interfaces) yield { type, name, datapathType: settings.datapathType };
  }

  async #round(root: OvsRow<'Open_vSwitch'> | undefined): Promise<void> {
    const { state, writer } = this.#deps;
    if (this.#mayHaveLeftDevices) {
      this.#mayHaveLeftDevices = false;
      await this.#deps.removeLeftDevices(this.#wantedDevices()); // first: another type may want the name
    }
    const isFollowUp = this.#isFollowUp;
    this.#isFollowUp = false;
    const dirty = this.#dirty.take();
    state.lacksDescriptors = false;
    const steps = plan({ actual: state.bridges, wanted: this.#wanted() }, dirty);
    for (const bridge of this.#unsettled) steps.push({ do: 'settleBridge', bridge });
    this.#unsettled.clear();
    if (dirty.size > 0) reconfigured.total++;
    await this.#perform(steps);
    if (!isFollowUp) this.#followUp();
    this.#deps.settleFlows();
    this.#waitForDescriptors();
    await this.#reporter.report(steps);
    // What this round made possible belongs to the same configuration.
    if (root !== undefined && this.#dirty.isEmpty) this.#root.answer(root);
    writer.flush();
    this.onConfigured?.();
    this.onConfigured = undefined;
  }

  /** A port that was just added may take the number that it asks for from one that does not ask for it. */
  #followUp(): void {
    const { bridges } = this.#deps.state;
    for (const { name, discontent } of bridges.values()) {
      if (discontent.size === 0) continue;
      const moves = plan({ actual: bridges, wanted: this.#wanted() }, new Map([[name, new Set()]]));
      if (moves.length === 0) continue;
      this.#dirty.markBridge(name);
      this.#isFollowUp = true;
    }
  }

  async #perform(steps: readonly Step[]): Promise<void> {
    for (const groups of parallelGroups(steps)) {
      for (const step of groups.flat()) log.dbg(() => formatStep(step));
      if (groups.every(isAllAdditions)) await this.#deps.applier.addInterfaces(groups.flat());
      else await Promise.all(groups.map((group) => this.#runGroup(group)));
    }
  }

  async #runGroup(group: readonly Step[]): Promise<void> {
    for (const step of group) {
      const freed = this.#freedBy(step);
      await this.#deps.applier.apply(step);
      for (const i of freed) this.#dirty.deviceFreed(i);
    }
  }

  /** Devices that a removal leaves to others. */
  #freedBy(step: Step): LiveInterface[] {
    const interfaces = this.#deps.state.bridges.get(step.bridge)?.interfaces;
    if (step.do === 'removeBridge') return [...(interfaces?.values() ?? [])];
    const one = step.do === 'removeInterface' ? interfaces?.get(step.name) : undefined;
    return one === undefined ? [] : [one];
  }

  /** What failed because too many files were open is tried again, without a change, once there are some to spare. */
  #waitForDescriptors(): void {
    const { state, timers, spareDescriptors, wake } = this.#deps;
    if (!state.lacksDescriptors || this.#descriptorTimer !== undefined) return;
    this.#descriptorTimer = timers.after(descriptorInterval, () => {
      this.#descriptorTimer = undefined;
      if (spareDescriptors() < descriptorsPerPort) return this.#waitForDescriptors();
      this.#dirty.markUnmade();
      wake();
    });
  }
}
