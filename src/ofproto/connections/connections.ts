/** Who a bridge talks OpenFlow with: the sockets it listens on, and the conversations that are open. */
import { SyscallFailed } from '../../base/errors.ts';
import { logger } from '../../base/log.ts';
import type { StreamListener } from '../../net/listener.ts';
import { formatRemote, type PassiveRemote } from '../../net/remote.ts';
import type { Stream } from '../../net/stream.ts';
import type { Transport } from '../../net/transport.ts';
import { messageBytes } from '../../openflow/codec.ts';
import { flowFlags } from '../../openflow/messages/flow-flags.ts';
import { flowRemovedReasonNumber } from '../../openflow/messages/flow-removed.ts';
import type { PortDescription } from '../../openflow/messages/port-description.ts';
import type { TableStatus } from '../../openflow/messages/tables.ts';
import type { WireVersion } from '../../openflow/versions.ts';
import type { Controllers, ForwardedRequest, PacketForController } from '../controllers.ts';
import type { Ofproto } from '../ofproto.ts';
import type { OfprotoPort } from '../port.ts';
import type { Requester } from '../requester.ts';
import type { FlowEvent } from '../tables/flow-events.ts';
import { flowRemovedMessage } from './flow-removed-message.ts';
import { type PortChange, PortWatch } from './port-watch.ts';
import { handleRequest } from './requests.ts';
import { RoleElection } from './role-election.ts';
import { SwitchConnection } from './switch-connection.ts';

const log = logger('connmgr');

export class Connections implements Controllers {
  readonly #ofproto: Ofproto;
  readonly #transport: Transport;
  readonly #open = new Set<SwitchConnection>();
  /** By name; undefined where it could not be listened on. */
  readonly #services = new Map<string, StreamListener | undefined>();
  readonly #election = new RoleElection();
  readonly #ports = new PortWatch();

  constructor(ofproto: Ofproto, transport: Transport) {
    this.#ofproto = ofproto;
    this.#transport = transport;
  }

  [Symbol.iterator](): IterableIterator<SwitchConnection> {
    return this.#open[Symbol.iterator]();
  }

  get wantsMisses(): boolean {
    for (const { version } of this.#open) if (version < 4) return true;
    return false;
  }

  /** Listens on these and on no others; whoever has connected stays. Failures are logged. */
  async listenOn(remotes: readonly PassiveRemote[]): Promise<void> {
    const wanted = new Map(remotes.map((remote) => [formatRemote(remote), remote]));
    for (const [name, listener] of this.#services) {
      if (wanted.has(name)) continue;
      listener?.close();
      this.#services.delete(name);
      log.info(`${this.#ofproto.name}: removed service controller "${name}"`);
    }
    for (const [name, remote] of wanted) if (!this.#services.has(name)) await this.#listen(name, remote);
  }

  /** Ends all conversations and listens no longer. */
  close(): void {
    for (const listener of this.#services.values()) listener?.close();
    this.#services.clear();
    for (const connection of this.#open) connection.close();
  }

  packetIn(packet: PacketForController): void {
    for (const connection of this.#open) connection.packetIn(packet);
  }

  flowsChanged(events: readonly FlowEvent[]): void {
    if (this.#open.size === 0) return;
    for (const event of events) {
      if (event.kind === 'removed' && (event.rule.flags & flowFlags.sendFlowRemoved) !== 0)
        this.#flowRemoved(event);
    }
  }

  portAdded(port: OfprotoPort): void {
    for (const change of this.#ports.added(port)) this.#tellPort(change);
  }

  portChanged(port: OfprotoPort): void {
    for (const change of this.#ports.changed(port)) this.#tellPort(change);
  }

  portConfigured(port: OfprotoPort, config: number, by: Requester | undefined): void {
    for (const change of this.#ports.configured(port, config)) this.#tellPort(change, by);
  }

  portRemoved(port: OfprotoPort): void {
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
      if (connection === by.connection || version < 5 || !connection.receives('requestForward', reason))
        continue;
      const message = messageBytes(request, version, by.xid);
      connection.send({ name: 'REQUESTFORWARD', value: { message } });
    }
  }

  #flowRemoved(event: Extract<FlowEvent, { kind: 'removed' }>): void {
    for (const connection of this.#open) {
      if (!connection.receives('flowRemoved', flowRemovedReasonNumber(event.reason, connection.version)))
        continue;
      connection.send(flowRemovedMessage(event, this.#ofproto.now));
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

  async #listen(name: string, remote: PassiveRemote): Promise<void> {
    try {
      const listener = await this.#transport.listen(remote, {}, (stream) => this.#serve(stream));
      this.#services.set(name, listener);
      log.info(`${this.#ofproto.name}: added service controller "${name}"`);
    } catch (why) {
      if (!(why instanceof SyscallFailed)) throw why;
      log.err(`${this.#ofproto.name}: failed to listen on ${name} (${why.reason})`);
      this.#services.set(name, undefined);
    }
  }

  #serve(stream: Stream): void {
    const connection = new SwitchConnection({
      ofproto: this.#ofproto,
      handle: handleRequest,
      election: this.#election,
      kind: 'service',
    });
    this.#open.add(connection);
    const gone = (): void => void this.#open.delete(connection);
    connection.converse(stream, this.#ofproto.config.versions).then(gone, (why: unknown) => {
      gone();
      if (!(why instanceof SyscallFailed)) throw why; // the log has said it
    });
  }
}

const portReasons: readonly PortChange['reason'][] = ['add', 'delete', 'modify'];

/** As far as that version can tell. */
function isSamePort(a: PortDescription, b: PortDescription, version: WireVersion): boolean {
  const bytes = (port: PortDescription): Uint8Array =>
    messageBytes({ name: 'PORT_STATUS', value: { reason: 'modify', port } }, version);
  return Buffer.compare(bytes(a), bytes(b)) === 0;
}
