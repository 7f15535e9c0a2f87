/** Who a bridge talks OpenFlow with, and what all of them are told. */
import type { Random } from '../../base/random.ts';
import type { Timer, Timers } from '../../base/timers.ts';
import type { Stream } from '../../net/stream.ts';
import type { Transport } from '../../net/transport.ts';
import { messageBytes } from '../../openflow/codec.ts';
import { flowFlags } from '../../openflow/messages/flow-flags.ts';
import { flowRemovedReasonNumber } from '../../openflow/messages/flow-removed.ts';
import type { PortDescription } from '../../openflow/messages/port-description.ts';
import type { TableStatus } from '../../openflow/messages/tables.ts';
import type { WireVersion } from '../../openflow/versions.ts';
import { hasPrimary } from '../config.ts';
import type { ControllerStatus, Controllers, ForwardedRequest, PacketForController } from '../controllers.ts';
import type { Ofproto } from '../ofproto.ts';
import { localPort, type OfprotoPort } from '../port.ts';
import type { Requester } from '../requester.ts';
import type { FlowEvent } from '../tables/flow-events.ts';
import type { ActiveController, NewConversation } from './active-controller.ts';
import { admissionTime } from './admission.ts';
import { ControllerLinks } from './controller-links.ts';
import { beginConversation, type Conversation, limitPackets } from './conversation.ts';
import { FailOpen } from './fail-open.ts';
import { flowRemovedMessage } from './flow-removed-message.ts';
import { InBand, type InBandDeps } from './in-band.ts';
import { type PortChange, PortWatch } from './port-watch.ts';
import { handleRequest, refusalOf } from './requests.ts';
import { RoleElection } from './role-election.ts';
import { type Snoopers, SnoopSocket } from './snooping.ts';
import { SwitchConnection } from './switch-connection.ts';

export interface ConnectionsDeps {
  readonly transport: Transport;
  readonly timers: Timers;
  readonly random: Random;
  readonly neighbourOf: InBandDeps['neighbourOf'];
}

export class Connections implements Controllers {
  readonly #ofproto: Ofproto;
  readonly #timers: Timers;
  readonly #links: ControllerLinks;
  readonly #snoop: SnoopSocket;
  readonly #failOpen: FailOpen;
  readonly #inBand: InBand;
  readonly #open = new Set<SwitchConnection>();
  readonly #election = new RoleElection();
  readonly #ports = new PortWatch();
  /** As last told. */
  #wasInCharge = false;

