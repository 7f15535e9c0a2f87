/**
 * What the database asks for, as checked values: one reader a table. Pure; used by `model.ts`.
 * Unusable values count as absent (the reference does the same); the operator is told by `GapLog`.
 */

import { type OfPort, ofPort, type Uuid } from '../../base/units.ts';
import type { DpMeter } from '../../datapath/meter.ts';
import { isActiveName, needsProbes } from '../../net/remote.ts';
import type { TlsConfig } from '../../net/tls-config.ts';
import {
  type AutoAttachConfig,
  type BundleConfig,
  type BundleLacp,
  type ControllerSettings,
  defaultController,
  defaultMemberLacp,
  type FlowTableConfig,
  type MemberLacp,
  type PortDiscovery,
  type VlanMode,
} from '../../ofproto/config.ts';
import { noMonitoring, type PortMonitoring } from '../../ofproto/monitoring/monitoring-config.ts';
import { localPort } from '../../ofproto/port.ts';
import type { TreeConfig } from '../../ofproto/spanning-tree/tree-config.ts';
import { allVersions, versionNamed, type WireVersion } from '../../openflow/versions.ts';
import type { Integer } from '../../ovsdb/schema-types.ts';
import type { BondSettings } from '../../protocols/bond-settings.ts';
import type { OvsRow } from '../schema/index.ts';
import { readAutoAttach, readDiscovery } from './auto-attach-rows.ts';
import { bridgeKeys, controllerKeys, interfaceKeys, portKeys } from './config-keys.ts';
import { type ExporterRows, readExporters, type WantedExporters } from './exporter-rows.ts';
import { readKeys, type Values } from './keys.ts';
import { type LocalAddress, readLocalAddress } from './local-address.ts';
import { isHostMac, normalizeMac, zeroMac } from './mac.ts';
import type { WantedMirror } from './mirror-rows.ts';
import { readMonitoring } from './monitoring-rows.ts';
import { qosColumns, queueColumns, type WantedQos } from './qos-rows.ts';
import { readTree, readTreePort } from './tree-rows.ts';

export interface WantedInterface {
  readonly id: Uuid;
  readonly name: string;
  /** Never empty: "system" when the row says nothing, "internal" for the device of the bridge's own name. */
  readonly type: string;
  readonly options: ReadonlyMap<string, string>;
  /** Only internal ones have one of their own; the local port's is the bridge's. */
  readonly mac: string | undefined;
  readonly mtuRequest: number | undefined;
  /** Cores that its receive queues are bound to, by queue. */
  readonly queueCores: ReadonlyMap<number, number>;
  /** Its packets are spread over send queues by their connection. */
  readonly isSpread: boolean;
  /** A number that the operator insists on. */
  readonly ofportRequest: OfPort | undefined;
  /** The number that it had before, from the database. */
  readonly ofport: OfPort | undefined;
  readonly patchPeer: string | undefined;
  /** What may come in. */
  readonly limits: readonly DpMeter[];
  /** How its link is monitored. */
  readonly monitoring: PortMonitoring;
  /** How what goes out is shaped; its port says that. */
  readonly qos: WantedQos | undefined;
  readonly discovery: PortDiscovery;
  /** How often the device itself is asked whether its link is up; milliseconds. Undefined: what the kernel tells counts. */
  readonly linkPolling: number | undefined;
  /** As far as it speaks LACP. */
  readonly lacp: MemberLacp;
  /** False for the device of a bond's own name: frames pass by it as flows say, and by no row of the database is it known. */
  readonly isMember: boolean;
}

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

export interface BridgeSettings extends Values<typeof bridgeKeys> {
  /** "system" or as the row says. */
  readonly datapathType: string;
  readonly failMode: 'standalone' | 'secure';
  readonly floodVlans: readonly number[];
  readonly isSnooping: boolean;
  readonly autoAttach: AutoAttachConfig;
  readonly versions: readonly WireVersion[];
  /** By number. */
  readonly tables: readonly FlowTableConfig[];
  /** In the order of their rows' uuids. */
  readonly controllers: readonly WantedController[];
  readonly mirrors: readonly WantedMirror[];
  readonly tree: TreeConfig | undefined;
  readonly exporters: WantedExporters;
}

