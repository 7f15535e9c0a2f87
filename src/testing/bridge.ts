/** A bridge as a test sees it: ports, flows, groups and meters, traces, and connections of OpenFlow. */
import { Refused } from '../base/errors.ts';
import type { WaitOptions } from '../base/waiting.ts';
import type { Stream } from '../net/stream.ts';
import { formatTraceReport, type TraceReport } from '../ofproto/views/trace.ts';
import { type Connection, openConnection } from '../openflow/connection/connection.ts';
import type { WireVersion } from '../openflow/versions.ts';
import type { OvsRow } from '../vswitchd/schema/index.ts';
import { type Configuration, interfaceNames, type PortOptions } from './configuration.ts';
import type { FlowControl, TestFlow, TestGroup, TestMeter } from './flow-control.ts';
import { type Packet, packetBytes } from './packets.ts';
import type { TestPort } from './port.ts';

/** What becomes of a packet, step by step. */
export interface TestTrace extends TraceReport {
  /** All of it as `ovs-appctl ofproto/trace` prints it. */
  readonly text: string;
}

export interface TraceOptions {
  /** The packet itself, whose headers take the place of those that the flow says; bridges learn from it. */
  readonly packet?: Packet;
  /** Ports are told by name and not by number; true unless given. */
  readonly names?: boolean;
  /** What connection tracking says each time that the packet comes back from it: "trk,new" unless given. */
  readonly ctNext?: readonly string[];
}

export interface OpenFlowOptions extends WaitOptions {
  /**
   * Those that may be spoken, by their numbers on the wire: 4 is OpenFlow 1.3. All that the bridge speaks unless given.
   */
  readonly versions?: readonly WireVersion[];
}

/** @internal */
export interface TestBridgeDeps {
  readonly configuration: Configuration;
  readonly control: FlowControl;
  /** The end of a new connection to the bridge's socket for tools. */
  readonly connect: () => Promise<Stream>;
  readonly port: (row: OvsRow<'Interface'>) => TestPort;
  readonly trace: (args: readonly string[]) => TraceReport;
}

export class TestBridge {
  readonly name: string;
  readonly #deps: TestBridgeDeps;

  /** @internal */
  constructor(name: string, deps: TestBridgeDeps) {
    this.name = name;
    this.#deps = deps;
  }

  /** A port by the name of its interface; the bridge's own port has the bridge's name. Throws Refused for others. */
  port(name: string): TestPort {
    const ports = this.ports();
    const found = ports.find((port) => port.name === name);
    if (found !== undefined) return found;
    const there = ports.map((port) => port.name).join(', ');
    throw new Refused('testing', `no port ${name} in bridge ${this.name}; there are ${there}`);
  }

  /** All of them, sorted by name. */
  ports(): TestPort[] {
    const { configuration, port } = this.#deps;
    const rows = configuration.interfacesOf(configuration.bridge(this.name));
    return rows.map(port).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /**
   * Adds a port, which is there when this resolves, and is returned: of a bond, its first interface. Rejects with Refused
   * where an interface cannot be had, and with OvsdbError where the database does not take the rows.
   */
  async addPort(port: PortOptions): Promise<TestPort> {
    await this.#deps.configuration.addPort(this.name, port);
    return this.port(interfaceNames(port)[0] ?? '');
  }

  /** Rejects with Refused where there is none of that name. */
  async removePort(name: string): Promise<void> {
    await this.#deps.configuration.removePort(this.name, name);
  }

  /** The bridge connects to these controllers, "tcp:HOST:PORT" as `TestSwitch.listen` has them, and to no others. */
  async setControllers(...targets: readonly string[]): Promise<void> {
    await this.#deps.configuration.setControllers(this.name, targets);
  }

  /**
   * Adds flows as `ovs-ofctl add-flow` takes them: "table=1,priority=5,tcp,in_port=p1,actions=output:p2". All are read
   * before the first is added. Rejects with Malformed for what is no flow, and with ErrorReply where the switch refuses
   * one: those before it stay.
   */
  async addFlows(...flows: readonly string[]): Promise<void> {
    await this.#deps.control.changeFlows(flows, 'add');
  }

  /**
   * Gives the flows that match other actions, as `ovs-ofctl mod-flows` does: "tcp,actions=drop". Rejects as `addFlows`.
   */
  async modifyFlows(...flows: readonly string[]): Promise<void> {
    await this.#deps.control.changeFlows(flows, 'modify');
  }

  /**
   * Deletes the flows that match, as `ovs-ofctl del-flows` does: "table=1,tcp"; all of them without. Rejects as
   * `addFlows`.
   */
  async deleteFlows(...matches: readonly string[]): Promise<void> {
    await this.#deps.control.changeFlows(matches.length === 0 ? [''] : matches, 'delete');
  }

  /** The flows that match, all unless told: by table, highest priority first. Their counts are of this moment. */
  dumpFlows(match = ''): Promise<TestFlow[]> {
    return this.#deps.control.listFlows(match);
  }

  /** Adds groups as `ovs-ofctl add-group` takes them: "group_id=1,type=all,bucket=output:p1". Rejects as `addFlows`. */
  async addGroups(...groups: readonly string[]): Promise<void> {
    await this.#deps.control.changeGroups(groups, 'add');
  }

  async modifyGroups(...groups: readonly string[]): Promise<void> {
    await this.#deps.control.changeGroups(groups, 'modify');
  }

  /** By "group_id=1"; all without. */
  async deleteGroups(...groups: readonly string[]): Promise<void> {
    await this.#deps.control.changeGroups(groups.length === 0 ? [''] : groups, 'delete');
  }

  /** All of them, by number. Their counts are of this moment. */
  dumpGroups(): Promise<TestGroup[]> {
    return this.#deps.control.listGroups();
  }

  /** Adds meters as `ovs-ofctl add-meter` takes them: "meter=1,pktps,band=type=drop,rate=10". Rejects as `addFlows`. */
  async addMeters(...meters: readonly string[]): Promise<void> {
    await this.#deps.control.changeMeters(meters, 'add');
  }

  async modifyMeters(...meters: readonly string[]): Promise<void> {
    await this.#deps.control.changeMeters(meters, 'modify');
  }

  /** By "meter=1"; all without. */
  async deleteMeters(...meters: readonly string[]): Promise<void> {
    await this.#deps.control.changeMeters(meters.length === 0 ? ['meter=all'] : meters, 'delete');
  }

  /** All of them, by number. Their counts are of this moment. */
  dumpMeters(): Promise<TestMeter[]> {
    return this.#deps.control.listMeters();
  }

  /**
   * What would become of a packet, and why: "in_port=p1,tcp,tp_dst=80", fields in an order in which each follows from
   * those before. Throws Refused for what is no packet, with the reason that `ovs-appctl ofproto/trace` prints.
   */
  trace(flow: string, options: TraceOptions = {}): TestTrace {
    const { packet, names = true, ctNext = [] } = options;
    const args = [
      ...(names ? ['--names'] : []),
      ...ctNext.flatMap((state) => ['--ct-next', state]),
      this.name,
      flow,
      ...(packet === undefined ? [] : [Buffer.from(packetBytes(packet)).toString('hex')]),
    ];
    const report = this.#deps.trace(args);
    return { ...report, text: formatTraceReport(report) };
  }

  /** A connection as `connect` of `ovs-ts/openflow` gives it, to be closed by the caller. Rejects as that does. */
  async openflow({ versions, signal }: OpenFlowOptions = {}): Promise<Connection> {
    return openConnection(await this.#deps.connect(), { versions, signal });
  }
}
