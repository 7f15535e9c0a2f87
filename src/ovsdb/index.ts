/// <reference lib="esnext.disposable" preserve="true" />
/**
 * `ovs-ts/ovsdb`: a typed client of any OVSDB server, schemas in TypeScript, and a server inside the caller's process.
 * The package's declarations are those that can be reached from here; what only the project itself uses of their files
 * is marked internal.
 */
export { Refused, SyscallFailed, VswitchError } from '../base/errors.ts';
export { type Unit, type Uuid, uuid } from '../base/units.ts';
export type { WaitOptions } from '../base/waiting.ts';
export type { TlsConfig } from '../net/tls-config.ts';
export type { ChangesOptions, Client, ViewOptions } from './client/api.ts';
export { type ConnectOptions, connect, type ServerOptions } from './client/connect.ts';
export { Disconnected } from './client/errors.ts';
export type * from './client/types.ts';
export { type EmbeddedOvsdb, type EmbedOptions, embedOvsdb } from './embed.ts';
export { OvsdbError } from './engine/errors.ts';
export { schemaFromJson } from './schema-read.ts';
export * from './schema-types.ts';
