/**
 * The flows, groups and meters of a bridge in the words of ovs-ofctl and by its code, over connections of OpenFlow that
 * stay in the process.
 */
import { allowedBy } from '../cli/ofctl/allowed.ts';
import type { OfctlContext } from '../cli/ofctl/context.ts';
import type { NameText } from '../cli/ofctl/names.ts';
import { openForChanges, type Session } from '../cli/ofctl/protocol.ts';
import { Fatal } from '../daemon/program.ts';
import type { MemoryTransport } from '../net/memory-transport.ts';
import { flowsMeant } from '../ofproto/connections/flow-requests.ts';
import type { Ofproto } from '../ofproto/ofproto.ts';
import { formatActions } from '../openflow/action-codec.ts';
import type { Sent } from '../openflow/codec.ts';
import type { Connection } from '../openflow/connection/connection.ts';
import { formatPackedMatch } from '../openflow/match/match-codec.ts';
import type { FlowCommand } from '../openflow/messages/flow-mod.ts';
import { type FlowStats, formatFlowStats } from '../openflow/messages/flows.ts';
import { formatGroupDesc } from '../openflow/messages/group-desc.ts';
import type { BucketStats } from '../openflow/messages/group-stats.ts';
import { allGroups, type GroupCommand, type GroupType } from '../openflow/messages/group-values.ts';
import { allMeters, formatMeterConfig, type MeterCommand } from '../openflow/messages/meters.ts';
import { flowModIn } from '../openflow/protocols/protocol-messages.ts';
import { type ProtocolSet, protocolSets } from '../openflow/protocols/protocols.ts';
import { readFlow, readFlowFilter } from '../openflow/text/flows.ts';
import { readGroup } from '../openflow/text/groups.ts';
import { readMeterMod } from '../openflow/text/meters.ts';
import { namesOf, tableTextOf } from '../openflow/text/names.ts';

/** A flow of a table. */
export interface TestFlow {
  readonly table: number;
  readonly priority: number;
  /** As ovs-ofctl prints it, ports by name: "tcp,in_port=p1,tp_dst=80"; "" is every packet. */
  readonly match: string;
  /** "output:p2"; "drop" for none. */
  readonly actions: string;
  /** Packets that it matched, and their bytes. */
  readonly packets: number;
  readonly bytes: number;
  readonly cookie: bigint;
  /** Seconds; 0 for none. */
  readonly idleTimeout: number;
  readonly hardTimeout: number;
  /**
   * All of it but for counters and times, as `ovs-ofctl --no-stats --names dump-flows` prints it in a version that can
   * say all.
   */
  readonly text: string;
}

/** Packets and their bytes. */
export interface TestCounts {
  readonly packets: number;
  readonly bytes: number;
}

/** A group. */
export interface TestGroup extends TestCounts {
  readonly group: number;
  readonly type: GroupType;
  /** Of each bucket, in its order. */
  readonly buckets: readonly TestCounts[];
  /** As `ovs-ofctl --names dump-groups` prints it. */
  readonly text: string;
}

/** A meter. */
export interface TestMeter extends TestCounts {
  readonly meter: number;
  /** Of each band, in its order: what it did something about. */
  readonly bands: readonly TestCounts[];
  /** As `ovs-ofctl dump-meters` prints it, in one line. */
  readonly text: string;
}

/** @internal */
export interface FlowControlDeps {
  readonly bridge: string;
  readonly transport: MemoryTransport;
  readonly runFolder: string;
  /** As it is now. */
  readonly ofproto: () => Ofproto;
  /** Resolves when rules have all packets that were forwarded. */
  readonly untilCounted: () => Promise<unknown>;
  readonly settle: () => Promise<void>;
}

/** What a line says, and the protocols that can say it. */
interface Said {
  readonly usable: ProtocolSet;
  readonly message: (session: Session) => Sent;
}

export class FlowControl {
  readonly #deps: FlowControlDeps;

  constructor(deps: FlowControlDeps) {
    this.#deps = deps;
  }

