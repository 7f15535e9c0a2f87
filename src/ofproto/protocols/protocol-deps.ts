/** What a switch gives each protocol that it speaks. */
import type { Random } from '../../base/random.ts';
import type { Timers } from '../../base/timers.ts';
import type { OfPort } from '../../base/units.ts';
import type { OfprotoConfig } from '../config.ts';
import type { Bundle, OfprotoPort } from '../port.ts';

export interface ProtocolDeps {
  readonly timers: Timers;
  readonly random: Random;
  readonly ports: () => ReadonlyMap<OfPort, OfprotoPort>;
  /** What the switch is to be. */
  readonly config: () => OfprotoConfig;
  /** Sends a frame out of a port. */
  readonly send: (port: OfprotoPort, frame: Uint8Array, options?: SendOptions) => void;
  /** What sends an untagged frame that often is the same, each time it is called. */
  readonly prepare: (port: OfprotoPort, frame: Uint8Array, options?: SendOptions) => () => void;
  /** The link of a port may be used now, or not any more. */
  readonly linkChanged: (port: OfprotoPort) => void;
  /** Flows may be wrong. */
  readonly changed: () => void;
  readonly status: StatusEvents;
}

export interface SendOptions {
  /** In a tunnel, it is marked as being of operation and maintenance. */
  readonly isOam: boolean;
}

/** What the database shows may be another. */
export interface StatusEvents {
  readonly bundle: (bundle: Bundle) => void;
  readonly port: (port: OfprotoPort) => void;
  /** Of the switch as a whole. */
  readonly bridge: () => void;
  /** A port is to carry a VLAN for a service of the network, or no longer. */
  readonly attached: (port: OfprotoPort, vlan: number, isWanted: boolean) => void;
}

/** Nobody shows anything. */
export const untoldStatus: StatusEvents = { bundle() {}, port() {}, bridge() {}, attached() {} };