/** What a Controller row says. */
interface WantedController extends Omit<ControllerSettings, 'queueSize'> {
  /** Undefined for that of the bridge. */
  readonly queueSize: number | undefined;
  /** It is reached by way of the switch itself, where that is possible. */
  readonly isInBand: boolean;
  /** For the local port. */
  readonly localAddress: LocalAddress | undefined;
}

export interface WantedBridge {
  readonly id: Uuid;
  readonly name: string;
  readonly settings: BridgeSettings;
  readonly ports: ReadonlyMap<string, WantedPort>;
}

/** Changes of other columns need no configuration: status and statistics come back to us through the same view. */
export const configColumns = {
  Bridge: [
    'name',
    'datapath_type',
    'ports',
    'controller',
    'mirrors',
    'netflow',
    'sflow',
    'ipfix',
    'flow_tables',
    'fail_mode',
    'stp_enable',
    'rstp_enable',
    'flood_vlans',
    'mcast_snooping_enable',
    'auto_attach',
    'protocols',
    'other_config',
  ],
  Port: [
    'name',
    'interfaces',
    'tag',
    'trunks',
    'cvlans',
    'vlan_mode',
    'qos',
    'protected',
    'fake_bridge',
    'mac',
    'bond_mode',
    'bond_updelay',
    'bond_downdelay',
    'bond_fake_iface',
    'lacp',
    'other_config',
  ],
  Interface: [
    'name',
    'type',
    'options',
    'mac',
    'mtu_request',
    'ofport_request',
    'ingress_policing_rate',
    'ingress_policing_burst',
    'ingress_policing_kpkts_rate',
    'ingress_policing_kpkts_burst',
    'cfm_mpid',
    'bfd',
    'lldp',
    'other_config',
  ],
  Mirror: [
    'name',
    'select_all',
    'select_src_port',
    'select_dst_port',
    'select_vlan',
    'output_port',
    'output_vlan',
    'snaplen',
  ],
  AutoAttach: ['system_name', 'system_description', 'mappings'],
  NetFlow: ['targets', 'engine_type', 'engine_id', 'add_id_to_interface', 'active_timeout'],
  sFlow: ['targets', 'agent', 'sampling', 'polling', 'header'],
  IPFIX: [
    'targets',
    'sampling',
    'obs_domain_id',
    'obs_point_id',
    'cache_active_timeout',
    'cache_max_flows',
    'other_config',
  ],
  Flow_Sample_Collector_Set: ['id', 'bridge', 'ipfix'],
  QoS: qosColumns,
  Queue: queueColumns,
  Flow_Table: ['name', 'flow_limit', 'overflow_policy', 'groups', 'prefixes'],
  Controller: [
    'target',
    'type',
    'max_backoff',
    'inactivity_probe',
    'connection_mode',
    'local_ip',
    'local_netmask',
    'local_gateway',
    'enable_async_messages',
    'controller_queue_size',
    'controller_rate_limit',
    'controller_burst_limit',
    'other_config',
  ],
} as const satisfies {
  [T in
    | 'AutoAttach'
    | 'Bridge'
    | 'Port'
    | 'Interface'
    | 'Controller'
    | 'Flow_Table'
    | 'Mirror'
    | 'NetFlow'
    | 'sFlow'
    | 'IPFIX'
    | 'Flow_Sample_Collector_Set'
    | 'QoS'
    | 'Queue']: readonly (keyof OvsRow<T>)[];
};

export function readBridgeSettings(
  row: OvsRow<'Bridge'>,
  controllers: readonly OvsRow<'Controller'>[],
  tables: readonly FlowTableConfig[],
  mirrors: readonly WantedMirror[],
  others: ExporterRows & { readonly autoAttach: OvsRow<'AutoAttach'> | undefined },
): BridgeSettings {
  return {
    ...readKeys(bridgeKeys, row.other_config),
    datapathType: row.datapath_type === '' ? 'system' : row.datapath_type,
    failMode: row.fail_mode ?? 'standalone',
    floodVlans: row.flood_vlans,
    isSnooping: row.mcast_snooping_enable,
    versions: row.protocols.length === 0 ? allVersions : versionsOf(row.protocols),
    controllers: controllers.map(readController),
    tables,
    mirrors,
    tree: readTree(row),
    exporters: readExporters(others),
    autoAttach: readAutoAttach(others.autoAttach),
  };
}

