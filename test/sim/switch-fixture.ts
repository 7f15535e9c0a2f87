/** The switch of src/testing as tests of the daemon see it: with devices that are missing or busy, and its own client. */
import type { FakeClock } from '../../src/base/clock.ts';
import { errnos, syscallFailed } from '../../src/base/errno.ts';
import type { Timers } from '../../src/base/timers.ts';
import type { DummyKernel } from '../../src/datapath/dummy/datapath.ts';
import { MemoryTransport } from '../../src/net/memory-transport.ts';
import type { DummyDevice, DummyDevices } from '../../src/netdev/dummy/device.ts';
import type { OvsdbClient, Transaction } from '../../src/ovsdb/client/index.ts';
import type { Faults } from '../../src/testing/memory-providers.ts';
import { MemorySwitch } from '../../src/testing/memory-switch.ts';
import { VirtualTime } from '../../src/testing/virtual-time.ts';
import type { OvsChange, OvsRow, OvsTables } from '../../src/vswitchd/schema/index.ts';
import type { Switch } from '../../src/vswitchd/switch.ts';

export class SwitchFixture {
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
  readonly removals: { wanted: readonly string[]; opened: string[] }[] = [];
  /** What the process may open: opening a device fails without. */
  spareDescriptors = Number.POSITIVE_INFINITY;
  readonly #gates = new Map<string, Promise<void>>();
  readonly #time = new VirtualTime();
  readonly #host: MemorySwitch;

  constructor() {
    const { defer } = this.#time;
    const transport = new MemoryTransport(defer);
    const faults = this.#faults();
    this.#host = new MemorySwitch({ time: this.#time, transport, runFolder: '/run', seed: 1, faults });
    this.tool = this.#host.client();
  }

  get aSwitch(): Switch {
    return this.#host.current;
  }

  get dummies(): DummyDevices {
    return this.#host.dummies;
  }

  get clock(): FakeClock {
    return this.#time.clock;
  }

  get timers(): Timers {
    return this.#time.timers;
  }

  /** An empty database with its root row, and the daemon running on it. */
  async start(): Promise<void> {
    this.#host.start();
    await this.settle();
    await this.tool.transact((tx) => tx.insert('Open_vSwitch', {}));
    await this.settle();
  }

  /** Another daemon on the same database, in the place of the one before. */
  async restart(): Promise<void> {
    await this.#host.restart();
    await this.settle();
  }

  async stop(): Promise<void> {
    await this.#host.stop();
    this.tool.close();
  }

  settle(): Promise<void> {
    return this.#time.settle();
  }

  advance(by: number): Promise<void> {
    return this.#time.advance(by);
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
    this.#host.deviceChanged(name, true);
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
    this.#host.deviceChanged(name, false);
    await this.settle();
  }

  /** The text that an appctl command answers. Rejects with Refused. */
  async appctl(name: string, ...args: string[]): Promise<string> {
    const output = await this.#host.run(name, args);
    return typeof output === 'string' ? output : output.text;
  }

  #faults(): Faults {
    const { kernel } = this;
    return {
      kernel,
      opens: async (name) => {
        await this.#gates.get(name);
        if (this.spareDescriptors <= 0) throw syscallFailed('open', errnos.EMFILE, name);
        if (this.missing.has(name)) throw syscallFailed('open', errnos.ENODEV, name);
        if (this.busy.has(name)) throw syscallFailed('open', errnos.EBUSY, name);
      },
      takes: (name) => {
        if (this.refused.has(name)) throw syscallFailed('add', errnos.ENOSPC, name);
      },
      spareDescriptors: () => this.spareDescriptors,
      removesLeft: (wanted) => {
        this.removals.push({ wanted, opened: this.dummies.all().map(({ name }) => name) });
      },
    };
  }
}

function only<T>(rows: Iterable<T>, isWanted: (row: T) => boolean, what: string): T {
  for (const row of rows) if (isWanted(row)) return row;
  throw new Error(`no row ${what}`);
}
