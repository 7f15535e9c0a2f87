/**
 * One conversation of a bridge with a controller or a tool: what it was told of itself, and what it is sent. What
 * becomes of each message is in `requests.ts`.
 */
import { coverageCounter } from '../../base/coverage.ts';
import { LimitedSite, logger } from '../../base/log.ts';
import type { Stream } from '../../net/stream.ts';
import { type EntryOf, type ListName, printedName, type Received, type Sent } from '../../openflow/codec.ts';
import { type Connection, openConnection } from '../../openflow/connection/connection.ts';
import { xidOf } from '../../openflow/connection/message-stream.ts';
import { errorAbout, read } from '../../openflow/connection/replies.ts';
import type { Recipient } from '../../openflow/declare.ts';
import { OpenFlowError } from '../../openflow/errors.ts';
import type { AsyncConfig } from '../../openflow/messages/async.ts';
import type { SwitchConfig } from '../../openflow/messages/configuration.ts';
import type { PacketInFormat } from '../../openflow/messages/extensions.ts';
import type { FlowUpdate } from '../../openflow/messages/monitor-updates.ts';
import type { WireVersion } from '../../openflow/versions.ts';
import type { ControllerStatus, PacketForController } from '../controllers.ts';
import type { Ofproto } from '../ofproto.ts';
import type { FlowModCounts, Requester } from '../requester.ts';
import type { SwitchTransaction } from '../switch-transaction.ts';
import { Admission } from './admission.ts';
import { type AsyncKind, defaultAsyncConfig, invalidTtlBit, isSent } from './async-messages.ts';
import { ConnectionBundles } from './connection-bundles.ts';
import { FlowModLog } from './flow-mod-log.ts';
import { FlowMonitors } from './flow-monitors.ts';
import { flowUpdateMessages } from './flow-update-messages.ts';
import { isMiss, packetInMessage, packetInReasonOf } from './packet-in-message.ts';
import { type PacketInLimits, PacketInQueue } from './packet-in-queue.ts';
import { RequestParts } from './request-parts.ts';
import type { HeldRole, RoleElection, RoleHolder } from './role-election.ts';
import type { Snoopers } from './snooping.ts';

const received = coverageCounter('ofproto_recv_openflow');

const log = logger('connmgr');
const unsent = new LimitedSite();
const overflow = new LimitedSite();
const sentErrors = new LimitedSite({ perMinute: 10, burst: 10 });

/** What its owner is told of a conversation. */
interface ConversationEvents {
  /** Both have said hello. */
  opened(): void;
  /** Something came from the peer. */
  heard(): void;
  /** `why` is undefined for an orderly end by either side. */
  ended(why: Error | undefined): void;
}

type MessageHandler = (c: SwitchConnection, message: Received, bytes: Uint8Array) => Promise<void> | void;

export interface SwitchConnectionOptions {
  readonly ofproto: Ofproto;
  readonly handle: MessageHandler;
  /** Why a message is refused that could not be read for the reason given. */
  readonly refusalOf: (c: SwitchConnection, why: OpenFlowError, bytes: Uint8Array) => OpenFlowError;
  readonly election: RoleElection;
  /** One that connected by itself is told nothing unasked until it shows that it wants to be. */
  readonly kind: 'primary' | 'service';
  readonly snoopers?: Snoopers | undefined;
}

/** So many bytes may wait for the peer before packets for it count against their limit. */
const freeBacklog = 64 * 1024;
/** So many bytes may wait for the peer before it is no longer told of each flow. */
const mostUnreadUpdates = 256 * 1024;
/** `missSendLength` of whoever did not set it. */
export const defaultMissSendLength = 128;

export class SwitchConnection implements RoleHolder, Recipient {
  readonly ofproto: Ofproto;
  readonly election: RoleElection;
  readonly kind: 'primary' | 'service';
  role: HeldRole = 'equal';
  readonly bundles: ConnectionBundles<(transaction: SwitchTransaction) => void>;
  readonly monitors: FlowMonitors;
  /** Of the peer, where it is a controller. */
  readonly admission: Admission;
  /** Changes of flows tell their table in OpenFlow 1.0 too. */
  tellsTable = false;
  missSendLength: number;
  packetInFormat: PacketInFormat = 'standard';
  /** Packets are sent to connections of an id. */
  controllerId = 0;
  /** Packets for the controller that wait for it to read at most. */
  packetInLimit = 100;
  #asyncConfig: AsyncConfig | undefined;
  #unreadPacketIns = 0;
  /** Of misses, and of what actions send. */
  readonly #packetIns: readonly [PacketInQueue<PacketForController>, PacketInQueue<PacketForController>];
  #connection: Connection | undefined;
  /** What came before it could be dealt with. */
  readonly #waiting: (() => void)[] = [];
  readonly #handle: MessageHandler;
  readonly #refusalOf: SwitchConnectionOptions['refusalOf'];
  readonly #parts: RequestParts;
  readonly #flowMods: FlowModLog;
  readonly #snoopers: Snoopers | undefined;
  #isBusy = true;