  constructor(ofproto: Ofproto, { transport, timers, random, neighbourOf }: ConnectionsDeps) {
    this.#ofproto = ofproto;
    this.#timers = timers;
    this.#inBand = new InBand({ ofproto, timers, neighbourOf });
    this.#failOpen = new FailOpen({
      ofproto,
      timers,
      random,
      controllers: () => this.#links.active().filter(({ config }) => config.type === 'primary'),
      connections: this.#open,
      isInCharge: () => this.isInCharge,
    });
    this.#links = new ControllerLinks({
      bridge: ofproto.name,
      timers,
      transport,
      control: () => ofproto.config.control,
      begin: (stream, options) => this.#begin(stream, options),
    });
    const snoopers = (): Snoopers | undefined => mostInCharge(this.#links.active())?.snoopers;
    this.#snoop = new SnoopSocket({ bridge: ofproto.name, transport, snoopers });
  }

  [Symbol.iterator](): IterableIterator<SwitchConnection> {
    return this.#open[Symbol.iterator]();
  }

  get wantsMisses(): boolean {
    for (const { version, controllerId } of this.#open) if (version < 4 && controllerId === 0) return true;
    return false;
  }

  async configure(): Promise<void> {
    const { control, versions, failMode } = this.#ofproto.config;
    const controllers = control.controllers.filter(({ isForTools }) => isForTools || !control.isHeld);
    await this.#links.configure(controllers, versions);
    await this.#snoop.configure(control.runFolder);
    this.#inBand.configure(control.inBand);
    this.#failOpen.configure(failMode === 'standalone' && hasPrimary(control) && !control.isHeld);
  }

  reconnect(): void {
    this.#links.reconnect();
  }

  get isInCharge(): boolean {
    const now = this.#ofproto.now;
    for (const { kind, admission } of this.#open)
      if (kind === 'primary' && admission.isGranted(now)) return true;
    return false;
  }

  get isIncomplete(): boolean {
    return this.#links.isIncomplete;
  }

  statuses(): ReadonlyMap<string, ControllerStatus> {
    return this.#links.statuses();
  }

  close(): void {
    this.#failOpen.stop();
    this.#inBand.stop();
    this.#links.close();
    this.#snoop.stop();
  }

  packetIn(packet: PacketForController): boolean {
    let isTaken = false;
    for (const connection of this.#open) isTaken = connection.packetIn(packet) || isTaken;
    return isTaken;
  }

  flowsChanged(events: readonly FlowEvent[], by: Requester | undefined): void {
    if (this.#open.size === 0) return;
    for (const connection of this.#open)
      connection.monitors.changed(events, by?.connection === connection ? by : undefined);
    for (const event of events) {
      if (event.kind === 'removed' && (event.rule.flags & flowFlags.sendFlowRemoved) !== 0)
        this.#flowRemoved(event);
    }
  }

  portAdded(port: OfprotoPort): void {
    if (port.ofPort === localPort) this.#inBand.localPortChanged();
    for (const change of this.#ports.added(port)) this.#tellPort(change);
  }

  portChanged(port: OfprotoPort): void {
    if (port.ofPort === localPort) this.#inBand.localPortChanged();
    for (const change of this.#ports.changed(port)) this.#tellPort(change);
  }

  portConfigured(port: OfprotoPort, config: number, by: Requester | undefined): void {
    for (const change of this.#ports.configured(port, config)) this.#tellPort(change, by);
  }

  portRemoved(port: OfprotoPort): void {
    if (port.ofPort === localPort) this.#inBand.localPortChanged();
    const change = this.#ports.removed(port);
    if (change !== undefined) this.#tellPort(change);
  }

  tableChanged(status: TableStatus): void {
    const reason = status.reason === 'vacancy_down' ? 3 : 4;
    for (const connection of this.#open) {
      if (connection.version > 4 && connection.receives('tableStatus', reason))
        connection.send({ name: 'TABLE_STATUS', value: status });
    }
  }

  requestForwarded(request: ForwardedRequest, by: Requester): void {
    const reason = request.name === 'GROUP_MOD' ? 0 : 1;
    for (const connection of this.#open) {
      const { version } = connection;
      if (connection === by.connection || !connection.receives('requestForward', reason)) continue;
      const message = messageBytes(request, version, by.xid);
      connection.send({ name: 'REQUESTFORWARD', value: { message } });
    }
  }

  #flowRemoved(event: Extract<FlowEvent, { kind: 'removed' }>): void {
    const match = this.#ofproto.tlvTable.restore(event.match);
    for (const connection of this.#open) {
      if (!connection.receives('flowRemoved', flowRemovedReasonNumber(event.reason, connection.version)))
        continue;
      connection.send(flowRemovedMessage({ ...event, match }, this.#ofproto.now));
    }
  }

  #tellPort({ reason, port, before }: PortChange, by?: Requester): void {
    for (const connection of this.#open) {
      // Before OpenFlow 1.5 who changes a port is not told that it changed.
      if (connection === by?.connection && connection.version < 6) continue;
      if (!connection.receives('portStatus', portReasons.indexOf(reason))) continue;
      const { version } = connection;
      const isAsBefore = before !== undefined && isSamePort(before, port, version);
      if (!isAsBefore) connection.send({ name: 'PORT_STATUS', value: { reason, port } });
    }
  }

  /** Who is told of packets that no rule is for may change by it. */
  #changeOpen(change: () => void): void {
    const before = this.wantsMisses;
    change();
    this.#followCharge();
    if (this.wantsMisses !== before) this.#ofproto.missesChanged();
  }

  #followCharge(): void {
    const { isInCharge } = this;
    if (isInCharge === this.#wasInCharge) return;
    this.#wasInCharge = isInCharge;
    this.#failOpen.check();
    this.#ofproto.chargeChanged();
  }

  #begin(stream: Stream, { config, owner, signal, snoopers }: NewConversation): Promise<Conversation> {
    const connection = new SwitchConnection({
      ofproto: this.#ofproto,
      handle: (c, message, bytes) => {
        if (c.admission.take(message.name)) this.#followCharge();
        return handleRequest(c, message, bytes);
      },
      refusalOf,
      election: this.#election,
      kind: config.type,
      snoopers,
    });
    let admitted: Timer | undefined;
    return beginConversation(connection, stream, {
      versions: this.#ofproto.config.versions,
      signal,
      owner: {
        opened: () => {
          limitPackets(connection, config);
          if (!config.isToldAsynchronously) connection.asyncConfig = { primary: {}, secondary: {} };
          this.#changeOpen(() => this.#open.add(connection));
          admitted = this.#timers.after(admissionTime, () => this.#followCharge());
        },
        heard: () => owner.heard(),
        ended: (conversation, why) => {
          admitted?.cancel();
          this.#changeOpen(() => this.#open.delete(connection));
          owner.ended(conversation, why);
        },
      },
    });
  }
}

const ranks = ['secondary', 'equal', 'primary'];

function mostInCharge(links: readonly ActiveController[]): ActiveController | undefined {
  const rank = ({ connection }: ActiveController): number => ranks.indexOf(connection?.role ?? '');
  let best = links[0];
  for (const link of links) if (best !== undefined && rank(link) > rank(best)) best = link;
  return best;
}

const portReasons: readonly PortChange['reason'][] = ['add', 'delete', 'modify'];

/** As far as that version can tell. */
function isSamePort(a: PortDescription, b: PortDescription, version: WireVersion): boolean {
  const bytes = (port: PortDescription): Uint8Array =>
    messageBytes({ name: 'PORT_STATUS', value: { reason: 'modify', port } }, version);
  return Buffer.compare(bytes(a), bytes(b)) === 0;
}
