/** The database of the program: that of a server at some socket, or one that it serves itself. */
import type { Defer } from '../../base/defer.ts';
import type { Timers } from '../../base/timers.ts';
import type { Program } from '../../daemon/program.ts';
import type { Command } from '../../daemon/unixctl.ts';
import { OVSDB_PORT, readActiveRemote } from '../../net/remote.ts';
import type { TlsConfig } from '../../net/tls-config.ts';
import { type Connector, OvsdbClient } from '../../ovsdb/client/index.ts';
import { connectChannel } from '../../rpc/socket-channel.ts';
import { daemonTables, type OvsTables, openVswitch } from '../schema/index.ts';
import type { ProgramOptions } from './options.ts';

/** A database server inside this process. */
export interface OwnDatabase {
  readonly connect: Connector;
  /** What it adds to our control socket. */
  readonly commands: readonly Command[];
  close(): void;
}

/** Opens the database file, which is made when it is missing. Rejects with Fatal. */
export type OpenDatabase = (options: {
  readonly file: string;
  readonly schema: typeof openVswitch;
  readonly rundir: string;
  readonly tls: TlsConfig;
  readonly timers: Timers;
  readonly defer: Defer;
}) => Promise<OwnDatabase>;

/** `own`: the database to use instead of that of a server. */
export function databaseClient(
  program: Program,
  options: ProgramOptions,
  timers: Timers,
  own: OwnDatabase | undefined,
): OvsdbClient<OvsTables> {
  return new OvsdbClient({
    schema: openVswitch,
    tables: daemonTables,
    lock: 'ovs_open_vswitch',
    connect: own === undefined ? socketConnector(program, options) : own.connect,
    remotes: own === undefined ? options.remotes : ['embedded'],
    timers,
  });
}

function socketConnector(program: Program, options: ProgramOptions): Connector {
  const context = { defaultPort: OVSDB_PORT, rundir: program.directories.run };
  return async (remote, signal) =>
    connectChannel(readActiveRemote(remote, context), { tls: options.tls, signal });
}
