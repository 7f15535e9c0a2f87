/** The typed client, as other folders import it. */
export { type ClientOptions, OvsdbClient } from './client.ts';
export { type Connector, Disconnected, Session, type SessionEvents, type SessionOptions } from './session.ts';
export type {
  ChangeSet,
  ColumnName,
  Condition,
  Conditions,
  Index,
  Mutations,
  Outcome,
  RowDelta,
  TableName,
  Tables,
  Transaction,
  View,
} from './types.ts';
