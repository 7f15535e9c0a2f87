/** What a Port row asks for: a bundle of interfaces, and how they are one port. */
import type { Uuid } from '../../base/units.ts';
import {
  type BundleConfig,
  type BundleLacp,
  defaultMemberLacp,
  type VlanMode,
} from '../../ofproto/config.ts';
import { noMonitoring } from '../../ofproto/monitoring/monitoring-config.ts';
import type { BondSettings } from '../../protocols/bond-settings.ts';
import type { OvsRow } from '../schema/index.ts';
import { portKeys } from './config-keys.ts';
import type { WantedInterface } from './interface-rows.ts';
import { readKeys, type Values } from './keys.ts';
import { normalizeMac, zeroMac } from './mac.ts';
import { readTreePort } from './tree-rows.ts';

/** A bundle but for its members, which are names until they have numbers. */
type BundleSettings = Omit<BundleConfig, 'members' | 'memberLacp'>;

export interface WantedPort {
  readonly id: Uuid;
  readonly name: string;
  readonly bundle: BundleSettings;
  /** Made by `ovs-vsctl add-br BR PARENT VLAN`: its device has the parent bridge's address. */
  readonly isFakeBridge: boolean;
  readonly mac: string | undefined;
  /** The row's. */
  readonly tag: number | undefined;
  /** Sorted by name, the one that is no member last. */
  readonly interfaces: readonly WantedInterface[];
}

export function readPort(row: OvsRow<'Port'>, interfaces: readonly WantedInterface[]): WantedPort {
  return {
    id: row._uuid,
    name: row.name,
    bundle: readBundle(row),
    isFakeBridge: row.fake_bridge,
    mac: row.mac === undefined ? undefined : normalizeMac(row.mac),
    tag: row.tag,
    interfaces: [...interfaces, ...ownDevice(row, interfaces)],
  };
}

/**
 * The device that a bond gets for those who look for one of its name.
 * Differs: it comes and goes with bond_fake_iface; the reference makes it only while it adds a member.
 */
function ownDevice(
  { _uuid: id, name, bond_fake_iface: isAsked }: OvsRow<'Port'>,
  members: readonly WantedInterface[],
): WantedInterface[] {
  if (!isAsked || members.length < 2 || members.some((member) => member.name === name)) return [];
  return [
    {
      ...{
        id,
        name,
        type: 'internal',
        options: new Map(),
        mac: undefined,
        mtuRequest: undefined,
        queueCores: new Map(),
        isSpread: false,
        limits: [],
        qos: undefined,
        linkPolling: undefined,
      },
      ...{ ofportRequest: undefined, ofport: undefined, patchPeer: undefined },
      lacp: defaultMemberLacp,
      monitoring: noMonitoring,
      discovery: 'unset',
      isMember: false,
    },
  ];
}

function readBundle(row: OvsRow<'Port'>): BundleSettings {
  const keys = readKeys(portKeys, row.other_config);
  return {
    bond: readBond(row, keys),
    lacp: readLacp(row, keys),
    vlanMode: vlanModeOf(row),
    tag: row.tag ?? 0,
    trunks: row.trunks,
    cvlans: row.cvlans,
    qinqEthertype: keys.qinqEthtype === '802.1q' ? 0x8100 : 0x88a8,
    priorityTags: keys.priorityTags,
    isProtected: row.protected,
    tree: readTreePort(keys),
    multicastFlood: keys.multicastFlood,
    multicastFloodReports: keys.multicastFloodReports,
  };
}

/** Only links of a bond are asked for. */
export function readLinkPolling({ other_config, interfaces }: OvsRow<'Port'>): number | undefined {
  const { detectMode, miimonInterval } = readKeys(portKeys, other_config);
  return detectMode === 'miimon' && interfaces.length > 1 ? miimonInterval : undefined;
}

function readBond(row: OvsRow<'Port'>, keys: Values<typeof portKeys>): BondSettings {
  const { rebalanceInterval: interval, lacpFallback } = keys;
  const mode = row.bond_mode ?? 'active-backup';
  return {
    mode,
    updelay: Math.max(0, Number(row.bond_updelay)),
    downdelay: Math.max(0, Number(row.bond_downdelay)),
    rebalanceInterval: interval === 0 ? 0 : Math.max(1000, interval),
    hashBasis: keys.hashBasis >>> 0,
    primary: mode === 'active-backup' || lacpFallback ? keys.primary : undefined,
    admitsAllMembers: mode === 'balance-slb' && keys.allMembersActive,
    fallsBack: lacpFallback,
    usesLbOutput: mode === 'balance-tcp' && keys.lbOutput,
  };
}

/** None is spoken under an address that is none. */
function readLacp(row: OvsRow<'Port'>, keys: Values<typeof portKeys>): BundleLacp | undefined {
  const { lacpSystemId: systemId, lacpSystemPriority: systemPriority } = keys;
  const isOff = row.lacp === undefined || row.lacp === 'off';
  const isUnusable = row.other_config.has('lacp-system-id') && (systemId ?? zeroMac) === zeroMac;
  if (isOff || isUnusable) return undefined;
  return {
    isActive: row.lacp === 'active',
    isFast: keys.lacpTime === 'fast',
    fallsBack: keys.lacpFallback,
    systemId,
    systemPriority,
  };
}

/** Without a mode, a tag makes an access port. */
function vlanModeOf(row: OvsRow<'Port'>): VlanMode {
  return row.vlan_mode ?? (row.tag === undefined ? 'trunk' : 'access');
}
