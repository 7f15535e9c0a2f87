/**
 * Says anew what the database shows of interfaces, ports and bridges: of those that steps have made, that protocols tell
 * of, whose device changed, and where somebody else has written. What there is to say is in `report/`.
 */
import type { Uuid } from '../../base/units.ts';
import type { StatusEvents } from '../../ofproto/protocols/protocol-deps.ts';
import type { ChangeSet, OvsdbClient } from '../../ovsdb/client/index.ts';
import type { WantedModel } from '../config/model.ts';
import type { WantedPort } from '../config/port-rows.ts';
import { AttachedVlans } from '../report/attached-vlans.ts';
import { reportBridge, reportedColumns, reportInterface, reportPort } from '../report/report.ts';
import { readStatistics } from '../report/statistics.ts';
import type { StatusWriter } from '../report/status-writer.ts';
import type { OvsTables } from '../schema/index.ts';
import type { LiveBridge, LiveInterface, LiveState } from './live.ts';
import type { Step } from './plan.ts';

export interface StatusReporterDeps {
  readonly client: OvsdbClient<OvsTables>;
  readonly state: LiveState;
  readonly writer: StatusWriter;
  readonly model: WantedModel;
  /** Makes the main loop look for news soon. */
  wake(): void;
}

/** Of a Port row of that name. */
interface Attachment {
  readonly bridge: LiveBridge;
  readonly name: string;
  readonly vlan: number;
  readonly isWanted: boolean;
}

export class StatusReporter {
  readonly #deps: StatusReporterDeps;
  readonly #interfaces = new Set<LiveInterface>();
  readonly #ports = new Map<WantedPort, LiveBridge>();
  readonly #bridges = new Set<LiveBridge>();
  readonly #attachedVlans = new AttachedVlans();
  /** What Auto Attach asks of ports since the last round, which may be about to make them. */
  readonly #attachments: Attachment[] = [];

  constructor(deps: StatusReporterDeps) {
    this.#deps = deps;
  }

  /** There is something to be said. */
  get hasNews(): boolean {
    return this.#interfaces.size + this.#ports.size + this.#bridges.size > 0;
  }

  interfaceChanged(i: LiveInterface): void {
    this.#interfaces.add(i);
    this.#deps.wake();
  }

  /** What protocols of a bridge tell. */
  eventsOf(bridge: LiveBridge): StatusEvents {
    const changed = (name: string): void => {
      const i = bridge.interfaces.get(name);
      if (i !== undefined) this.interfaceChanged(i);
    };
    return {
      bundle: ({ name }) => {
        const port = bridge.ports.get(name);
        if (port === undefined) return;
        this.#ports.set(port, bridge);
        for (const wanted of port.interfaces) changed(wanted.name);
        this.#deps.wake();
      },
      port: ({ name }) => changed(name),
      bridge: () => {
        this.#bridges.add(bridge);
        this.#deps.wake();
      },
      attached: ({ name }, vlan, isWanted) => {
        this.#attachments.push({ bridge, name, vlan, isWanted });
        this.#deps.wake();
      },
    };
  }

