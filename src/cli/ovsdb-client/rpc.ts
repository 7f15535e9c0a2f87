/** A bare JSON-RPC connection to a database server, as ovsdb-client's commands use it: requests and notifications. */
import { errnos } from '../../base/errno.ts';
import { Malformed, SyscallFailed } from '../../base/errors.ts';
import type { Connector } from '../../ovsdb/client/session.ts';
import type { Channel, Json, RpcMessage, RpcReply } from '../../rpc/channel.ts';
import { formatJson, type JsonFormat } from '../../rpc/json.ts';
import { CommandFailed } from '../db-ctl/datum-text.ts';

export interface RpcEvents {
  notification(method: string, params: readonly Json[]): void;
}

export class Rpc {
  readonly name: string;
  /** Set before notifications are expected. */
  events: RpcEvents = { notification() {} };
  readonly #channel: Channel;
  readonly #pending = new Map<number, (reply: RpcReply | Error) => void>();
  #nextId = 0;
  #end: Error | undefined;
  #onEnd: ((why: Error) => void) | undefined;

  constructor(channel: Channel, name: string) {
    this.name = name;
    this.#channel = channel;
    channel.events = {
      message: (message) => this.#receive(message),
      closed: (why) => this.#closed(why ?? new Error('End of file')),
    };
  }

  /** The whole reply. Rejects with CommandFailed when the connection is lost. */
  async request(method: string, params: readonly Json[]): Promise<RpcReply> {
    if (this.#end !== undefined) throw failed('transaction failed', this.#end);
    const id = this.#nextId++;
    const reply = await new Promise<RpcReply | Error>((resolve) => {
      this.#pending.set(id, resolve);
      this.#channel.send({ method, params, id });
    });
    if (reply instanceof Error) throw failed('transaction failed', reply);
    return reply;
  }

  /** The result. Rejects with CommandFailed also for an error reply. */
  async call(method: string, params: readonly Json[], format: JsonFormat = {}): Promise<Json> {
    const { result, error } = await this.request(method, params);
    if (error === null) return result;
    throw new CommandFailed(
      `transaction returned error: ${formatJson(error, { isSorted: true, ...format })}`,
    );
  }

  notify(method: string, params: readonly Json[], id: Json): void {
    this.#channel.send(id === null ? { method, params, id } : { method, params, id });
  }

  /** Rejects with CommandFailed when the connection ends; never resolves. */
  untilEnd(): Promise<never> {
    return new Promise((_resolve, reject) => {
      this.#onEnd = (why) => reject(failed(`${this.name}: receive failed`, why));
      if (this.#end !== undefined) this.#onEnd(this.#end);
    });
  }

  close(): void {
    this.#channel.close();
  }

  #receive(message: RpcMessage): void {
    if (!('method' in message)) {
      const resolve = typeof message.id === 'number' ? this.#pending.get(message.id) : undefined;
      if (typeof message.id === 'number') this.#pending.delete(message.id);
      resolve?.(message);
      return;
    }
    const { method, params, id } = message;
    if (id === null) this.events.notification(method, params);
    else if (method === 'echo') this.#channel.send({ result: params, error: null, id });
  }

  #closed(why: Error): void {
    this.#end = why;
    for (const resolve of this.#pending.values()) resolve(why);
    this.#pending.clear();
    this.#onEnd?.(why);
  }
}

/** Throws CommandFailed. */
export async function openRpc(remote: string, connect: Connector): Promise<Rpc> {
  try {
    return new Rpc(await connect(remote), remote);
  } catch (why) {
    if (!(why instanceof Error)) throw why;
    const isUnknownKind = why instanceof SyscallFailed && why.errno === errnos.EAFNOSUPPORT;
    throw failed(`failed to connect ${isUnknownKind ? 'or listen ' : ''}to "${remote}"`, why);
  }
}

function failed(what: string, why: Error): CommandFailed {
  const reason =
    why instanceof SyscallFailed ? why.reason : why instanceof Malformed ? 'Protocol error' : why.message;
  return new CommandFailed(`${what} (${reason})`);
}
