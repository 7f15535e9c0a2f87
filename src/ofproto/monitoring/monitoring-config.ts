/** How the link of a port is monitored: what `vswitchd` asks for. */
import type { BfdSettings } from '../../protocols/bfd-types.ts';
import type { CfmSettings } from '../../protocols/cfm-types.ts';

export interface PortCfm extends CfmSettings {
  /** Of its messages; 0 for none. */
  readonly vlan: number | 'random';
  /** 0..7; another than 0 has a tag of its own. */
  readonly priority: number;
  /** Messages come by tunnels under key 0 only. */
  readonly checksTunnelKey: boolean;
}

export interface PortBfd extends BfdSettings {
  readonly checksTunnelKey: boolean;
  /** Packets in tunnels are marked as being of operation and maintenance. */
  readonly isOam: boolean;
  /** "xx:xx:xx:xx:xx:xx"; that of the port where undefined. */
  readonly localSource: string | undefined;
  readonly localDestination: string | undefined;
  /** Packets come to that address only, where it is said. */
  readonly remoteDestination: string | undefined;
  /** IPv4 addresses. */
  readonly source: number;
  readonly destination: number;
  /** What was given in place of one of them, and is none. */
  readonly unusableAddresses: readonly string[];
}

/** Link-local ones, as they are where nothing is said: 169.254.1.1 and 169.254.1.0. */
export const defaultBfdSource = 0xa9fe0101;
export const defaultBfdDestination = 0xa9fe0100;

export interface PortMonitoring {
  readonly cfm: PortCfm | undefined;
  readonly bfd: PortBfd | undefined;
}

export const noMonitoring: PortMonitoring = { cfm: undefined, bfd: undefined };
