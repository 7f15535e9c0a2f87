/** Prints each message of a switch on standard error as it comes, and answers what must be answered. */
import { systemClock } from '../../base/clock.ts';
import { strftime } from '../../base/strftime.ts';
import { printError } from '../../daemon/output.ts';
import { Reader } from '../../openflow/bytes.ts';
import { decodeMessage, messageBytes, type Received, readHead } from '../../openflow/codec.ts';
import type { Connection } from '../../openflow/connection/connection.ts';
import type { ConnectionEvents } from '../../openflow/connection/connection-options.ts';
import { OpenFlowError } from '../../openflow/errors.ts';
import type { PacketIn } from '../../openflow/messages/packet-in.ts';
import { isGiven, type OfctlContext } from './context.ts';
import { type NameText, numbersOnly } from './names.ts';
import { shownMessage } from './show.ts';

interface WatcherOptions {
  /** Echo requests get their replies. */
  readonly answers: boolean;
  /** Packets that wait for a controller are sent on. */
  readonly resumes: boolean;
}

export class Watcher implements ConnectionEvents {
  /** As ports and tables are shown. */
  names: NameText = numbersOnly;
  onBarrierReply: () => void = () => {};
  readonly #context: OfctlContext;
  readonly #options: WatcherOptions;
  /** Messages that have come since the last answer; printed when it starts. */
  #kept: Uint8Array[] | undefined;
  #isBarrierNext = false;
  #connection: Connection | undefined;

  constructor(context: OfctlContext, options: WatcherOptions) {
    this.#context = context;
    this.#options = options;
  }

  /** What comes from here on is kept. */
  keepAll(): void {
    this.#kept = [];
  }

  /** What comes behind the next barrier reply is kept, and nothing before it. */
  keepAfterBarrier(): void {
    this.#kept = undefined;
    this.#isBarrierNext = true;
  }

  /** Prints what was kept, and then all that comes. */
  start(connection: Connection): void {
    this.#connection = connection;
    const kept = this.#kept ?? [];
    this.#kept = undefined;
    for (const bytes of kept) this.#take(connection, bytes);
  }

  /** What comes while the connection is set up is of no interest. */
  message(): void {}

  intercept(bytes: Uint8Array): boolean {
    if (this.#connection !== undefined) this.#take(this.#connection, bytes);
    else if (this.#kept !== undefined) this.#kept.push(bytes.slice());
    else {
      if (this.#isBarrierNext && nameOf(bytes) === 'BARRIER_REPLY') this.keepAll();
      return false;
    }
    return true;
  }

  #take(connection: Connection, bytes: Uint8Array): void {
    const time = isGiven(this.#context, 'timestamp')
      ? strftime('%Y-%m-%d %H:%M:%S.###: ', systemClock.wall(), 'utc')
      : '';
    printError(this.#format(bytes, time));
    const name = nameOf(bytes);
    if (name === 'BARRIER_REPLY') this.onBarrierReply();
    else if (name === 'ECHO_REQUEST' && this.#options.answers) answer(connection, decodeMessage(bytes));
    else if (name === 'PACKET_IN' && this.#options.resumes) this.#resume(connection, bytes);
  }

  #format(bytes: Uint8Array, time?: string): string {
    return shownMessage(this.#context, bytes, 2, this.names, time);
  }

  #resume(connection: Connection, bytes: Uint8Array): void {
    let packet: PacketIn | undefined;
    try {
      const message = decodeMessage(bytes);
      if (message.name === 'PACKET_IN') packet = message.value;
    } catch (why) {
      if (!(why instanceof OpenFlowError)) throw why;
      printError(`decoding packet-in failed: ${why.errorName}`);
    }
    if (packet === undefined || packet.continuation.length === 0) return;
    const answer = messageBytes({ name: 'RESUME', value: packet }, connection.version);
    if (this.#context.isJson !== true) printError('send: ');
    printError(this.#format(answer));
    connection.sendBytes(answer);
  }
}

/** Answers an echo request, whatever is in it. */
function answer(connection: Connection, request: Received): void {
  if (request.name === 'ECHO_REQUEST')
    connection.reply(request, { name: 'ECHO_REPLY', value: request.value });
}

/** undefined for a message that nobody knows. */
function nameOf(bytes: Uint8Array): string | undefined {
  try {
    return readHead(new Reader(bytes)).known.name;
  } catch (why) {
    if (why instanceof OpenFlowError) return undefined;
    throw why;
  }
}
