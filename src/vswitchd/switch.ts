/**
 * The whole daemon but for its process: database client, reconciler, backers, statistics, commands and the loop, put
 * together from what it is given. Used by the program, and by tests with a fake clock and dummy devices.
 */

import { isDeepStrictEqual } from 'node:util';
import type { Defer } from '../base/defer.ts';
import { logger } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import type { Timers } from '../base/timers.ts';
import { ms } from '../base/units.ts';
import type { PollSettings } from '../datapath/polling/settings.ts';
import { type Datapath, hasPollThreads } from '../datapath/provider.ts';
import type { OpenDatagrams } from '../net/datagrams.ts';
import type { TlsConfig } from '../net/tls-config.ts';
import type { Transport } from '../net/transport.ts';
import { type HostNetwork, noNetwork } from '../netdev/host-network.ts';
import { Backer } from '../ofproto/backer.ts';
import type { UpcallLimits } from '../ofproto/config.ts';
import { DropStream } from '../ofproto/drops/drop-stream.ts';
import type { DropQuery } from '../ofproto/drops/drop-watchers.ts';
import { type ExportHost, ProcessCounters } from '../ofproto/exporters/host.ts';
import { TunnelHost } from '../ofproto/tunnels/tunnel-host.ts';
import type { OvsdbClient } from '../ovsdb/client/index.ts';
import { BareDatapaths } from './bare-datapath.ts';
import { systemKeys } from './config/config-keys.ts';
import { GapLog } from './config/gap-log.ts';
import { readKeys } from './config/keys.ts';
import type { WantedModel } from './config/model.ts';
import { DatapathRows } from './datapath-rows.ts';
import { DeviceOffload } from './device-offload.ts';
import { LookupChoice } from './lookup-choice.ts';
import { type LoopPart, MainLoop, type MainLoopDeps } from './main-loop.ts';
import { PollBalance } from './poll-balance.ts';
import type { Providers } from './providers.ts';
import { Applier } from './reconcile/apply.ts';
import type { SharedControl } from './reconcile/bridge-config.ts';
import { LiveState } from './reconcile/live.ts';
import { Reconciler } from './reconcile/reconciler.ts';
import { processTotals } from './report/process-totals.ts';
import { RegularStatus } from './report/regular-status.ts';
import { reportSystem, type SystemFacts } from './report/report.ts';
import { StatisticsWriter } from './report/statistics.ts';
import { StatusWriter } from './report/status-writer.ts';
import type { OvsRow, OvsTables } from './schema/index.ts';
import { SharedControlReader } from './shared-control.ts';

const log = logger('bridge');

export interface SwitchDeps {
  readonly client: OvsdbClient<OvsTables>;
  readonly timers: Timers;
  readonly defer: Defer;
  readonly random: Random;
  readonly providers: Providers;
  readonly pid: number;
  /** How OpenFlow connections come about. */
  readonly transport: Transport;
  /** How exporters of flows send. */
  readonly openDatagrams: OpenDatagrams;
  /** See `ExportHost` of `src/ofproto`. */
  readonly addressOf?: ExportHost['addressOf'];
  /** What tunnels are to know of the host. */
  readonly network?: HostNetwork;
  /** For OpenFlow, unless a row of table SSL says other ones. */
  readonly tls?: TlsConfig;
  /** Where bridges have their sockets for OpenFlow; undefined for none. */
  readonly runFolder: string | undefined;
  /** See `InBandDeps` of `src/ofproto`. */
  readonly neighbourOf?: (address: string) => string | undefined;
  /** What `Open_vSwitch.statistics` holds where it is enabled. */
  readonly systemStatistics?: () => ReadonlyMap<string, string>;
  /** For the database; undefined when a start script sets them. */
  readonly versions: SystemFacts['versions'];
  /** Parts of the loop besides the bridges, in its order: unixctl. */
  readonly moreParts?: readonly LoopPart[];
  readonly drive?: MainLoopDeps['drive'];
}

