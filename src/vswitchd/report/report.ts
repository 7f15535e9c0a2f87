/** What the daemon writes back to the database, as values: pure. Written by `StatusWriter`. */
import type { Ms } from '../../base/units.ts';
import type { NetdevStats } from '../../netdev/provider.ts';
import type { ControllerStatus } from '../../ofproto/controllers.ts';
import type { PacketMirror } from '../../ofproto/mirrors/mirror-set.ts';
import type { Bundle } from '../../ofproto/port.ts';
import type { LiveBridge, LiveInterface } from '../reconcile/live.ts';
import type { OvsChange } from '../schema/index.ts';
import { reportMonitor } from './monitoring.ts';
import { reportBridgeTree, reportPortCounters, reportPortTree } from './tree-status.ts';

/** OFPP_NONE as the `ofport` column has it: the interface could not be added. */
const noPort = -1;

/** All status columns of one interface but for `statistics`. */
export function reportInterface(i: LiveInterface): OvsChange<'Interface'> {
  const { netdev, ofPort } = i;
  if (netdev === undefined || ofPort === undefined) return { ...nothingKnown, error: i.error };
  const { state } = netdev;
  return {
    ...noProtocols,
    ...reportMonitor(i.ofprotoPort?.monitor),
    lacp_current: isLacpCurrent(i),
    ofport: ofPort,
    error: i.error,
    mac_in_use: state.mac,
    admin_state: state.isUp ? 'up' : 'down',
    link_state: state.hasCarrier ? 'up' : 'down',
    link_resets: state.linkResets,
    link_speed: state.linkSpeed,
    duplex: state.duplex,
    mtu: state.mtu === 0 ? undefined : state.mtu,
    ifindex: state.ifindex,
    status: state.status,
  };
}

/** Its partner is known; undefined where it speaks no LACP. */
function isLacpCurrent({ ofprotoPort }: LiveInterface): boolean | undefined {
  const members = [...(ofprotoPort?.bundle?.lacp?.members ?? [])];
  const member = members.find(({ port }) => port === ofprotoPort);
  return member && member.status !== 'defaulted';
}

/** Columns of protocols that an interface does not take part in. */
const noProtocols: OvsChange<'Interface'> = {
  ...reportMonitor(undefined),
  lacp_current: undefined,
};

const nothingKnown: OvsChange<'Interface'> = {
  ...noProtocols,
  ofport: noPort,
  mac_in_use: undefined,
  admin_state: undefined,
  link_state: undefined,
  link_resets: undefined,
  link_speed: undefined,
  duplex: undefined,
  mtu: undefined,
  ifindex: undefined,
  status: new Map(),
  statistics: new Map(),
};

/** The columns of `reportInterface`. */
export const reportedColumns = [
  'error',
  ...Object.keys(nothingKnown),
] as readonly (keyof typeof nothingKnown)[];

/** Known to `dpctl/show -s` only. */
const hiddenCounters: readonly string[] = ['tx_aborted_err', 'tx_carrier_err'];

export function reportStatistics(stats: NetdevStats): OvsChange<'Interface'> {
  if (!hiddenCounters.some((key) => stats.has(key))) return { statistics: stats };
  return { statistics: new Map([...stats].filter(([key]) => !hiddenCounters.includes(key))) };
}

export function reportBridge(bridge: LiveBridge): OvsChange<'Bridge'> {
  return {
    datapath_id: bridge.ofproto.config.datapathId,
    datapath_version: '<built-in>',
    ...reportBridgeTree(bridge.ofproto),
  };
}

/** `status` is undefined for those that are not connected to, but connect to us. */
export function reportController(status: ControllerStatus | undefined, now: Ms): OvsChange<'Controller'> {
  if (status === undefined) return { is_connected: false, role: undefined, status: new Map() };
  const { state, role, lastError, connectedAt, disconnectedAt } = status;
  const pairs = new Map<string, string>();
  if (lastError !== undefined) pairs.set('last_error', lastError);
  for (const [kind, counts] of Object.entries(status.packetIns ?? {}))
    for (const [what, count] of Object.entries(counts)) pairs.set(`packet-in-${kind}-${what}`, String(count));
  if (connectedAt !== undefined) pairs.set('sec_since_connect', secondsSince(connectedAt, now));
  if (disconnectedAt !== undefined) pairs.set('sec_since_disconnect', secondsSince(disconnectedAt, now));
  pairs.set('state', state === 'reconnect' ? 'BACKOFF' : state.toUpperCase());
  return { is_connected: role !== undefined, role: role && roleNames[role], status: pairs };
}

const roleNames = { equal: 'other', primary: 'master', secondary: 'slave' } as const;

/** Of one that copies nothing, since there are too many, nothing is told. */
export function reportMirror(mirror: PacketMirror | undefined): OvsChange<'Mirror'> {
  const { packetCount, byteCount } = mirror ?? {};
  const counts = { tx_packets: packetCount, tx_bytes: byteCount };
  return {
    statistics: new Map(Object.entries(counts).flatMap(([name, n]) => (n === undefined ? [] : [[name, n]]))),
  };
}

function secondsSince(then: Ms, now: Ms): string {
  return String(Math.floor((now - then) / 1000));
}

/** All status columns of a port. */
export function reportPort({ ofproto }: LiveBridge, name: string): OvsChange<'Port'> {
  return {
    ...reportPortTree(ofproto, name),
    ...reportPortCounters(ofproto, name),
    ...reportBondStatus(ofproto.bundles.get(name)),
  };
}

/** Empty for a port that is no bond, whose column stays as it is. */
function reportBondStatus(bundle: Bundle | undefined): OvsChange<'Port'> {
  const { bond } = bundle ?? {};
  return bond === undefined ? {} : { bond_active_slave: bond.members.activeMac };
}

export interface SystemFacts {
  readonly datapathTypes: readonly string[];
  readonly ifaceTypes: readonly string[];
  /** What a start script would set; undefined when one does. */
  readonly versions:
    | { readonly ovs: string; readonly db: string; readonly system: string; readonly systemVersion: string }
    | undefined;
}

export function reportSystem(facts: SystemFacts): OvsChange<'Open_vSwitch'> {
  const { versions } = facts;
  return {
    datapath_types: facts.datapathTypes,
    iface_types: facts.ifaceTypes,
    dpdk_initialized: false,
    dpdk_version: 'none',
    ...(versions !== undefined && {
      ovs_version: versions.ovs,
      db_version: versions.db,
      system_type: versions.system,
      system_version: versions.systemVersion,
    }),
  };
}
