/**
 * What becomes of each message that comes once the version is agreed: an echo is answered, an answer goes to who asked,
 * the rest to the owner of the conversation, or waits for it.
 */
import { logger } from '../../base/log.ts';
import { headerSize, type Sent } from '../codec.ts';
import { OpenFlowError } from '../errors.ts';
import { knownVersion, type WireVersion } from '../versions.ts';
import type { ConnectionEvents } from './connection-options.ts';
import { badMessage } from './handshake.ts';
import { xidOf } from './message-stream.ts';
import { formatVersion } from './negotiation.ts';
import type { PendingRequests } from './pending-requests.ts';
import { errorAbout, read } from './replies.ts';
import type { UnaskedMessages } from './unasked-messages.ts';

/** Types of messages that any version has by the same numbers. */
const symmetric = { hello: 0, error: 1, echoRequest: 2, echoReply: 3 } as const;

const log = logger('vconn');

export interface IncomingMessagesDeps {
  /** Of the peer, for the log. */
  readonly name: string;
  readonly events: ConnectionEvents;
  /** Messages of other versions than the agreed one are taken too. */
  readonly takesAnyVersion: boolean;
  /** Echo requests are messages like others. */
  readonly leavesEchoes: boolean;
  readonly requests: PendingRequests;
  readonly unasked: UnaskedMessages;
  readonly write: (version: WireVersion, message: Sent, xid: number) => void;
}

export class IncomingMessages {
  readonly #deps: IncomingMessagesDeps;

  constructor(deps: IncomingMessagesDeps) {
    this.#deps = deps;
  }

  take(bytes: Uint8Array, version: WireVersion): void {
    const { events, takesAnyVersion, leavesEchoes, requests, unasked, write } = this.#deps;
    const [sender, type = 0] = bytes;
    if (sender !== version && type > symmetric.echoReply && !takesAnyVersion) {
      this.#refuseVersion(bytes, version);
      return;
    }
    if (events.intercept?.(bytes) === true) return;
    if (type === symmetric.echoRequest && !leavesEchoes) {
      write(version, { name: 'ECHO_REPLY', value: { data: bytes.subarray(headerSize) } }, xidOf(bytes));
      return;
    }
    if (type !== symmetric.hello && requests.take(bytes)) return;
    if (events.unread !== undefined) {
      events.unread(bytes);
      return;
    }
    if (events.message === undefined) {
      unasked.keep(bytes);
      return;
    }
    const message = read(bytes);
    if (message instanceof OpenFlowError) events.malformed?.(message, bytes);
    else events.message(message, bytes);
  }

  #refuseVersion(bytes: Uint8Array, version: WireVersion): void {
    const { name, write } = this.#deps;
    const [sender = 0] = bytes;
    const expected = version.toString(16).padStart(2, '0');
    const why = `received OpenFlow version ${formatVersion(sender)} != expected ${expected}`;
    log.limited('err', badMessage, `${name}: ${why}`);
    write(knownVersion(sender), errorAbout('OFPBRC_BAD_VERSION', bytes), xidOf(bytes));
  }
}
