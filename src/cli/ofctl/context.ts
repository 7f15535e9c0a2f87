/** What every command of ovs-ofctl is given. */
import type { TlsConfig } from '../../net/tls-config.ts';
import type { WireVersion } from '../../openflow/versions.ts';

export interface OfctlContext {
  /** How often -m was given. */
  readonly verbosity: number;
  /** Standard input has bytes, not hexadecimal digits. */
  readonly isRaw: boolean;
  /** Those of -O. */
  readonly versions: readonly WireVersion[];
  /** Where the sockets of bridges are. */
  readonly rundir: string;
  readonly tls: TlsConfig;
  /** Counts on over all connections. */
  readonly nextXid: () => number;
  print(text: string): void;
}