export class Switch {
  readonly state = new LiveState();
  readonly loop: MainLoop;
  readonly reconciler: Reconciler;
  /** What `dpctl/add-dp` has made. */
  readonly bareDatapaths: BareDatapaths;
  /** What tunnels of all bridges share. */
  readonly tunnelHost: TunnelHost;
  readonly lookups = new LookupChoice(() => this.#datapaths());
  readonly #deps: SwitchDeps;
  readonly #backers = new Map<string, Backer>();
  /** Without a bridge for the moment: kept, since starting a datapath takes a while. */
  readonly #spare = new Map<string, Backer>();
  readonly #writer: StatusWriter;
  readonly #statistics: StatisticsWriter;
  readonly #devices: Disposable;
  readonly #exportHost: ExportHost;
  #bfdSessionCount = 0;
  #limits: UpcallLimits | undefined;
  #polling: PollSettings | undefined;
  readonly #offload = new DeviceOffload();
  readonly #pollBalance: PollBalance;
  readonly #datapathRows: DatapathRows;
  readonly #controlReader: SharedControlReader;
  #control: SharedControl;

  constructor(deps: SwitchDeps) {
    this.#deps = deps;
    this.#controlReader = new SharedControlReader(deps);
    this.#control = this.#controlReader.read();
    const { openDatagrams, addressOf = () => undefined } = deps;
    const processCounters = new ProcessCounters(() => processTotals(this.#backers.values()));
    let exporterCount = 0;
    const nextExporterId = (): number => ++exporterCount;
    this.#exportHost = { openDatagrams, addressOf, processCounters, nextExporterId };
    const { client, timers, defer, providers, network = noNetwork } = deps;
    this.tunnelHost = new TunnelHost(network, timers);
    this.bareDatapaths = new BareDatapaths(providers, (datapath) => this.#opened(datapath));
    this.#pollBalance = new PollBalance(timers, () => this.#datapaths());
    this.#writer = new StatusWriter(client);
    this.#datapathRows = new DatapathRows({
      view: client.view,
      knownTypes: providers.datapathTypes,
      writer: this.#writer,
      backers: () => this.#backers,
    });
    this.#statistics = this.#makeStatistics();
    this.loop = new MainLoop({
      timers,
      defer,
      drive: deps.drive,
      parts: [
        { name: 'bridge', run: () => this.reconciler.run() },
        { name: 'ofproto', run: () => this.#runBackers() },
        ...(deps.moreParts ?? []),
      ],
    });
    this.reconciler = this.#makeReconciler();
    const gaps = new GapLog((name) => this.reconciler.model.bridges.has(name));
    client.onChange((changes) => {
      gaps.take(changes);
      this.#datapathRows.take(changes);
      this.#takeControl();
    });
    this.#devices = providers.watchDevices((...change) => this.reconciler.deviceChanged(...change));
  }

  #makeStatistics(): StatisticsWriter {
    const { client, timers, systemStatistics } = this.#deps;
    const shared = { state: this.state, writer: this.#writer, timers };
    const model = (): WantedModel => this.reconciler.model;
    const status = new RegularStatus({ ...shared, client, model, systemStatistics });
    return new StatisticsWriter({ ...shared, alsoEach: () => status.write() });
  }

  #makeReconciler(): Reconciler {
    const { client, timers, providers, pid } = this.#deps;
    return new Reconciler({
      client,
      state: this.state,
      timers,
      spareDescriptors: () => providers.spareDescriptors(),
      applier: this.#makeApplier(),
      writer: this.#writer,
      wake: () => this.loop.wake(),
      removeLeftDevices: (wanted) => providers.removeLeftDevices(wanted),
      settleFlows: () => {
        for (const backer of this.#backers.values()) backer.revalidator.revalidateNow();
      },
      rootChanged: (root) => this.#rootChanged(root),
      pid,
    });
  }

  #makeApplier(): Applier {
    const { defer, providers } = this.#deps;
    return new Applier({
      state: this.state,
      defer,
      openNetdev: (type, name, config, datapathType) =>
        providers.openNetdev(type, name, config, datapathType),
      isReserved: (name) => providers.isReserved(name),
      backerFor: (type) => this.#backerFor(type),
      releaseBacker: (backer) => this.#releaseBacker(backer),
      netdevChanged: (i) => this.reconciler.netdevChanged(i),
      statusEventsOf: (bridge) => this.reconciler.statusEventsOf(bridge),
      control: () => this.#control,
    });
  }

  get providers(): Providers {
    return this.#deps.providers;
  }

  get timers(): Timers {
    return this.#deps.timers;
  }

  get backers(): ReadonlyMap<string, Backer> {
    return this.#backers;
  }

  start(): void {
    this.#statistics.setInterval(ms(systemKeys.statsUpdateInterval.fallback));
    this.loop.start();
  }

  /**
   * Stops the loop, waits for the change that is under way and lets everything go; devices and flows that can outlive
   * us stay unless `cleanup`.
   */
  async stop(options: { cleanup: boolean }): Promise<void> {
    this.#statistics.stop();
    this.loop.stop();
    this.#devices[Symbol.dispose]();
    await this.reconciler.stop(options);
    await this.bareDatapaths.destroyAll();
    const all = [...this.#backers.values(), ...this.#spare.values()];
    for (const { dropWatchers } of all) dropWatchers.close();
    this.#backers.clear();
    this.#spare.clear();
    for (const { datapath } of all) await (options.cleanup ? datapath.destroy() : datapath.detach());
  }

  /**
   * Packets as they are dropped: of a bridge, or of all that are there now. `rate` is in packets a second, `headSize`
   * bytes of each.
   */
  drops({ rate, headSize, ...query }: DropQuery & { rate: number; headSize: number }): DropStream {
    const stream = new DropStream(rate, this.timers.clock.now());
    for (const backer of this.#backers.values())
      if (query.bridge === undefined || backer.bridges.get(query.bridge.name) === query.bridge)
        backer.dropWatchers.add(stream, query, { rate, headSize });
    return stream;
  }

  /** What `memory/show` counts. */
  usage(): ReadonlyMap<string, number> {
    let ports = 0;
    let rules = 0;
    for (const { ofproto } of this.state.bridges.values()) {
      ports += ofproto.ports.size;
      rules += ofproto.tables.flowCount;
    }
    let keys = 0;
    for (const { flows } of this.#backers.values()) keys += flows.count;
    let cells = 0;
    for (const [columns, rows] of this.#tables()) cells += columns * rows;
    return new Map([
      ['handlers', this.#backers.size],
      ['revalidators', this.#backers.size],
      ['idl-cells-Open_vSwitch', cells],
      ['ports', ports],
      ['rules', rules],
      ['udpif keys', keys],
    ]);
  }

  /** [columns, rows] of each table of the view. */
  #tables(): [number, number][] {
    const { view } = this.#deps.client;
    return (['Open_vSwitch', 'Bridge', 'Port', 'Interface'] as const).map((name) => {
      const rows = view.rows(name);
      const [first] = rows.values();
      const columns = first === undefined ? [] : Object.keys(first).filter((column) => column !== '_uuid');
      return [columns.length, rows.size];
    });
  }

  async #backerFor(type: string): Promise<Backer> {
    const known = this.#backers.get(type) ?? this.#spare.get(type);
    if (known !== undefined) {
      this.#spare.delete(type);
      this.#backers.set(type, known);
      if (this.#limits !== undefined) known.setLimits(this.#limits);
      this.#datapathRows.applyTo(type, known);
      return known;
    }
    const { timers, random, transport, neighbourOf, providers } = this.#deps;
    const datapath = await providers.openDatapath(type);
    const backer = new Backer({
      datapath,
      timers,
      random,
      transport,
      exportHost: this.#exportHost,
      tunnelHost: this.tunnelHost,
      nextBfdSession: () => this.#bfdSessionCount++,
      neighbourOf,
      isHeld: this.#control.isHeld,
      ...(this.#limits && { limits: this.#limits }),
    });
    this.#backers.set(type, backer);
    this.#setPolling(backer);
    this.#datapathRows.applyTo(type, backer);
    this.#opened(datapath);
    return backer;
  }

  #datapaths(): Datapath[] {
    const all = [...this.#backers.values(), ...this.#spare.values(), ...this.bareDatapaths];
    return all.map(({ datapath }) => datapath);
  }

  #opened(datapath: Datapath): void {
    this.#offload.applyTo(datapath);
    this.lookups.applyTo(datapath);
  }

  #setPolling({ datapath }: Backer): void {
    if (this.#polling !== undefined && hasPollThreads(datapath)) datapath.setPolling(this.#polling);
  }

  async #releaseBacker(backer: Backer): Promise<void> {
    for (const [type, known] of this.#backers) {
      if (known !== backer) continue;
      this.#backers.delete(type);
      this.#spare.set(type, backer);
    }
  }

  #runBackers(): void {
    for (const backer of this.#backers.values()) {
      if (!this.reconciler.isBusy) backer.countChange();
      backer.run();
    }
  }

  #rootChanged(root: OvsRow<'Open_vSwitch'>): void {
    const keys = readKeys(systemKeys, root.other_config);
    const { flowLimit, maxIdle, maxRevalidator, minRevalidatePps, vlanLimit } = keys;
    this.#limits = { flowLimit, maxIdle, maxRevalidator, minRevalidatePps, vlanLimit };
    const { coreMask, queueAssignment: algorithm, isolatesQueues: isolates } = keys;
    const { remembersRounds, longestSleep, isBalanced: isOn, balanceInterval: interval } = keys;
    const { leastLoad, leastImprovement } = keys;
    const balance = { isOn, interval, leastLoad, leastImprovement };
    this.#polling = { coreMask, algorithm, isolates, remembersRounds, longestSleep, balance };
    this.#pollBalance.set(isOn);
    for (const backer of this.#backers.values()) {
      backer.setLimits(this.#limits);
      this.#setPolling(backer);
    }
    this.#offload.set(keys.givesFlowsToDevices, this.#datapaths());
    this.#statistics.setInterval(ms(keys.statsUpdateInterval));
    const { datapathTypes, ifaceTypes } = this.#deps.providers;
    const { versions } = this.#deps;
    const report = reportSystem({ datapathTypes, ifaceTypes, versions });
    const statistics = keys.enableStatistics ? {} : { statistics: new Map<string, string>() };
    this.#writer.put('Open_vSwitch', root._uuid, { ...report, ...statistics });
    log.dbg('read the configuration of the Open_vSwitch row');
  }

  /** What all bridges share of how they talk OpenFlow; when it changes they follow. */
  #takeControl(): void {
    const control = this.#controlReader.read();
    if (isDeepStrictEqual(control, this.#control)) return;
    this.#control = control;
    if (!control.isHeld) for (const backer of this.#backers.values()) backer.release();
    this.reconciler.settleAll();
  }
}
