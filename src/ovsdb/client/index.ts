/** The typed client, as other folders import it. */
export { OvsdbClient } from './client.ts';
export type { Connector } from './session.ts';
export type { ChangeSet, Outcome, RowDelta, Transaction, View } from './types.ts';
