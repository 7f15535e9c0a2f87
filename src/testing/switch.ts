/** A switch as a test sees it: bridges, the database behind them, commands of ovs-appctl, and the clock. */
import { MemoryTransport } from '../net/memory-transport.ts';
import { OPENFLOW_PORT, readPassiveRemote } from '../net/remote.ts';
import type { DropStream } from '../ofproto/drops/drop-stream.ts';
import type { DropRow } from '../ofproto/views/drops.ts';
import { type Listener, type ListenOptions, listenBy } from '../openflow/library/listen.ts';
import type { Client } from '../ovsdb/client/api.ts';
import { openClient } from '../ovsdb/client/library-client.ts';
import type { Transaction } from '../ovsdb/client/types.ts';
import type { Json } from '../rpc/channel.ts';
import { dropRows } from '../vswitchd/commands/dpif.ts';
import { dropQuery } from '../vswitchd/commands/drops.ts';
import { traceReport } from '../vswitchd/commands/trace.ts';
import { type OvsRow, type OvsTables, openVswitch } from '../vswitchd/schema/index.ts';
import { Arrivals } from './arrivals.ts';
import { TestBridge } from './bridge.ts';
import { type BridgeOptions, Configuration } from './configuration.ts';
import { FlowControl } from './flow-control.ts';
import type { Faults } from './memory-providers.ts';
import { MemorySwitch } from './memory-switch.ts';
import { runOfctl } from './ofctl.ts';
import { TestFrame } from './packets.ts';
import { TestPort } from './port.ts';
import { VirtualTime } from './virtual-time.ts';

export interface TestSwitchOptions {
  /** Bridges from the start, by name: `{ br0: { ports: ['p1', 'p2'], flows: ['actions=normal'] } }`. */
  readonly bridges?: { readonly [name: string]: BridgeOptions };
  /** What the switch draws at random repeats for the same number; 1 unless given. */
  readonly seed?: number;
}

/**
 * A whole switch in this process: no sockets, no root, no real time.
 *
 * ```ts
 * await using sw = await createTestSwitch({ bridges: { br0: { ports: ['p1', 'p2'] } } });
 * const br0 = sw.bridge('br0');
 * await br0.addFlows('in_port=p1,tcp,tp_dst=80,actions=output:p2');
 * br0.port('p1').send('tcp,nw_src=10.0.0.1,nw_dst=10.0.0.2,tp_dst=80');
 * br0.port('p2').take(); // the frame
 * ```
 *
 * Rejects as `addBridge` does.
 */
export async function createTestSwitch(options: TestSwitchOptions = {}): Promise<TestSwitch> {
  const time = new VirtualTime();
  const transport = new MemoryTransport(time.defer);
  return openTestSwitch({ time, transport, runFolder: '/run' }, options);
}

/** @internal */
export interface TestSwitchDeps {
  readonly time: VirtualTime;
  readonly transport: MemoryTransport;
  readonly runFolder: string;
  readonly faults?: Faults;
}

/** @internal */
export async function openTestSwitch(
  deps: TestSwitchDeps,
  { bridges = {}, seed = 1 }: TestSwitchOptions,
): Promise<TestSwitch> {
  const host = new MemorySwitch({ ...deps, seed });
  const closing = new AbortController();
  const db = await openClient<OvsTables, { [K in keyof OvsTables]: true }>({
    schema: openVswitch,
    connect: async () => host.connect(),
    remotes: ['in-process'],
    timers: deps.time.timers,
    newUuid: host.newUuid,
    keepTrying: false,
    closing,
  });
  host.start();
  await db.transact((tx) => tx.insert('Open_vSwitch', {}));
  await deps.time.settle();
  const made = new TestSwitch(host, new Configuration(db, deps.time), deps);
  try {
    for (const [name, bridge] of Object.entries(bridges)) await made.addBridge(name, bridge);
  } catch (why) {
    await made.close();
    throw why;
  }
  return made;
}

/**
 * No peer is asked for signs of life: its end is seen at once.
 * @internal
 */
