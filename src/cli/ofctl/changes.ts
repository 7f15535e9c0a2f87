/** Sending changes: each by itself, or all in a bundle that is made as a whole or not at all. */
import { Fatal } from '../../daemon/program.ts';
import { Writer } from '../../openflow/bytes.ts';
import { encodeMessage, type Sent } from '../../openflow/codec.ts';
import type { Connection } from '../../openflow/connection/connection.ts';
import type { ConnectionEvents } from '../../openflow/connection/connection-options.ts';
import { ErrorReply, read } from '../../openflow/connection/replies.ts';
import { OpenFlowError } from '../../openflow/errors.ts';
import type { BundleControl } from '../../openflow/messages/bundles.ts';
import { messageJson } from '../../openflow/text/json.ts';
import type { WireVersion } from '../../openflow/versions.ts';
import type { OfctlContext } from './context.ts';
import { namesToShow } from './names.ts';
import { jsonLine, shownMessage } from './show.ts';
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
    context.end(shownMessage(context, why.bytes, 2, await namesToShow(context, target)));
  }
}

/** Changes in their order, an array or whatever makes the message of one when it is sent. */
export interface Changes {
  readonly length: number;
  at(index: number): Sent | undefined;
}

export function* eachOf(changes: Changes): IterableIterator<Sent> {
  for (let n = 0; n < changes.length; n++) {
    const change = changes.at(n);
    if (change !== undefined) yield change;
  }
}

function slice(changes: Changes, start: number, end: number): Changes {
  return { length: Math.min(end, changes.length) - start, at: (n) => changes.at(start + n) };
}

/** Messages sent before their predecessors are known to have been read. */
const batchSize = 2048;

/** Messages of a bundle that were sent together: their xids follow each other. */
interface Batch {
  readonly firstXid: number;
  readonly start: number;
}

/** Bits of a bundle: atomic, and in the order in which its messages came. */
const bundleFlags = 3;
const bundle = 0;
/** The first version that has bundles. */
const bundleVersion = 4;

/** That many changes and more are worth bundles, each of so many. */
const manyChanges = 256;
const sliceSize = 2048;

/** A bundle in the making: its `events` are those of the connection that it is sent over. */
export class ChangeBundle {
  readonly events: ConnectionEvents = {
    message: (message, bytes) => {
      if (message.name === 'ERROR') this.#errors.push(bytes.slice());
    },
  };
  readonly #errors: Uint8Array[] = [];
  #changes: Changes = [];
  #batches: Batch[] = [];

  /** Makes all changes or none; prints what the switch says against them. Throws Fatal. */
  async perform(
    context: OfctlContext,
    target: string,
    connection: Connection,
    changes: Changes,
  ): Promise<void> {
    const talking = `talking to ${connection.name}`;
    const isDone = await during(talking, this.#try(connection, changes));
    await this.#printErrors(context, target, connection.version);
    if (!isDone) throw new Fatal(`${talking} (Protocol error)`);
  }

  /**
   * Makes each change after the other, up to the first that is refused: prints what the switch says against it, and ends
   * the program. Where there are many, a slice of them is tried as a bundle, which waits for a few answers and not for
   * thousands. When that fails its changes are made one by one, so that as much is done, and the same is said.
   * Differs: the reference asks for an answer to each change; here, since OpenFlow 1.3, many come as bundles of 2048.
   */
  async performEach(
    context: OfctlContext,
    target: string,
    connection: Connection,
    changes: Changes,
  ): Promise<void> {
    let triesBundles = connection.version >= bundleVersion && changes.length >= manyChanges;
    const step = triesBundles ? sliceSize : changes.length;
    for (let start = 0; start < changes.length; start += step) {
      const part = slice(changes, start, start + step);
      triesBundles &&= await during(`talking to ${connection.name}`, this.#trySlice(connection, part));
      if (triesBundles) continue;
      for (const change of eachOf(part)) await perform(context, target, connection, change);
    }
  }

  /** False where the version cannot say one of the changes, too. */
  async #trySlice(connection: Connection, changes: Changes): Promise<boolean> {
    try {
      return await this.#try(connection, changes);
    } catch (why) {
      if (!(why instanceof OpenFlowError)) throw why;
      await this.#control(connection, 'discard_request');
      return false;
    }
  }

  /** Makes all changes or none. */
  async #try(connection: Connection, changes: Changes): Promise<boolean> {
    this.#changes = changes;
    this.#batches = [];
    if (!(await this.#control(connection, 'open_request'))) return false;
    await this.#add(connection);
    const isGood = this.#errors.length === 0;
    return (await this.#control(connection, isGood ? 'commit_request' : 'discard_request')) && isGood;
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

  async #add(connection: Connection): Promise<void> {
    const { length } = this.#changes;
    let before: Promise<void> = Promise.resolve();
    for (let start = 0; start < length; start += batchSize) {
      connection.sendAll(Math.min(batchSize, length - start), (n, xid) => {
        if (n === 0) this.#batches.push({ firstXid: xid, start });
        return this.#addition(connection, start + n, xid);
      });
      const next = connection.barrier();
      next.catch(() => {}); // the one before fails as well
      await before;
      before = next;
    }
    await before;
  }

  #addition({ version }: Connection, index: number, xid: number): Sent {
    const change = this.#changes.at(index);
    if (change === undefined) throw new Error(`there is no change ${index}`);
    return {
      name: 'BUNDLE_ADD_MESSAGE',
      value: { bundle, flags: bundleFlags, message: bytesOf(change, version, xid) },
    };
  }

  /** The change that was sent by that xid. */
  #sentAs(xid: number): Sent | undefined {
    const batch = this.#batches.findLast(({ firstXid }) => firstXid <= xid);
    if (batch === undefined || xid - batch.firstXid >= batchSize) return undefined;
    return this.#changes.at(batch.start + xid - batch.firstXid);
  }

  async #printErrors(context: OfctlContext, target: string, version: WireVersion): Promise<void> {
    const names = await namesToShow(context, target);
    for (const bytes of this.#errors) {
      const error = read(bytes);
      if (error instanceof OpenFlowError || error.name !== 'ERROR') continue;
      const { name, data } = error.value;
      const sent = this.#sentAs(error.xid);
      const whole = sent === undefined ? data : bytesOf(sent, version, error.xid);
      if (context.isJson === true) {
        const about = messageJson(whole, names);
        context.printError(jsonLine({ error: name ?? null, about }));
        continue;
      }
      const about = shownMessage(context, whole, 1, names);
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
