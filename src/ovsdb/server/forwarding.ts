/** Transactions on their way to the server that has the database itself: kept while it is away, lost when it goes. */
import type { Json } from '../../rpc/channel.ts';
import { Disconnected } from '../client/errors.ts';
import type { RequestFunction } from '../client/monitor.ts';
import { RequestRefused } from '../client/session.ts';
import type { Forwarder, PendingTransaction, TransactReply } from '../engine/types.ts';

interface Forwarded {
  readonly params: readonly Json[];
  readonly done: (reply: TransactReply) => void;
}

const canceled: TransactReply = { result: null, error: 'canceled' };

export class Forwarding implements Forwarder {
  /** Undefined while there is no server. */
  #request: RequestFunction | undefined;
  /** In order; those that wait for a server as well as those that wait for its answer. */
  readonly #pending = new Set<Forwarded>();

  /** Sends what has waited, and from now on what comes. */
  start(request: RequestFunction): void {
    this.#request = request;
    for (const one of [...this.#pending]) this.#send(one, request);
  }

  /** The connection is gone, and with it the answers to what was sent. */
  stop(): void {
    this.#request = undefined;
  }

  forward(params: readonly Json[], done: (reply: TransactReply) => void): PendingTransaction {
    const one = { params, done };
    this.#pending.add(one);
    if (this.#request !== undefined) this.#send(one, this.#request);
    return { cancel: () => this.#end(one, canceled) };
  }

  #send(one: Forwarded, request: RequestFunction): void {
    request('transact', one.params).then(
      (result) => this.#end(one, { result, error: null }),
      (why: unknown) => {
        if (why instanceof RequestRefused) this.#end(one, { result: null, error: why.error });
        else if (why instanceof Disconnected) this.#end(one, { ...canceled, isLost: true });
        else throw why;
      },
    );
  }

  #end(one: Forwarded, reply: TransactReply): boolean {
    const isPending = this.#pending.delete(one);
    if (isPending) one.done(reply);
    return isPending;
  }
}
