/** Why a packet is sent up on purpose, and what whoever acts on it must know: the user data of `userspace` actions. */
import type { DpPort } from '../base/units.ts';

export type UserspaceCookie =
  /** For a bridge's sFlow; `vlanTci` and `output` as sFlow reports them. */
  | ({ readonly type: 'sFlow'; readonly vlanTci: number; readonly output: number } & OfSwitch)
  /** The switch must look at every packet of this flow. */
  | { readonly type: 'slow_path'; readonly reasons: readonly SlowPathReason[] }
  /** For the collectors of one flow. `probability` in 65536. */
  | ({
      readonly type: 'flow_sample';
      readonly probability: number;
      readonly collectorSetId: number;
      readonly observationDomainId: number;
      readonly observationPointId: number;
      readonly outputPort: DpPort;
      readonly direction?: 'ingress' | 'egress';
    } & OfSwitch)
  /** For a bridge's IPFIX. */
  | ({ readonly type: 'ipfix'; readonly outputPort: DpPort } & OfSwitch)
  /** For a controller. */
  | {
      readonly type: 'controller';
      /** OFPR_*. */
      readonly reason: number;
      readonly isHeldBack: boolean;
      readonly isContinuation: boolean;
      readonly recircId: number;
      /** Two 32-bit halves. */
      readonly ruleCookie: readonly [high: number, low: number];
      readonly controllerId: number;
      readonly maxSize: number;
    }
  /** Somebody else's. */
  | { readonly type: 'userdata'; readonly bytes: readonly number[] };

/** What no text tells. */
interface OfSwitch {
  /** The switch that sampled the packet, by its number in this process. */
  readonly switchId?: number;
  /** What else is done with the packet sends it somewhere. */
  readonly isForwarded?: boolean;
}

export type CookieType = UserspaceCookie['type'];
export type CookieOf<T extends CookieType> = Extract<UserspaceCookie, { type: T }>;

/** In the order of their bits on the wire. */
export const slowPathReasons = ['cfm', 'bfd', 'lacp', 'stp', 'lldp', 'action', 'match'] as const;
export type SlowPathReason = (typeof slowPathReasons)[number];
