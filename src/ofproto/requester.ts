/** Changes of flows that were asked for. */
export interface FlowModCounts {
  readonly adds: number;
  readonly deletes: number;
  readonly modifications: number;
}

/** Who asked for a change: a conversation, and the transaction of the request. */
export interface Requester {
  /** Is told when changes of flows that it asked for were made. */
  readonly connection: { flowsModified(counts: FlowModCounts): void };
  readonly xid: number;
}
