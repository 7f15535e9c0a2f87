/** Sending changes: each by itself, or all in a bundle that is made as a whole or not at all. */
import { Fatal } from '../../daemon/program.ts';
import { Writer } from '../../openflow/bytes.ts';
import { encodeMessage, type Sent } from '../../openflow/codec.ts';
import type { Connection, ConnectionEvents } from '../../openflow/connection/connection.ts';
import { ErrorReply, read } from '../../openflow/connection/replies.ts';
import { OpenFlowError } from '../../openflow/errors.ts';
import type { BundleControl } from '../../openflow/messages/bundles.ts';
import { formatMessage } from '../../openflow/text/messages.ts';
import type { WireVersion } from '../../openflow/versions.ts';
import type { OfctlContext } from './context.ts';
import { namesToShow } from './names.ts';
import { during } from './target.ts';

/** Sends a change; prints the switch's error and ends the program where it is refused. */
export async function perform(
  context: OfctlContext,
  target: string,
  connection: Connection,
  message: Sent | ((xid: number) => Sent),
): Promise<void> {
  try {
    await during(`talking to ${connection.name}`, connection.perform(message));
  } catch (why) {
    if (!(why instanceof ErrorReply)) throw why;
    context.end(formatMessage(why.bytes, context.verbosity + 2, await namesToShow(context, target)));
  }
}

/** Messages sent before their predecessors are known to have been read. */
const batchSize = 2048;

/** Bits of a bundle: atomic, and in the order in which its messages came. */
const bundleFlags = 3;
const bundle = 0;

/** A bundle in the making: its `events` are those of the connection that it is sent over. */
export class ChangeBundle {
  readonly events: ConnectionEvents = {
    message: (message, bytes) => {
      if (message.name === 'ERROR') this.#errors.push(bytes.slice());
    },
  };
  readonly #errors: Uint8Array[] = [];
  /** The messages in it by their xids. */
  readonly #sent = new Map<number, Sent>();

  /** Makes all changes or none; prints what the switch says against them. Throws Fatal. */
  async perform(
    context: OfctlContext,
    target: string,
    connection: Connection,
    messages: readonly Sent[],
  ): Promise<void> {
    const talking = `talking to ${connection.name}`;
    let isDone = await during(talking, this.#control(connection, 'open_request'));
    if (isDone) {
      await during(talking, this.#add(connection, messages));
      const isGood = this.#errors.length === 0;
      isDone =
        (await during(talking, this.#control(connection, isGood ? 'commit_request' : 'discard_request'))) &&
        isGood;
    }
    await this.#printErrors(context, target, connection.version);
    if (!isDone) throw new Fatal(`${talking} (Protocol error)`);
  }

  /** Did the switch agree? */
  async #control(connection: Connection, type: BundleControl['type']): Promise<boolean> {
    const value = { bundle, type, flags: bundleFlags };
    for await (const bytes of connection.exchange({ name: 'BUNDLE_CONTROL', value })) {
      const answer = read(bytes);
      if (answer?.name === 'ERROR') this.#errors.push(bytes);
      else if (answer?.name === 'BUNDLE_CONTROL')
        return answer.value.type === String(type).replace('request', 'reply');
    }
    return false;
  }

  async #add(connection: Connection, messages: readonly Sent[]): Promise<void> {
    let before: Promise<void> = Promise.resolve();
    for (let at = 0; at < messages.length; at += batchSize) {
      const batch = messages.slice(at, at + batchSize);
      connection.sendAll(batch.map((message) => (xid: number) => this.#addition(connection, message, xid)));
      const next = connection.barrier();
      next.catch(() => {}); // the one before fails as well
      await before;
      before = next;
    }
    await before;
  }

  #addition({ version }: Connection, message: Sent, xid: number): Sent {
    this.#sent.set(xid, message);
    return {
      name: 'BUNDLE_ADD_MESSAGE',
      value: { bundle, flags: bundleFlags, message: bytesOf(message, version, xid) },
    };
  }

  async #printErrors(context: OfctlContext, target: string, version: WireVersion): Promise<void> {
    const names = await namesToShow(context, target);
    for (const bytes of this.#errors) {
      const error = read(bytes);
      if (error instanceof OpenFlowError || error.name !== 'ERROR') continue;
      const { name, data } = error.value;
      const sent = this.#sent.get(error.xid);
      const whole = sent === undefined ? data : bytesOf(sent, version, error.xid);
      const about = formatMessage(whole, context.verbosity + 1, names);
      context.printError(name === undefined ? '***decode error***' : `Error ${name} for: ${about}`);
    }
  }
}

/** For one message at a time. */
const writer = new Writer();

/** Good until the next call. */
function bytesOf(message: Sent, version: WireVersion, xid: number): Uint8Array {
  writer.size = 0;
  encodeMessage(writer, version, message, xid);
  return writer.written;
}