export function listenInMemory(
  transport: MemoryTransport,
  remote: string,
  options: ListenOptions,
): Promise<Listener> {
  const target = readPassiveRemote(remote, { defaultPort: OPENFLOW_PORT });
  return listenBy(transport, target, { probeInterval: 0, ...options });
}

export interface DropOptions {
  /** All of them unless given. */
  readonly bridge?: string;
  /** As ovs-ofctl takes it, also with `table=`: "tcp,nw_dst=10.0.0.2". */
  readonly match?: string;
  /** Packets in a second of the switch's clock at most. */
  readonly rate?: number;
  /** Bytes of each that are kept. */
  readonly headSize?: number;
}

/** A switch in this process. One owner, who closes it. */
export class TestSwitch implements AsyncDisposable {
  /** @internal */
  readonly host: MemorySwitch;
  readonly #configuration: Configuration;
  readonly #deps: TestSwitchDeps;
  /** By name of the port: of those that are there, and of those that went with something to be taken. */
  readonly #arrivals = new Map<string, Arrivals>();
  #isClosed = false;

  /** @internal */
  constructor(host: MemorySwitch, configuration: Configuration, deps: TestSwitchDeps) {
    this.host = host;
    this.#configuration = configuration;
    this.#deps = deps;
    host.dummies.onMade = (device) => {
      const arrivals = this.#arrivalsOf(device.name);
      device.onTransmit = (bytes) => arrivals.add(new TestFrame(bytes, device.name, deps.time.now));
    };
    host.dummies.onGone = (name) => {
      if (this.#arrivals.get(name)?.isIdle === true) this.#arrivals.delete(name);
    };
  }

  /** Milliseconds since the switch was made, of the clock that `advance` moves. */
  get now(): number {
    return this.#deps.time.now;
  }

  /** Moves the clock by so many milliseconds: timeouts, protocols and statistics do what is due, each at its time. */
  advance(milliseconds: number): Promise<void> {
    return this.#deps.time.advance(milliseconds);
  }

  /**
   * Until all that is under way is done, as far as it needs no more time, and packets take the way that flows, groups and
   * ports now say. What this switch's methods change has come to that when they resolve. Rejects with Refused where there
   * is no end to it.
   */
  async settle(): Promise<void> {
    await this.#deps.time.settle();
    for (const { revalidator } of this.host.current.backers.values()) revalidator.revalidateNow();
    await this.#deps.time.settle();
  }

  /**
   * Adds a bridge, which is there with all it has when this resolves. Rejects with Refused where one of the interfaces
   * cannot be had, with OvsdbError where the database does not take the rows, and as `TestBridge.addFlows` does.
   */
  async addBridge(name: string, options: BridgeOptions = {}): Promise<TestBridge> {
    await this.#configuration.addBridge(name, options);
    const bridge = this.bridge(name);
    const { meters = [], groups = [], flows = [] } = options;
    if (meters.length > 0) await bridge.addMeters(...meters);
    if (groups.length > 0) await bridge.addGroups(...groups);
    if (flows.length > 0) await bridge.addFlows(...flows);
    return bridge;
  }

  async removeBridge(name: string): Promise<void> {
    await this.#configuration.removeBridge(name);
  }

  /** Throws Refused for a name that no bridge has. */
  bridge(name: string): TestBridge {
    this.#configuration.bridge(name);
    const { transport, runFolder } = this.#deps;
    return new TestBridge(name, {
      configuration: this.#configuration,
      control: new FlowControl({
        bridge: name,
        transport,
        runFolder,
        ofproto: () => this.host.ofproto(name),
        untilCounted: () => this.host.run('revalidator/wait', []),
        settle: () => this.settle(),
      }),
      connect: () => transport.connect({ kind: 'unix', path: `${runFolder}/${name}.mgmt` }),
      port: (row) => this.#port(row),
      trace: (args) => traceReport(this.host.current, args),
    });
  }

  /** The whole database: its rows, how they change, and transactions that nobody waits for the switch to follow. */
  get db(): Client<OvsTables> {
    return this.#configuration.db;
  }

  /**
   * Changes the database, and resolves when the switch has followed. Rejects as `Client.transact` of `ovs-ts/ovsdb` does.
   *
   * ```ts
   * const [port] = sw.db.find('Port', { name: 'p1' });
   * await sw.transact((tx) => tx.update('Port', port._uuid, { tag: 10 }));
   * ```
   */
  transact<R>(build: (tx: Transaction<OvsTables>) => R): Promise<R> {
    return this.#configuration.transact(build);
  }

  /**
   * Listens for the bridges of this switch, which `TestBridge.setControllers` has connect: as `listen` of
   * `ovs-ts/openflow`, but with no socket.
   */
  listen(remote: string, options: ListenOptions = {}): Promise<Listener> {
    return listenInMemory(this.#deps.transport, remote, options);
  }

  /**
   * Packets as they are dropped from now on, each with why and by which flow: `take()` gives those so far, and `for await`
   * waits for more. Throws Refused for a bridge that is not there, and for what is no match.
   *
   * ```ts
   * using drops = sw.drops({ match: 'tcp' });
   * br0.port('p1').send('tcp,nw_src=10.0.0.1,nw_dst=10.0.0.2,tp_dst=23');
   * drops.take(); // [{ bridge: 'br0', port: 'p1', reason: 'ruleDrops', rule: 'priority=5,tcp,tp_dst=23 actions=drop', ... }]
   * ```
   */
  drops({ bridge, match, rate = 1e6, headSize = 0xffff }: DropOptions = {}): DropStream {
    return this.host.current.drops({ ...dropQuery(this.host.current, bridge, match), rate, headSize });
  }

  /** How many packets were dropped, by bridge, port and reason. Throws Refused for a bridge that is not there. */
  dropCounts(bridge?: string): DropRow[] {
    return dropRows(this.host.current, bridge);
  }

  /** What `ovs-appctl NAME ARGS...` prints. Rejects with Refused, whose message is the error that it prints. */
  async appctl(name: string, ...args: readonly string[]): Promise<string> {
    const output = await this.host.run(name, args);
    return typeof output === 'string' ? output : output.text;
  }

  /** What `ovs-appctl -f json NAME ARGS...` prints, as a value: text of a command that has none. Rejects as `appctl`. */
  async appctlJson(name: string, ...args: readonly string[]): Promise<Json> {
    const output = await this.host.run(name, args);
    return typeof output === 'string' ? output : output.json;
  }

  /**
   * What `ovs-ofctl ARGS...` prints, with all its options and commands but those that watch a switch or need none:
   *
   * ```ts
   * await sw.ofctl('-O', 'OpenFlow13', '--no-stats', 'dump-flows', 'br0', 'tcp');
   * ```
   *
   * Resolves when the switch has done what it was told. Rejects with Refused, whose message is what the program prints on
   * standard error; with UsageError for wrong arguments; with Malformed, Fatal or ErrorReply as `TestBridge.addFlows` does.
   */
  async ofctl(...args: readonly string[]): Promise<string> {
    await this.host.run('revalidator/wait', []);
    try {
      return await runOfctl(args, this.#deps);
    } finally {
      await this.settle(); // while it is connected, the switch tells it of packets without a flow
    }
  }

  /** Ends the switch and all connections to it. A second time does nothing. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const arrivals of this.#arrivals.values()) arrivals.close();
    await this.host.stop();
    this.db.close();
    await this.settle();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #port({ name }: OvsRow<'Interface'>): TestPort {
    return new TestPort(name, {
      settle: () => this.settle(),
      device: () => this.host.dummies.get(name),
      arrivals: () => this.#arrivalsOf(name),
      ofport: () => this.#ofport(name),
    });
  }

  #ofport(name: string): number | undefined {
    const [row] = this.db.find('Interface', { name });
    return row?.ofport === undefined ? undefined : Number(row.ofport);
  }

  #arrivalsOf(name: string): Arrivals {
    const arrivals = this.#arrivals.get(name) ?? new Arrivals();
    this.#arrivals.set(name, arrivals);
    return arrivals;
  }
}