  /** Between rounds: VLANs that ports are to carry for services of the network, or no longer. */
  writeAttachedVlans(): void {
    const { client, writer } = this.#deps;
    for (const { bridge, name, vlan, isWanted } of this.#attachments.splice(0)) {
      const port = bridge.ports.get(name);
      if (port !== undefined) this.#attachedVlans.ask(port.id, vlan, isWanted);
    }
    for (const [id, change] of this.#attachedVlans.takeChanges((port) => client.view.row('Port', port)))
      writer.put('Port', id, change);
  }

  /** Status that is not what we wrote: somebody else has written there. */
  findOverwritten(changes: ChangeSet<OvsTables>): void {
    const { client, state, writer } = this.#deps;
    for (const { id, old, new: row } of changes.of('Interface')) {
      if (!old || !row || reportedColumns.every((column) => old[column] === row[column])) continue;
      const i = this.#speakerFor(row.name);
      if (i?.wanted.id === id && !client.shows('Interface', id, reportInterface(i))) this.#interfaces.add(i);
    }
    for (const { id, new: row } of changes.of('Bridge')) {
      const bridge = row && state.bridges.get(row.name);
      if (bridge?.announcedId === undefined || bridge.id !== id) continue;
      const report = reportBridge(bridge);
      if (!client.shows('Bridge', id, report)) writer.put('Bridge', id, report);
    }
    for (const { id, old, new: row } of changes.of('Port')) if (old && row) this.#restorePort(id, row.name);
  }

  /** What is told of a port in a spanning tree changes all the time: it is told then. */
  #restorePort(id: Uuid, name: string): void {
    for (const bridge of this.#deps.state.bridges.values())
      if (bridge.ports.get(name)?.id === id && !bridge.ofproto.protocols.spanningTree.isRunning)
        this.#deps.writer.put('Port', id, reportPort(bridge, name));
  }

  /** Writes all that is to be said, of what these steps made, too. */
  async report(steps: readonly Step[]): Promise<void> {
    for (const [port, bridge] of this.#ports) this.#reportPort(bridge, port);
    this.#ports.clear();
    const added = new Set<LiveInterface>();
    for (const step of steps) this.#noteStep(step, added);
    for (const i of this.#changedPatches()) this.#interfaces.add(i);
    for (const bridge of this.#bridges) this.#reportBridge(bridge);
    this.#bridges.clear();
    const interfaces = [...this.#interfaces];
    this.#interfaces.clear();
    await Promise.all(interfaces.map((i) => this.#reportInterface(i, added)));
  }

  #noteStep(step: Step, added: Set<LiveInterface>): void {
    const { state } = this.#deps;
    const bridge = state.bridges.get(step.bridge);
    if (step.do === 'addInterface' || step.do === 'configureInterface') {
      const i = state.interfaceOf(step.bridge, step.wanted.name);
      if (i === undefined) return;
      this.#interfaces.add(i);
      if (step.do === 'configureInterface') return;
      added.add(i);
      const port = bridge?.ports.get(i.port);
      if (bridge !== undefined && port !== undefined) this.#reportPort(bridge, port);
    } else if (step.do === 'setPort' && bridge !== undefined) this.#reportPort(bridge, step.wanted);
    else if (step.do === 'settleBridge' && bridge !== undefined) {
      this.#bridges.add(bridge);
      for (const i of bridge.facts.kept) this.#interfaces.add(i);
    }
  }

  #reportBridge(bridge: LiveBridge): void {
    const { writer, client } = this.#deps;
    if (client.view.row('Bridge', bridge.id) !== undefined)
      writer.put('Bridge', bridge.id, reportBridge(bridge));
  }

  #reportPort(bridge: LiveBridge, { id, name }: WantedPort): void {
    const { writer, client } = this.#deps;
    if (client.view.row('Port', id) !== undefined) writer.put('Port', id, reportPort(bridge, name));
  }

  async #reportInterface(i: LiveInterface, added: ReadonlySet<LiveInterface>): Promise<void> {
    const { state, writer, client } = this.#deps;
    // The device may belong to a bridge that does not have the row: then the holder speaks for it.
    const speaker = state.holderOf(i.wanted.name) ?? i;
    if (client.view.row('Interface', speaker.wanted.id) === undefined) return;
    const bridge = added.has(speaker) ? state.bridges.get(speaker.bridge) : undefined;
    const statistics = bridge === undefined ? undefined : await readStatistics(bridge, speaker);
    writer.put('Interface', speaker.wanted.id, { ...reportInterface(speaker), ...statistics });
  }

  /** Several ports may want an interface: the one that has its device speaks for it. */
  #speakerFor(name: string): LiveInterface | undefined {
    const { state, model } = this.#deps;
    const places = model.claimsOn(name);
    return state.holderOf(name) ?? places.map(({ bridge }) => state.interfaceOf(bridge, name)).find(Boolean);
  }

  /** A patch port is of use only with its peer, which may come and go by itself. */
  *#changedPatches(): Iterable<LiveInterface> {
    const { state } = this.#deps;
    for (const i of state.patches) {
      const bridge = state.bridges.get(i.bridge);
      const error = bridge === undefined ? i.error : patchProblem(bridge, i);
      if (error === i.error) continue;
      i.error = error;
      yield i;
    }
  }
}

function patchProblem(
  { backer, ofproto }: LiveBridge,
  { ofPort, wanted }: LiveInterface,
): string | undefined {
  const port = ofPort === undefined ? undefined : ofproto.ports.get(ofPort);
  if (port === undefined || backer.ports.peerOf(port) !== undefined) return undefined;
  return `No usable peer '${wanted.patchPeer ?? ''}' exists in '${backer.datapath.type}' datapath.`;
}
