/** `ovs-ts/ovsdb`: the OVSDB engine, server and client as a library. */

export * from './client/index.ts';
export { Database, type DatabaseDeps, type TableView } from './engine/database.ts';
export { ioError, OvsdbError, syntaxError } from './engine/errors.ts';
export type * from './engine/types.ts';