function readController(row: OvsRow<'Controller'>): WantedController {
  const { target, max_backoff: backoff, inactivity_probe: probe } = row;
  return {
    isForTools: false,
    target,
    type: row.type ?? (isActiveName(target) ? 'primary' : 'service'),
    maxBackoff: backoff === undefined ? defaultController.maxBackoff : wholeSeconds(backoff),
    probeInterval: probe === undefined ? defaultProbe(target) : wholeSeconds(probe),
    dscp: readKeys(controllerKeys, row.other_config).dscp,
    isInBand: row.connection_mode !== 'out-of-band',
    localAddress: readLocalAddress(row),
    isToldAsynchronously: row.enable_async_messages ?? true,
    rateLimit: numberOf(row.controller_rate_limit),
    burstLimit: numberOf(row.controller_burst_limit),
    queueSize: numberOf(row.controller_queue_size),
  };
}

/** Of a peer on this host the kernel tells. */
function defaultProbe(target: string): number {
  return needsProbes(target) ? defaultController.probeInterval : 0;
}

function wholeSeconds(milliseconds: Integer): number {
  return Math.max(0, Math.floor(Number(milliseconds) / 1000));
}

function numberOf(value: Integer | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}

export function readTls(row: OvsRow<'SSL'>): TlsConfig {
  return {
    privateKey: row.private_key,
    certificate: row.certificate,
    caCert: row.ca_cert,
    isBootstrap: row.bootstrap_ca_cert,
  };
}

function versionsOf(names: readonly string[]): WireVersion[] {
  return names.map(versionNamed).filter((version) => version !== undefined);
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

export function readInterface(
  row: OvsRow<'Interface'>,
  bridgeName: string,
  portSays: Pick<WantedInterface, 'qos' | 'linkPolling'>,
): WantedInterface {
  const keys = readKeys(interfaceKeys, row.other_config);
  const isLocal = row.name === bridgeName;
  const type = isLocal ? 'internal' : row.type === '' ? 'system' : row.type;
  const mac = isLocal || type !== 'internal' || row.mac === undefined ? undefined : normalizeMac(row.mac);
  return {
    id: row._uuid,
    name: row.name,
    type,
    options: row.options,
    mac: mac !== undefined && isHostMac(mac) ? mac : undefined,
    mtuRequest: row.mtu_request === undefined ? undefined : Number(row.mtu_request),
    queueCores: keys.queueCores,
    isSpread: keys.sendSteering === 'hash',
    ofportRequest: row.ofport_request === undefined ? undefined : ofPort(row.ofport_request),
    ofport: isAssigned(row.ofport) ? ofPort(row.ofport) : undefined,
    patchPeer: row.type === 'patch' ? row.options.get('peer') : undefined,
    limits: readPolicing(row),
    monitoring: readMonitoring(row),
    discovery: readDiscovery(row),
    ...portSays,
    lacp: { portId: keys.lacpPortId, priority: keys.lacpPortPriority, key: keys.lacpAggregationKey },
    isMember: true,
  };
}

/** What a bucket holds where nothing is said: kilobits, and thousands of packets. */
const usualBurst = { kilobits: 8000, kilopackets: 16 } as const;

function readPolicing(row: OvsRow<'Interface'>): DpMeter[] {
  const limits: DpMeter[] = [];
  const rate = Number(row.ingress_policing_rate);
  const packetRate = Number(row.ingress_policing_kpkts_rate);
  if (rate > 0) {
    const burst = Number(row.ingress_policing_burst) || usualBurst.kilobits;
    limits.push({ unit: 'kilobits', bands: [{ rate, burst }] });
  }
  if (packetRate > 0) {
    const burst = 1000 * (Number(row.ingress_policing_kpkts_burst) || usualBurst.kilopackets);
    limits.push({ unit: 'packets', bands: [{ rate: 1000 * packetRate, burst }] });
  }
  return limits;
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

/** The local port's number, or one of ordinary ports, OpenFlow 1.0 up to OFPP_MAX; -1 means "could not be added". */
function isAssigned(number: Integer | undefined): number is number {
  return number !== undefined && ((number > 0 && number < 0xff00) || number === localPort);
}