  constructor({ ofproto, handle, refusalOf, election, kind, snoopers }: SwitchConnectionOptions) {
    this.ofproto = ofproto;
    this.election = election;
    this.kind = kind;
    this.admission = new Admission(ofproto.timers.clock.now());
    this.missSendLength = kind === 'primary' ? defaultMissSendLength : 0;
    this.#handle = handle;
    this.#refusalOf = refusalOf;
    this.#snoopers = snoopers;
    this.#parts = new RequestParts(ofproto.timers, (why, bytes) => this.refuse(why, bytes));
    const queue = (): PacketInQueue<PacketForController> =>
      new PacketInQueue(ofproto.timers, (packet) => this.#sendPacketIn(packet));
    this.#packetIns = [queue(), queue()];
    const { timers } = ofproto;
    this.#flowMods = new FlowModLog(timers, () => this.name);
    this.bundles = new ConnectionBundles({
      timers,
      idleTimeout: () => ofproto.config.control.bundleIdleTimeout,
      timedOut: (bytes) => this.refuse(new OpenFlowError('OFPBFC_TIMEOUT', 'a bundle timed out'), bytes),
    });
    this.monitors = new FlowMonitors({
      tables: () => ofproto.tables,
      send: (updates) => this.#sendUpdates(updates),
      isSlow: () => (this.#connection?.backlog ?? 0) > mostUnreadUpdates,
    });
  }

  /** "br0<->unix#0" */
  get name(): string {
    return `${this.ofproto.name}<->${this.#connection?.name}`;
  }

  get version(): WireVersion {
    return this.#connection?.version ?? 1;
  }

  optionSize(index: number): number | undefined {
    return this.ofproto.tlvTable.optionSize(index);
  }

  get config(): SwitchConfig {
    const { fragments } = this.ofproto;
    const { missSendLength } = this;
    const invalidTtlToController = ((this.asyncConfig.primary.packetIn ?? 0) & invalidTtlBit) !== 0;
    return { fragments, invalidTtlToController, missSendLength };
  }

  get asyncConfig(): AsyncConfig {
    return this.#asyncConfig ?? defaultAsyncConfig(this.version);
  }

  set asyncConfig(config: AsyncConfig) {
    this.#asyncConfig = config;
  }

  /** Whether packets whose TTL has run out are sent; a secondary controller is not asked. */
  sendInvalidTtl(isSent: boolean): void {
    const { primary, secondary } = this.asyncConfig;
    const bits = primary.packetIn ?? 0;
    const packetIn = isSent ? bits | invalidTtlBit : bits & ~invalidTtlBit;
    this.#asyncConfig = { primary: { ...primary, packetIn }, secondary };
  }

  get packetInCounts(): ControllerStatus['packetIns'] {
    const [miss, action] = this.#packetIns.map(({ counts }) => counts);
    return miss === undefined || action === undefined ? undefined : { miss, action };
  }

  /** Packets that wait because no more are to be sent in a second. */
  get waitingPacketInCount(): number {
    return this.#packetIns[0].size + this.#packetIns[1].size;
  }

  /** What asks for the change that the request of that transaction is about. */
  requester(xid: number): Requester {
    return { connection: this, xid };
  }

  flowsModified(counts: FlowModCounts): void {
    this.#flowMods.count(counts);
  }

  /** Resolves at the end of the conversation. Rejects with SyscallFailed where the peer speaks no common version. */
  async converse(stream: Stream, versions: readonly WireVersion[], owner: ConversationEvents): Promise<void> {
    const connection = await openConnection(stream, {
      versions,
      events: {
        heard: () => owner.heard(),
        intercept: (bytes) => {
          this.#snoopers?.copy(bytes);
          return false;
        },
        sent: (bytes) => this.#snoopers?.copy(bytes),
        unread: (bytes) => this.#receive(bytes),
        drained: () => {
          this.#unreadPacketIns = 0;
          this.monitors.drained();
        },
      },
    });
    this.#connection = connection;
    this.election.join(this);
    owner.opened();
    this.#free();
    const why = await connection.closed;
    this.#flowMods.tell();
    owner.ended(why);
    this.#connection = undefined;
    this.election.leave(this);
    this.bundles.stop();
    this.#parts.stop();
    for (const queue of this.#packetIns) queue.stop();
  }

  close(): void {
    this.#connection?.close();
  }

  /** Sends what answers no request, unless the version cannot say it. */
  send(message: Sent): void {
    this.#tell(() => this.#connection?.reply({ xid: 0 }, message));
  }

  #tell(send: () => void): void {
    try {
      send();
    } catch (why) {
      if (!(why instanceof OpenFlowError)) throw why;
      log.limited('warn', unsent, `${this.name}: not sent (${why.message})`);
    }
  }

  /** Is it sent messages of that kind and reason, a number? */
  receives(kind: AsyncKind, reason: number): boolean {
    if (this.#connection === undefined || (this.kind === 'service' && this.missSendLength === 0))
      return false;
    return isSent(this.asyncConfig, { isSecondary: this.role === 'secondary', kind, reason });
  }

  limitPacketIns(limits: PacketInLimits): void {
    for (const queue of this.#packetIns) queue.configure(limits);
  }

  /**
   * Sends a packet, if it is one that this connection is to have, which it says; later, or never, where there are too
   * many.
   */
  packetIn(packet: PacketForController): boolean {
    if (packet.controllerId !== this.controllerId) return false;
    const reason = packetInReasonOf(packet.reason, this.version);
    if (reason === undefined || !this.receives('packetIn', reason)) return false;
    this.#packetIns[isMiss(packet.reason) ? 0 : 1].push(packet.inPort, packet);
    return true;
  }

  #sendPacketIn(packet: PacketForController): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    if (connection.backlog > freeBacklog && ++this.#unreadPacketIns > this.packetInLimit) {
      log.limited('info', overflow, `${this.name}: dropping packet-in due to queue overflow`);
      return;
    }
    this.send(packetInMessage(packet, this.version, this.packetInFormat));
  }

  #sendUpdates(updates: Iterable<FlowUpdate>): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#tell(() => {
      for (const part of flowUpdateMessages(this.told(updates), connection.version))
        connection.sendBytes(part);
    });
  }

  /** With options of tunnels as the peer knows them. */
  *told(updates: Iterable<FlowUpdate>): IterableIterator<FlowUpdate> {
    const { tlvTable } = this.ofproto;
    for (const update of updates)
      yield 'match' in update ? { ...update, match: tlvTable.restore(update.match) } : update;
  }

  lostPrimary(generation: bigint = 0xffffffffffffffffn): void {
    if (this.version < 4) return; // has no message for it
    this.send({ name: 'ROLE_STATUS', value: { role: 'secondary', reason: 0, generation } });
  }

  reply(to: Received, message: Sent): void {
    this.#connection?.reply(to, message);
  }

  /** Answers with a list of any length; resolves when the peer has taken nearly all of it. */
  async replyList<N extends ListName>(to: Received, name: N, entries: Iterable<EntryOf<N>>): Promise<void> {
    await this.#connection?.replyList(to, name, entries);
  }

  /** Tells the peer what is wrong with the message of these bytes. */
  refuse(why: OpenFlowError, bytes: Uint8Array): void {
    const { errorName } = why;
    log.limited(
      'info',
      sentErrors,
      `${this.name}: sending ${errorName} error reply to ${printedName(bytes)} message`,
    );
    this.#connection?.reply({ xid: xidOf(bytes) }, errorAbout(errorName, bytes));
  }

  #receive(bytes: Uint8Array): void {
    if (this.#isBusy) {
      const copy = bytes.slice();
      this.#waiting.push(() => this.#receive(copy));
      return;
    }
    try {
      received.total++;
      const message = read(bytes, this);
      const isRead = !(message instanceof OpenFlowError);
      const whole = this.#parts.take(isRead ? message : this.#refusalOf(this, message, bytes), bytes);
      const done = whole === undefined ? undefined : this.#handle(this, whole, bytes);
      if (done !== undefined) void this.#finish(done, bytes.slice());
    } catch (why) {
      this.#failed(why, bytes);
    }
  }

  #failed(why: unknown, bytes: Uint8Array): void {
    if (!(why instanceof OpenFlowError)) throw why;
    this.refuse(why, bytes);
  }

  /** Until then nothing else is done for this peer, and nothing is read from it. */
  async #finish(done: Promise<void>, bytes: Uint8Array): Promise<void> {
    this.#isBusy = true;
    this.#connection?.hold(true);
    try {
      await done;
    } catch (why) {
      this.#failed(why, bytes);
    }
    this.#free();
    if (!this.#isBusy) this.#connection?.hold(false);
  }

  #free(): void {
    this.#isBusy = false;
    while (!this.#isBusy) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      next();
    }
  }
}
