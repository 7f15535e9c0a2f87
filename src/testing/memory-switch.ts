/**
 * The daemon and its database in this process: dummy devices, a clock that stands still, no socket. `TestSwitch` is what
 * users of the package see of it.
 */
import { CoverageRates } from '../base/coverage.ts';
import { Refused } from '../base/errors.ts';
import { type Random, seededRandom } from '../base/random.ts';
import { type Uuid, uuid } from '../base/units.ts';
import { addReportCommands } from '../daemon/builtin-commands.ts';
import { type CommandOutput, Commands } from '../daemon/unixctl.ts';
import { DropCoverage } from '../datapath/drops.ts';
import type { MemoryTransport } from '../net/memory-transport.ts';
import { DummyDevices } from '../netdev/dummy/device.ts';
import type { Ofproto } from '../ofproto/ofproto.ts';
import { OvsdbClient } from '../ovsdb/client/index.ts';
import { Database } from '../ovsdb/engine/database.ts';
import { compileDeclared } from '../ovsdb/schema-read.ts';
import { OvsdbServer } from '../ovsdb/server/server.ts';
import type { Channel } from '../rpc/channel.ts';
import { dummyCommands } from '../vswitchd/commands/dummy.ts';
import { switchCommands } from '../vswitchd/commands/index.ts';
import { frameLinks } from '../vswitchd/frame-links.ts';
import { daemonTables, type OvsTables, openVswitch } from '../vswitchd/schema/index.ts';
import { Switch } from '../vswitchd/switch.ts';
import { type Faults, memoryProviders } from './memory-providers.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface MemorySwitchDeps {
  readonly time: VirtualTime;
  readonly transport: MemoryTransport;
  /** Where its bridges "listen"; of one transport each switch has its own. */
  readonly runFolder: string;
  /** What is drawn at random repeats for the same one. */
  readonly seed: number;
  readonly faults?: Faults;
}

/** A schema is compiled once for all. */
const schema = compileDeclared(openVswitch);

export class MemorySwitch {
  readonly dummies: DummyDevices;
  readonly #deps: MemorySwitchDeps;
  readonly #random: Random;
  readonly newUuid: () => Uuid;
  readonly #server: OvsdbServer;
  #commands = new Commands();
  readonly #drops = new DropCoverage();
  #daemon: OvsdbClient<OvsTables>;
  #switch: Switch;
  #deviceChanged: (name: string, isThere: boolean) => void = () => {};

  constructor(deps: MemorySwitchDeps) {
    this.#deps = deps;
    const { time, transport, runFolder, seed } = deps;
    const { timers, defer } = time;
    this.#random = seededRandom(seed);
    this.newUuid = countedUuids();
    this.dummies = new DummyDevices(frameLinks({ transport, timers, runFolder }));
    this.#server = new OvsdbServer({ timers, defer, newUuid: this.newUuid });
    this.#server.addDatabase(new Database(schema, { timers, newUuid: this.newUuid }));
    [this.#daemon, this.#switch] = this.#make();
  }

  /** The daemon as it is now: another one after `restart`. */
  get current(): Switch {
    return this.#switch;
  }

  start(): void {
    this.#switch.start();
  }

  /** Another daemon on the same database in the place of the one before. */
  async restart(): Promise<void> {
    await this.#switch.stop({ cleanup: true });
    this.#daemon.close();
    await this.#deps.time.settle();
    [this.#daemon, this.#switch] = this.#make();
    this.#switch.start();
  }

  /** The end of the daemon and of all connections to the database. */
  async stop(): Promise<void> {
    await this.#switch.stop({ cleanup: true });
    this.#daemon.close();
    this.#server.close();
  }

  /** A client's end of a connection to the database. */
  connect(): Channel {
    return this.#server.connect();
  }

  /** Somebody's view of all that the daemon sees of the database. */
  client(lock?: string): OvsdbClient<OvsTables> {
    return new OvsdbClient({
      schema: openVswitch,
      tables: daemonTables,
      connect: async () => this.connect(),
      remotes: ['in-process'],
      timers: this.#deps.time.timers,
      newUuid: this.newUuid,
      ...(lock !== undefined && { lock }),
    });
  }

  /** Throws Refused where there is no such bridge. */
  ofproto(name: string): Ofproto {
    const bridge = this.#switch.state.bridges.get(name);
    if (bridge === undefined) throw new Refused('testing', `the switch has no bridge ${name}`);
    return bridge.ofproto;
  }

  /** A device comes or goes, which the kernel would tell. */
  deviceChanged(name: string, isThere: boolean): void {
    this.#deviceChanged(name, isThere);
  }

  /** Runs a command of ovs-appctl. Rejects with Refused, whose message is what that would print. */
  async run(name: string, args: readonly string[]): Promise<CommandOutput> {
    const answer = this.#commands.ask(name, args);
    answer.catch(() => {}); // it is waited for below
    await this.#deps.time.settle();
    return answer;
  }

  #make(): [OvsdbClient<OvsTables>, Switch] {
    const { time, transport, runFolder, faults = {} } = this.#deps;
    const { timers, defer } = time;
    const client = this.client('ovs_open_vswitch');
    const deps = { timers, random: this.#random, dummies: this.dummies, faults };
    const providers = memoryProviders(deps, (changed) => {
      this.#deviceChanged = changed;
      return { [Symbol.dispose]: () => {} };
    });
    const rates = new CoverageRates(timers.clock.now(), () =>
      this.#drops.collect([...made.backers.values()].map(({ datapath }) => datapath)),
    );
    const made: Switch = new Switch({
      client,
      timers,
      defer,
      random: this.#random,
      providers,
      pid: 1,
      transport,
      openDatagrams: ({ host }) => ({ name: host, localAddress: undefined, send() {}, close() {} }), // nobody is there
      runFolder,
      versions: undefined,
      moreParts: [{ name: 'coverage', run: () => rates.run(timers.clock.now()) }],
      drive: () => () => {}, // the time of the test does
    });
    this.#commands = new Commands();
    this.#commands.add(...switchCommands(made, timers.clock), ...dummyCommands(made, this.dummies));
    addReportCommands(this.#commands, {
      name: 'ovs-vswitchd',
      rates,
      memoryCounts: () => made.usage(),
    });
    return [client, made];
  }
}

/** The same for each switch, so that what depends on them repeats. */
function countedUuids(): () => Uuid {
  let count = 0;
  return () => uuid(`00000000-0000-4000-8000-${String(++count).padStart(12, '0')}`);
}
