/** What a bond is to be: ovs-vswitchd.conf.db(5), Port, "Bonding Configuration". */

export type BondMode = 'active-backup' | 'balance-slb' | 'balance-tcp';

export interface BondSettings {
  readonly mode: BondMode;
  /** Milliseconds that a link is to stay up, or down, before its member is enabled, or disabled. */
  readonly updelay: number;
  readonly downdelay: number;
  /** Milliseconds between two looks at the load of members; 0 for never. */
  readonly rebalanceInterval: number;
  readonly hashBasis: number;
  /** The member that is active whenever it is enabled. */
  readonly primary: string | undefined;
  /** Frames for groups come in by every member, in mode balance-slb. */
  readonly admitsAllMembers: boolean;
  /** While LACP finds no partner, it is an active-backup bond. */
  readonly fallsBack: boolean;
  /** The datapath is told whose each hash is, where it can be. */
  readonly usesLbOutput: boolean;
}

/** What every column of a Port row says when it is empty. */
export const defaultBondSettings: BondSettings = {
  mode: 'active-backup',
  updelay: 0,
  downdelay: 0,
  rebalanceInterval: 10_000,
  hashBasis: 0,
  primary: undefined,
  admitsAllMembers: false,
  fallsBack: false,
  usesLbOutput: false,
};
