/**
 * What a maintenance point is told, and what it tells: ovs-vswitchd.conf.db(5), Interface, "Connectivity Fault
 * Management".
 */

export interface CfmSettings {
  /** 1..8191, or any but 0 in extended mode. */
  readonly mpid: bigint;
  /** Milliseconds between two messages; the nearest below that the standard has, but in extended mode. */
  readonly interval: number;
  /** Speaks as only switches of this kind do: any number, any interval, and whether it is switched off. */
  readonly isExtended: boolean;
  /** In extended mode, messages may be missed as long as other packets come. */
  readonly isDemand: boolean;
  /** The operator has not switched it off. */
  readonly isUp: boolean;
}

/** Why a link counts as broken, in the order in which they are told. */
export const cfmFaults = ['recv', 'rdi', 'maid', 'loopback', 'override'] as const;
export type CfmFault = (typeof cfmFaults)[number];

/** What the database shows. */
export interface CfmStatus {
  readonly faults: readonly CfmFault[];
  readonly flapCount: number;
  /** Percent of the messages that should have come; undefined with several others, and while it is not known. */
  readonly health: number | undefined;
  readonly remoteMpids: readonly bigint[];
  /** In extended mode. */
  readonly isRemoteUp: boolean | undefined;
}

export interface CfmReport {
  readonly name: string;
  readonly mpid: string;
  readonly isExtended: boolean;
  /** Somebody has said what it is to tell. */
  readonly isOverridden: boolean;
  readonly faults: readonly CfmFault[];
  readonly health?: number;
  readonly isUp: boolean;
  readonly isRemoteUp: boolean;
  /** Milliseconds. */
  readonly interval: number;
  /** Milliseconds from now. */
  readonly nextMessage: number;
  readonly nextCheck: number;
  readonly remotes: readonly {
    readonly mpid: string;
    readonly hasBeenHeard: boolean;
    readonly isUp: boolean;
  }[];
}
