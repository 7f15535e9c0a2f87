/**
 * One conversation of a bridge with a controller or a tool: what it was told of itself, and what it is sent. What
 * becomes of each message is in `requests.ts`.
 */
import { LimitedSite, logger } from '../../base/log.ts';
import type { Stream } from '../../net/stream.ts';
import { type EntryOf, type ListName, printedName, type Received, type Sent } from '../../openflow/codec.ts';
import {
  type Connection,
  errorDataSize,
  openConnection,
  xidOf,
} from '../../openflow/connection/connection.ts';
import { errorMessage } from '../../openflow/connection/replies.ts';
import { OpenFlowError } from '../../openflow/errors.ts';
import type { SwitchConfig } from '../../openflow/messages/configuration.ts';
import type { FlowMod } from '../../openflow/messages/flow-mod.ts';
import type { WireVersion } from '../../openflow/versions.ts';
import type { Ofproto } from '../ofproto.ts';
import { ConnectionBundles } from './connection-bundles.ts';

const log = logger('connmgr');
const sentErrors = new LimitedSite({ perMinute: 10, burst: 10 });

type MessageHandler = (c: SwitchConnection, message: Received, bytes: Uint8Array) => Promise<void> | void;

export class SwitchConnection {
  readonly ofproto: Ofproto;
  readonly bundles = new ConnectionBundles<FlowMod>();
  /** Changes of flows tell their table in OpenFlow 1.0 too. */
  tellsTable = false;
  config: SwitchConfig = { fragments: 'normal', invalidTtlToController: false, missSendLength: 0 };
  #connection: Connection | undefined;
  /** What came before it could be dealt with. */
  readonly #waiting: (() => void)[] = [];
  readonly #handle: MessageHandler;
  #isBusy = true;

  constructor(ofproto: Ofproto, handle: MessageHandler) {
    this.ofproto = ofproto;
    this.#handle = handle;
  }

  /** "br0<->unix#0" */
  get name(): string {
    return `${this.ofproto.name}<->${this.#connection?.name}`;
  }

  get version(): WireVersion {
    return this.#connection?.version ?? 1;
  }

  /** Resolves at the end of the conversation. Rejects with SyscallFailed where the peer speaks no common version. */
  async converse(stream: Stream, versions: readonly WireVersion[]): Promise<void> {
    const connection = await openConnection(stream, {
      versions,
      events: {
        message: (message, bytes) => this.#receive(message, bytes),
        malformed: (why, bytes) => this.#whenFree(() => this.refuse(why, bytes)),
      },
    });
    this.#connection = connection;
    this.#free();
    await connection.closed;
  }

  close(): void {
    this.#connection?.close();
  }

  send(message: Sent): void {
    this.#connection?.send(message);
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
    this.#connection?.reply({ xid: xidOf(bytes) }, errorMessage(errorName, bytes.slice(0, errorDataSize)));
  }

  #receive(message: Received, bytes: Uint8Array): void {
    if (this.#isBusy) {
      const copy = bytes.slice();
      this.#waiting.push(() => this.#receive(message, copy));
      return;
    }
    try {
      const done = this.#handle(this, message, bytes);
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

  #whenFree(act: () => void): void {
    if (this.#isBusy) this.#waiting.push(act);
    else act();
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
