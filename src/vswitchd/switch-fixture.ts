/** A whole switch in one process: database in memory, dummy devices, a clock that stands still. For tests. */

import { FakeClock } from '../base/clock.ts';
import { defer } from '../base/defer.ts';
import { errnos, syscallFailed } from '../base/errno.ts';
import { seededRandom } from '../base/random.ts';
import { Timers } from '../base/timers.ts';
import { ms, type Uuid, uuid } from '../base/units.ts';
import { type CommandOutput, Commands } from '../daemon/unixctl.ts';
import { type DummyKernel, openDummyDatapath } from '../datapath/dummy/datapath.ts';
import { systemTransport } from '../net/transport.ts';
import { DeviceMark } from '../netdev/device-mark.ts';
import { type DummyDevice, DummyDevices } from '../netdev/dummy/device.ts';
import type { PortIo, PortSpec } from '../netdev/provider.ts';
import { netdevProviders, openPortIo } from '../netdev/registry.ts';
import { OvsdbClient, type Transaction } from '../ovsdb/client/index.ts';
import { Database } from '../ovsdb/engine/database.ts';
import { compileDeclared } from '../ovsdb/schema-read.ts';
import { OvsdbServer } from '../ovsdb/server/server.ts';
import { switchCommands } from './commands/index.ts';
import type { Providers } from './providers.ts';
import { daemonTables, type OvsChange, type OvsRow, type OvsTables, openVswitch } from './schema/index.ts';
import { Switch } from './switch.ts';

export class SwitchFixture {
  readonly clock = new FakeClock(1_000_000);
  readonly timers = new Timers(this.clock);
  readonly dummies = new DummyDevices();
  aSwitch: Switch;
  /** Somebody else's client, as ovs-vsctl is. */
  readonly tool: OvsdbClient<OvsTables>;
  /** Names that no device has: opening one fails. */
  readonly missing = new Set<string>();
  /** Datapaths that a switch has left. */
  readonly kernel: DummyKernel = new Map();
  /** Devices that can't be opened for the moment, and those that no datapath takes; nobody tells when that ends. */
  readonly busy = new Set<string>();
  readonly refused = new Set<string>();
  /** Each time that left devices were to be removed: which are wanted, and which the switch had opened by then. */
  readonly removals: { wanted: string[]; opened: string[] }[] = [];
  /** What the process may open: opening a device fails without. */
  spareDescriptors = Number.POSITIVE_INFINITY;
  readonly #gates = new Map<string, Promise<void>>();
  readonly #commands = new Commands();
  readonly #server: OvsdbServer;
  readonly #newUuid: () => Uuid;
  #daemon: OvsdbClient<OvsTables>;
  readonly #later: (() => void)[] = [];
  #uuidCount = 0;
  #deviceChanged: (name: string, isThere: boolean) => void = () => {};

  constructor() {
    const { timers } = this;
    const later = (action: () => void) => void this.#later.push(action);
    const newUuid = (): Uuid => {
      this.#uuidCount++;
      return uuid(`00000000-0000-4000-8000-${String(this.#uuidCount).padStart(12, '0')}`);
    };
    const schema = compileDeclared(openVswitch);
    const database = new Database(schema, { timers, newUuid });
    this.#server = new OvsdbServer({ timers, defer: later, newUuid });
    this.#server.addDatabase(database);
    this.#newUuid = newUuid;
    this.tool = this.#client();
    this.#daemon = this.#client('ovs_open_vswitch');
    this.aSwitch = this.#switch();
    this.#commands.add(...switchCommands(this.aSwitch, this.clock));
  }

  /** An empty database with its root row, and the daemon running on it. */
  async start(): Promise<void> {
    this.aSwitch.start();
    await this.settle();
    await this.tool.transact((tx) => tx.insert('Open_vSwitch', {}));
    await this.settle();
  }

  /** Another daemon on the same database, in the place of the one before. */
  async restart(): Promise<void> {
    await this.aSwitch.stop({ cleanup: true });
    this.#daemon.close();
    await this.settle();
    this.#daemon = this.#client('ovs_open_vswitch');
    this.aSwitch = this.#switch();
    this.aSwitch.start();
    await this.settle();
  }

  async stop(): Promise<void> {
    await this.aSwitch.stop({ cleanup: true });
    this.tool.close();
    this.#server.close();
  }