  /** All are read before the first is made. Rejects with Malformed, ErrorReply or Fatal. */
  changeFlows(lines: readonly string[], command: FlowCommand): Promise<void> {
    return this.#change(lines, (line, names) => {
      const { mod, usable } = readFlow(line, command, names);
      return { usable, message: ({ protocol }) => flowModIn(protocol, mod) };
    });
  }

  changeGroups(lines: readonly string[], command: GroupCommand): Promise<void> {
    return this.#change(lines, (line, names) => {
      const { mod: value, usable } = readGroup(line, command, names);
      return { usable, message: () => ({ name: 'GROUP_MOD', value }) };
    });
  }

  changeMeters(lines: readonly string[], command: MeterCommand): Promise<void> {
    return this.#change(lines, (line) => {
      const value = readMeterMod(line, command);
      return { usable: protocolSets.since13, message: () => ({ name: 'METER_MOD', value }) };
    });
  }

  /** Sorted by table, from the highest priority to the lowest, and by text. */
  async listFlows(filter: string): Promise<TestFlow[]> {
    const names = this.#names();
    const { request } = readFlowFilter(filter, names);
    await this.#deps.untilCounted();
    const flows = flowsMeant(this.#deps.ofproto(), request);
    return Array.from(flows, (flow) => flowOf(flow, names)).sort(inOrder);
  }

  /** Sorted by number. */
  listGroups(): Promise<TestGroup[]> {
    const value = { group: allGroups };
    return this.#counted(protocolSets.any, async (connection) => {
      const counts = await listOf(connection.multipart({ name: 'GROUP_REQUEST', value }));
      const groups = await listOf(connection.multipart({ name: 'GROUP_DESC_REQUEST', value }));
      const context = { ...this.#names(), version: connection.version };
      return groups
        .map((each) => {
          const { group, type } = each;
          const { buckets = [], ...all } = counts.find((stats) => stats.group === group) ?? {};
          return {
            group,
            type,
            ...countsOf(all),
            buckets: buckets.map(countsOf),
            text: formatGroupDesc(each, true, context),
          };
        })
        .sort((a, b) => a.group - b.group);
    });
  }

  /** Sorted by number. */
  listMeters(): Promise<TestMeter[]> {
    const value = { meter: allMeters };
    return this.#counted(protocolSets.since13, async (connection) => {
      const counts = await listOf(connection.multipart({ name: 'METER_REQUEST', value }));
      const meters = await listOf(connection.multipart({ name: 'METER_CONFIG_REQUEST', value }));
      return meters
        .map((config) => {
          const { meter } = config;
          const { bands = [], ...all } = counts.find((stats) => stats.meter === meter) ?? {};
          const text = formatMeterConfig(config).trimEnd().replaceAll('\n', ' ');
          return { meter, ...countsOf(all), bands: bands.map(countsOf), text };
        })
        .sort((a, b) => a.meter - b.meter);
    });
  }

  async #counted<T>(usable: ProtocolSet, ask: (connection: Connection) => Promise<T>): Promise<T> {
    await this.#deps.untilCounted();
    return this.#connected(usable, ({ connection }) => ask(connection));
  }

  async #change(lines: readonly string[], read: (line: string, names: NameText) => Said): Promise<void> {
    const names = this.#names();
    const changes = lines.map((line) => read(line, names));
    const usable = changes.reduce((set: ProtocolSet, change) => set & change.usable, protocolSets.any);
    await this.#connected(usable, async (session) => {
      for (const { message } of changes) await session.connection.perform(message(session));
    });
  }

  async #connected<T>(usable: ProtocolSet, work: (session: Session) => Promise<T>): Promise<T> {
    const context = this.#context();
    try {
      return await work(await openForChanges(context, this.#deps.bridge, usable));
    } finally {
      for (const connection of context.connections) connection.close();
      await this.#deps.settle(); // while they are there, the switch tells them of packets without a flow
    }
  }

  /** Of ports and tables, as the switch would tell them. */
  #names(): NameText {
    const { portText, config } = this.#deps.ofproto();
    const named = config.tables.filter(({ name }) => name !== '');
    return { ports: portText, tables: tableTextOf(namesOf(named.map(({ number, name }) => [number, name]))) };
  }

  #context(): OfctlContext {
    const { transport, runFolder } = this.#deps;
    let lastXid = 0;
    return {
      verbosity: 0,
      isRaw: false,
      allowed: allowedBy(undefined, protocolSets.any, false),
      names: { areAccepted: true, areShown: true },
      flows: { isStrict: false, isBundle: false, readdsAll: false, showsStats: true, order: [] },
      mayCreate: false,
      rundir: runFolder,
      connect: (remote, options) => transport.connect(remote, options),
      tls: {},
      nextXid: () => ++lastXid,
      connections: [],
      print: () => {},
      printError: () => {},
      end: (text) => {
        throw new Fatal(text);
      },
      warn: () => {},
    };
  }
}

/** All entries of an answer in parts. */
async function listOf<E>(parts: AsyncIterable<{ readonly value: readonly E[] }>): Promise<E[]> {
  const entries: E[] = [];
  for await (const { value } of parts) entries.push(...value);
  return entries;
}

function countsOf({ packets = 0n, bytes = 0n }: Partial<BucketStats>): TestCounts {
  return { packets: Number(packets), bytes: Number(bytes) };
}

function flowOf(flow: FlowStats, { ports, tables }: NameText): TestFlow {
  const { table, priority, cookie, idleTimeout, hardTimeout } = flow;
  return {
    table,
    priority,
    match: formatPackedMatch(flow.match, { ports }),
    actions: formatActions(flow.actions, { ports, tables }),
    packets: Number(flow.packets ?? 0n),
    bytes: Number(flow.bytes ?? 0n),
    cookie,
    idleTimeout,
    hardTimeout,
    text: formatFlowStats(flow, { ports, tables }, false),
  };
}

function inOrder(a: TestFlow, b: TestFlow): number {
  return a.table - b.table || b.priority - a.priority || (a.text < b.text ? -1 : 1);
}
