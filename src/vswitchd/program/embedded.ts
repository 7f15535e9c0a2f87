/** The database inside this process: its file, the server, and the sockets on which tools reach it. */
import type { Soon } from '../../base/soon.ts';
import type { Timers } from '../../base/timers.ts';
import type { Connector } from '../../ovsdb/client/index.ts';
import type { TlsConfig } from '../../rpc/tls.ts';

export interface EmbeddedDatabaseOptions {
  /** Made when missing. */
  readonly file: string;
  readonly rundir: string;
  readonly tls: TlsConfig;
  readonly timers: Timers;
  readonly soon: Soon;
}

export interface EmbeddedDatabase {
  readonly connect: Connector;
  close(): Promise<void>;
  /** Synchronously, for the end of the process. */
  closeNow(): void;
}

/** Throws SyscallFailed or Malformed when the file cannot be used, Fatal when another server has it. */
export async function openEmbeddedDatabase(options: EmbeddedDatabaseOptions): Promise<EmbeddedDatabase> {
  throw new Error(`not yet: ${options.file}`);
}