  /** Until nothing is put off, nothing is due, and all promises that could be kept have been. */
  async settle(): Promise<void> {
    do {
      this.timers.run();
      for (const action of this.#later.splice(0)) action();
      await new Promise<void>((resolve) => defer(resolve));
    } while (this.#later.length > 0 || this.timers.nextDue <= this.clock.now());
  }

  async advance(by: number): Promise<void> {
    this.timers.advance(this.clock, ms(by));
    await this.settle();
  }

  /** One transaction of the tool, counted in next_cfg as ovs-vsctl does; settled. */
  async change(build: (tx: Transaction<OvsTables>, root: OvsRow<'Open_vSwitch'>) => void): Promise<void> {
    const root = this.root();
    const outcome = await this.tool.transact((tx) => {
      build(tx, root);
      tx.increment('Open_vSwitch', root._uuid, 'next_cfg');
    });
    if (outcome.status !== 'committed') throw new Error(`not committed: ${JSON.stringify(outcome)}`);
    await this.settle();
  }

  /** A bridge with its local port and ports of these names. */
  async addBridge(
    name: string,
    ports: readonly string[] = [],
    more: OvsChange<'Bridge'> = {},
  ): Promise<void> {
    await this.change((tx, root) => {
      const rows = [name, ...ports].map((port) => {
        const type = port === name ? 'internal' : '';
        const interfaces = [tx.insert('Interface', { name: port, type })];
        return tx.insert('Port', { name: port, interfaces });
      });
      const bridge = tx.insert('Bridge', { name, datapath_type: 'dummy', ports: rows, ...more });
      tx.mutate('Open_vSwitch', root._uuid, { bridges: { insert: [bridge] } });
    });
  }

  async addPort(bridge: string, name: string, more: OvsChange<'Interface'> = {}): Promise<void> {
    const { _uuid } = this.bridge(bridge);
    await this.change((tx) => {
      const interfaces = [tx.insert('Interface', { name, ...more })];
      tx.mutate('Bridge', _uuid, { ports: { insert: [tx.insert('Port', { name, interfaces })] } });
    });
  }

  async removePort(bridge: string, name: string): Promise<void> {
    const [from, port] = [this.bridge(bridge), this.port(name)];
    await this.change((tx) => tx.mutate('Bridge', from._uuid, { ports: { delete: [port._uuid] } }));
  }

  root(): OvsRow<'Open_vSwitch'> {
    return only(this.tool.view.rows('Open_vSwitch').values(), () => true, 'Open_vSwitch');
  }

  bridge(name: string): OvsRow<'Bridge'> {
    return only(this.tool.view.rows('Bridge').values(), (row) => row.name === name, name);
  }

  port(name: string): OvsRow<'Port'> {
    return only(this.tool.view.rows('Port').values(), (row) => row.name === name, name);
  }

  interface(name: string): OvsRow<'Interface'> {
    return only(this.tool.view.rows('Interface').values(), (row) => row.name === name, name);
  }

  device(name: string): DummyDevice {
    const device = this.dummies.get(name);
    if (device === undefined) throw new Error(`no dummy device ${name}`);
    return device;
  }

  /** Opening a device of that name waits until the function is called that this returns. */
  closeGate(name: string): () => void {
    let open = () => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    this.#gates.set(name, opened);
    return open;
  }

  /** A missing device comes. */
  async appear(name: string): Promise<void> {
    this.missing.delete(name);
    this.#deviceChanged(name, true);
    await this.settle();
  }

  /** A device goes, and can't be had any more. */
  async vanish(name: string): Promise<void> {
    this.missing.add(name);
    this.dummies.get(name)?.vanish();
    await this.free(name);
  }

  /** A name is free again. */
  async free(name: string): Promise<void> {
    this.#deviceChanged(name, false);
    await this.settle();
  }

  /** The text that an appctl command answers. */
  async appctl(name: string, ...args: string[]): Promise<string> {
    const answer = new Promise<CommandOutput>((done, failed) => {
      this.#commands.run(name, args, {
        ...{ done, failed: (text) => failed(new Error(text)) },
        ...{ part: undefined, onGone: () => {} },
      });
    });
    const [output] = await Promise.all([answer, this.settle()]);
    return typeof output === 'string' ? output : output.text;
  }

  #switch(): Switch {
    return new Switch({
      client: this.#daemon,
      timers: this.timers,
      defer: (action) => void this.#later.push(action),
      random: seededRandom(1),
      providers: this.#providers(),
      pid: 1,
      transport: systemTransport,
      runFolder: undefined,
      versions: undefined,
    });
  }

  #client(lock?: string): OvsdbClient<OvsTables> {
    return new OvsdbClient({
      schema: openVswitch,
      tables: daemonTables,
      connect: async () => this.#server.connect(),
      remotes: ['in-process'],
      timers: this.timers,
      newUuid: this.#newUuid,
      ...(lock !== undefined && { lock }),
    });
  }

  #providers(): Providers {
    const byType = netdevProviders('override', this.dummies);
    const { timers } = this;
    const random = seededRandom(1);
    const deps = { timers, random, mark: new DeviceMark('fixture', 'fixture') };
    return {
      datapathTypes: ['dummy'],
      ifaceTypes: ['dummy', 'dummy-internal', 'internal', 'patch', 'system'],
      isReserved: (name) => name === 'ovs-dummy',
      openNetdev: async (type, name, config) => {
        const provider = byType.get(type);
        if (provider === undefined) throw syscallFailed('open', errnos.EAFNOSUPPORT, name);
        await this.#gates.get(name);
        if (this.spareDescriptors <= 0) throw syscallFailed('open', errnos.EMFILE, name);
        if (this.missing.has(name)) throw syscallFailed('open', errnos.ENODEV, name);
        if (this.busy.has(name)) throw syscallFailed('open', errnos.EBUSY, name);
        return provider.open(name, config, deps);
      },
      openDatapath: async (type, name = 'ovs-dummy') => {
        if (type !== 'dummy') throw syscallFailed('open', errnos.EAFNOSUPPORT, type);
        const openPort = (spec: PortSpec): PortIo => {
          if (this.refused.has(spec.name)) throw syscallFailed('add', errnos.ENOSPC, spec.name);
          return openPortIo(spec, this.dummies);
        };
        const { clock, kernel } = this;
        return openDummyDatapath('dummy', name, { clock, random: seededRandom(1), openPort, kernel });
      },
      removeLeftDevices: async (wanted) => {
        const names = Array.from(wanted, ({ name }) => name).sort();
        this.removals.push({ wanted: names, opened: this.dummies.all().map(({ name }) => name) });
      },
      spareDescriptors: () => this.spareDescriptors,
      watchDevices: (changed) => {
        this.#deviceChanged = changed;
        return { [Symbol.dispose]: () => {} };
      },
    };
  }
}

function only<T>(rows: Iterable<T>, isWanted: (row: T) => boolean, what: string): T {
  for (const row of rows) if (isWanted(row)) return row;
  throw new Error(`no row ${what}`);
}
