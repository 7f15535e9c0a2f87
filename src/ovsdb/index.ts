/** `ovs-ts/ovsdb`: the OVSDB engine, server and client as a library. */

export * from './client/index.ts';
export { type EmbeddedOvsdb, type EmbedOptions, embedOvsdb } from './embed.ts';
export { Condition, conditionFromJson } from './engine/condition.ts';
export { Database, type DatabaseDeps, type TableView } from './engine/database.ts';
export {
  datumFromJson,
  datumToJson,
  equalDatums,
  formatDatum,
  isAtoms,
  isDefaultDatum,
} from './engine/datum.ts';
export { diffDatums } from './engine/datum-algebra.ts';
export { ioError, OvsdbError, syntaxError } from './engine/errors.ts';
export { MemberReader } from './engine/member-reader.ts';
export { cell, rowToJson } from './engine/row.ts';
export { equalSchemas, schemaFromJson, schemaToJson } from './engine/schema.ts';
export type * from './engine/types.ts';
export { atom, column, type Row as TypedRow, type Schema, schema, table } from './schema-types.ts';
export { defaultLimits, type ServerLimits } from './server/context.ts';
export { OvsdbServer, type OvsdbServerDeps, type ServerUsage } from './server/server.ts';
export type { ServeOptions } from './server/session.ts';
export { type FileLock, type LockFile, lockPath } from './storage/log-file.ts';
export { createDatabaseFile, type OpenOptions, openStore, Store, type StoreDeps } from './storage/store.ts';
