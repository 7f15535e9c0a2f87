/** What every command of ovs-ofctl is given. */
import type { TlsConfig } from '../../net/tls-config.ts';
import type { Allowed } from './allowed.ts';

export interface OfctlContext {
  /** How often -m was given. */
  readonly verbosity: number;
  /** Standard input has bytes, not hexadecimal digits. */
  readonly isRaw: boolean;
  /** What may be spoken. */
  readonly allowed: Allowed;
  /** Where the sockets of bridges are. */
  readonly rundir: string;
  readonly tls: TlsConfig;
  /** Counts on over all connections. */
  readonly nextXid: () => number;
  print(text: string): void;
  /** A line of the program's own on standard error. */
  warn(text: string): void;
}
