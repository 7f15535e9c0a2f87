/**
 * What tunnels need to know of the host: which addresses its devices have, and where its packets go. Behind it is the
 * kernel (`kernel-network.ts`), with dummy devices beside its own where there are some.
 */
import type { IpPrefix } from '../base/ip-prefix.ts';

/** An address of a device, with the size of its network. */
export type DeviceAddress = IpPrefix;

export interface HostDevice {
  /** "xx:xx:xx:xx:xx:xx"; undefined where it has none. */
  readonly mac: string | undefined;
  readonly isLoopback: boolean;
  readonly hasCarrier: boolean;
  readonly addresses: readonly DeviceAddress[];
}

/** A route of the host's own. */
export interface HostRoute {
  /** 4 or 16 bytes. */
  readonly destination: Uint8Array;
  readonly prefix: number;
  readonly device: string;
  /** Undefined for what is on the link itself. */
  readonly gateway: Uint8Array | undefined;
  /** Its destination is the host. */
  readonly isLocal: boolean;
  /** Of packets that it is for; 0 for those without. */
  readonly mark: number;
}

export interface HostNetworkEvents {
  /** What `routes` says may be something else. */
  routesChanged(): void;
  /** What `device` says of it may be. */
  deviceChanged(name: string): void;
}

export interface HostNetwork {
  /** Undefined where there is none of that name. */
  device(name: string): HostDevice | undefined;
  routes(): readonly HostRoute[];
  watch(events: HostNetworkEvents): void;
}

/** Of a host without any. */
export const noNetwork: HostNetwork = { device: () => undefined, routes: () => [], watch: () => {} };
