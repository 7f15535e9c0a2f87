/** Who asked for a change: a conversation, and the transaction of the request. */
export interface Requester {
  readonly connection: object;
  readonly xid: number;
}
