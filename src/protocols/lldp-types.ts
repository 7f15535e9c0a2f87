/** What LLDP on a port is told and what it tells. IEEE 802.1AB-2009. */
import type { LldpUnit } from '../wire/lldp.ts';

export interface LldpSettings {
  /** Nothing is sent or heard otherwise, but what is known stays so. */
  readonly isEnabled: boolean;
  /** What the system calls itself; nothing is said of it where empty. */
  readonly systemName: string;
  readonly systemDescription: string;
  /** The VLAN that is to be joined to each service, by I-SID. */
  readonly services: ReadonlyMap<number, number>;
}

export interface LldpNeighbour {
  readonly unit: LldpUnit;
  /** As it came. */
  readonly payload: Uint8Array;
  /** A millisecond of the clock. */
  readonly heardAt: number;
}

/** A service that a VLAN is to be joined to, as far as anybody knows. */
export interface LldpService {
  readonly service: number;
  readonly vlan: number;
  /** What a server said of it; `pending` while none did. */
  status: number;
}

export const pending = 255;

/** Those of the reference, whatever they stand for there. */
export interface LldpCounters {
  sent: number;
  received: number;
  /** Cut short, or contradicts itself. */
  discarded: number;
  /** Parts of units that mean nothing here. */
  unrecognized: number;
  agedOut: number;
  /** Neighbours that came, and that went. */
  inserted: number;
  deleted: number;
  /** Came from neighbours that there was no room for. */
  dropped: number;
}
