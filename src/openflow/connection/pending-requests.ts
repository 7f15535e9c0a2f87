/** Requests that wait for their answers, by xid. */
import { xidOf } from './message-stream.ts';
import { isRequest } from './replies.ts';
import { ReplyQueue } from './reply-queue.ts';

export class PendingRequests {
  readonly #byXid = new Map<number, ReplyQueue>();

  /** Bytes of answers that nobody has taken yet. */
  get size(): number {
    let size = 0;
    for (const replies of this.#byXid.values()) size += replies.size;
    return size;
  }

  /** Where the answers of a request will be. */
  open(xid: number): ReplyQueue {
    const replies = new ReplyQueue();
    this.#byXid.set(xid, replies);
    return replies;
  }

  close(xid: number): void {
    this.#byXid.delete(xid);
  }

  /** Keeps a message that answers one of them; false for any other. */
  take(bytes: Uint8Array): boolean {
    const replies = this.#byXid.get(xidOf(bytes));
    if (replies === undefined || isRequest(bytes)) return false;
    replies.push(bytes.slice()); // a piece of the stream may be much larger
    return true;
  }

  /** No answer comes any more. */
  end(why: Error): void {
    for (const replies of this.#byXid.values()) replies.end(why);
  }
}
