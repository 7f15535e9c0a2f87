/**
 * What becomes of each column and key of the database that the daemon sees. Those that are published and not acted on
 * yet have a gap: the operator is told what does not happen, by `GapLog`. A feature that is built deletes its lines.
 * ovs-vswitchd.conf.db(5).
 */
import { isDeepStrictEqual } from 'node:util';
import type { Columns } from '../../ovsdb/schema-types.ts';
import { type daemonTables, type OvsRow, type OvsTables, openVswitch } from '../schema/index.ts';
import { bridgeKeys, controllerKeys, interfaceKeys, ipfixKeys, portKeys, systemKeys } from './config-keys.ts';
import type { Keys } from './keys.ts';
import { isMulticastMac, normalizeMac, zeroMac } from './mac.ts';
import { bfdKeys } from './monitoring-keys.ts';

/** Rows of other tables matter only where a column of these refers to them. */
export type SeenTable = keyof typeof daemonTables;

/** A published column that nothing is done about. */
interface Gap<T extends SeenTable> {
  /** What does not happen, as the end of a sentence. */
  readonly gap: string;
  /** Whether the row asks for anything; any value but an empty one does, unless given. */
  readonly isAsked?: (row: OvsRow<T>) => boolean;
}

/** A column of keys. What is in neither list is the operator's own note. */
interface KeyColumn<T extends SeenTable> {
  readonly keys: Keys;
  /** What does not happen, by key. */
  readonly gaps: Readonly<Record<string, string>>;
  /** Values that ask for nothing. */
  readonly idle?: readonly string[];
  readonly appliesTo?: (row: OvsRow<T>) => boolean;
}

/** A column that is acted on for some rows and values. */
interface Judged<T extends SeenTable> {
  readonly judge: (row: OvsRow<T>, isLocalPort: boolean) => Omit<Shortfall, 'place'> | undefined;
}

/** "acted on" by the daemon, or by the database server; "note": nobody acts on it; "status": ours to write. */
type Role<T extends SeenTable> = 'acted on' | 'note' | 'status' | Judged<T> | Gap<T> | KeyColumn<T>;

type Roles = {
  readonly [T in SeenTable]: { readonly [C in keyof OvsTables[T]['columns']]: Role<T> };
};

/** One gap that a row meets. */
export interface Shortfall {
  /** "info" where the reference would not act on it either, only tests ask, or only speed is at stake; "err" in its own words. */
  readonly level: 'info' | 'warn' | 'err';
  /** Column, and key: the same for all values of it. */
  readonly place: string;
  /** "auto_attach is not acted on: no LLDP is sent" */
  readonly text: string;
}

const noOffload = 'no hardware forwards';
const noDpdk = 'no DPDK is used';
const noEncryption = 'no tunnel is encrypted';
const ownThreads = 'how long threads work and wait is not to be set';
const oneThread = 'one thread looks at all flows';
const ownCaches = 'the flow of a connection is always cached';
/** Nothing comes out different. */
export const gapsOfSpeed: ReadonlySet<string> = new Set([oneThread, ownCaches, noOffload]);

const all = (names: string, gap: string): Record<string, string> =>
  Object.fromEntries(names.split(' ').map((name) => [name, gap]));

export const roles: Roles = {
  Open_vSwitch: {
    datapaths: { gap: 'connections are not tracked' },
    bridges: 'acted on',
    manager_options: 'acted on',
    ssl: 'acted on',
    other_config: {
      keys: systemKeys,
      gaps: {
        ...all('n-offload-threads tc-policy offload-rebalance', noOffload),
        ...all('dpdk-init dpdk-lcore-mask dpdk-alloc-mem dpdk-socket-mem dpdk-socket-limit', noDpdk),
        ...all('dpdk-hugepage-dir dpdk-extra vhost-sock-dir vhost-iommu-support', noDpdk),
        ...all('vhost-postcopy-support per-port-memory shared-mempool-config', noDpdk),
        ...all('tx-flush-interval', ownThreads),
        ...all('emc-insert-inv-prob smc-enable', ownCaches),
        ...all('n-handler-threads n-revalidator-threads', oneThread),
        'userspace-tso-enable': 'segmented TCP passes whole between devices, always',
        ...all('private_key certificate ca_cert ipsec_skb_mark', noEncryption),
      },
      idle: ['false'],
    },
    external_ids: 'note',
    next_cfg: 'acted on',
    cur_cfg: 'status',
    statistics: 'status',
    ovs_version: 'status',
    db_version: 'status',
    system_type: 'status',
    system_version: 'status',
    datapath_types: 'status',
    iface_types: 'status',
    dpdk_initialized: 'status',
    dpdk_version: 'status',
  },
  Bridge: {
    name: 'acted on',
    datapath_type: 'acted on',
    datapath_version: 'status',
    datapath_id: 'status',
    stp_enable: 'acted on',
    rstp_enable: 'acted on',
    mcast_snooping_enable: 'acted on',
    ports: 'acted on',
    mirrors: 'acted on',
    netflow: 'acted on',
    sflow: 'acted on',
    ipfix: 'acted on',
    controller: 'acted on',
    protocols: 'acted on',
    fail_mode: 'acted on',
    status: 'status',
    rstp_status: 'status',
    other_config: {
      keys: bridgeKeys,
      gaps: {},
      idle: ['false'],
    },
    external_ids: 'note',
    flood_vlans: 'acted on',
    flow_tables: 'acted on',
    auto_attach: 'acted on',
  },
  Port: {
    name: 'acted on',
    interfaces: { judge: judgeBondMode },
    trunks: 'acted on',
    cvlans: 'acted on',
    tag: 'acted on',
    vlan_mode: 'acted on',
    qos: 'acted on',
    mac: { judge: ({ mac }) => judgeAddress(mac) },
    bond_mode: 'acted on',
    lacp: { judge: judgeSystemId },
    bond_updelay: 'acted on',
    bond_downdelay: 'acted on',
    bond_active_slave: 'status',
    bond_fake_iface: 'acted on',
    fake_bridge: 'acted on',
    status: 'status',
    rstp_status: 'status',
    rstp_statistics: 'status',
    statistics: 'status',
    protected: 'acted on',
    other_config: {
      keys: portKeys,
      gaps: {},
      idle: ['false'],
    },
    external_ids: 'note',
  },
  Interface: {
    name: 'acted on',
    type: 'acted on',
    options: 'acted on', // each type judges its own
    ingress_policing_rate: { judge: (row) => judgePolicing(row, 'ingress_policing_rate') },
    ingress_policing_burst: 'acted on',
    ingress_policing_kpkts_rate: { judge: (row) => judgePolicing(row, 'ingress_policing_kpkts_rate') },
    ingress_policing_kpkts_burst: 'acted on',
    mac_in_use: 'status',
    mac: { judge: judgeInterfaceMac },
    ifindex: 'status',
    external_ids: 'note',
    ofport: 'status',
    ofport_request: 'acted on',
    bfd: { keys: bfdKeys, gaps: {} },
    bfd_status: 'status',
    cfm_mpid: 'acted on',
    cfm_remote_mpids: 'status',
    cfm_flap_count: 'status',
    cfm_fault: 'status',
    cfm_fault_status: 'status',
    cfm_remote_opstate: 'status',
    cfm_health: 'status',
    lacp_current: 'status',
    lldp: 'acted on',
    other_config: {
      keys: interfaceKeys,
      gaps: {
        'emc-enable': ownCaches,
      },
    },
    statistics: 'status',
    status: 'status',
    admin_state: 'status',
    link_state: 'status',
    link_resets: 'status',
    link_speed: 'status',
    duplex: 'status',
    mtu: 'status',
    mtu_request: 'acted on',
    error: 'status',
  },
  Flow_Sample_Collector_Set: {
    id: 'acted on',
    bridge: 'acted on',
    ipfix: 'acted on',
    external_ids: 'note',
  },
  Mirror: {
    name: 'acted on',
    select_all: 'acted on',
    select_src_port: 'acted on',
    select_dst_port: 'acted on',
    select_vlan: 'acted on',
    output_port: 'acted on',
    output_vlan: 'acted on',
    snaplen: 'acted on',
    statistics: 'status',
    external_ids: 'note',
  },
  NetFlow: {
    targets: 'acted on',
    engine_type: 'acted on',
    engine_id: 'acted on',
    add_id_to_interface: 'acted on',
    active_timeout: 'acted on',
    external_ids: 'note',
  },
  sFlow: {
    targets: 'acted on',
    sampling: 'acted on',
    polling: 'acted on',
    header: 'acted on',
    agent: 'acted on',
    external_ids: 'note',
  },
  QoS: {
    type: 'acted on',
    queues: 'acted on',
    other_config: 'acted on',
    external_ids: 'note',
  },
  Queue: {
    dscp: 'acted on',
    other_config: 'acted on',
    external_ids: 'note',
  },
  IPFIX: {
    targets: 'acted on',
    sampling: 'acted on',
    obs_domain_id: 'acted on',
    obs_point_id: 'acted on',
    cache_active_timeout: 'acted on',
    cache_max_flows: 'acted on',
    other_config: { keys: ipfixKeys, gaps: {} },
    external_ids: 'note',
  },
  Flow_Table: {
    name: 'acted on',
    flow_limit: 'acted on',
    overflow_policy: 'acted on',
    groups: 'acted on',
    prefixes: 'acted on',
    external_ids: 'note',
  },
  AutoAttach: {
    system_name: 'acted on',
    system_description: 'acted on',
    mappings: 'acted on',
  },
  Controller: {
    target: 'acted on',
    type: 'acted on',
    max_backoff: 'acted on',
    inactivity_probe: 'acted on',
    connection_mode: 'acted on',
    local_ip: 'acted on',
    local_netmask: 'acted on',
    local_gateway: 'acted on',
    enable_async_messages: 'acted on',
    controller_queue_size: 'acted on',
    controller_rate_limit: 'acted on',
    controller_burst_limit: 'acted on',
    other_config: { keys: controllerKeys, gaps: {} },
    external_ids: 'note',
    is_connected: 'status',
    role: 'status',
    status: 'status',
  },
  Manager: {
    target: 'acted on',
    max_backoff: 'acted on',
    inactivity_probe: 'acted on',
    connection_mode: 'acted on',
    other_config: 'acted on',
    external_ids: 'note',
    is_connected: 'status',
    status: 'status',
  },
  SSL: {
    private_key: 'acted on',
    certificate: 'acted on',
    ca_cert: 'acted on',
    bootstrap_ca_cert: 'acted on',
    external_ids: 'note',
  },
};

type Judgement = Omit<Shortfall, 'place'> | undefined;

function judgeBondMode({ interfaces, bond_mode }: OvsRow<'Port'>): Judgement {
  if (interfaces.length < 2 || bond_mode !== undefined) return undefined;
  const past = 'Note that in previous versions, the default bond_mode was balance-slb';
  return { level: 'warn', text: `Using the default bond_mode active-backup. ${past}` };
}

function judgeSystemId({ lacp, other_config }: OvsRow<'Port'>): Judgement {
  const text = other_config.get('lacp-system-id');
  if (lacp === undefined || lacp === 'off' || text === undefined) return undefined;
  const mac = normalizeMac(text);
  if (mac === undefined)
    return { level: 'warn', text: `LACP system ID (${text}) must be an Ethernet address.` };
  return mac === zeroMac ? { level: 'warn', text: 'Invalid zero LACP system ID.' } : undefined;
}

function judgeInterfaceMac({ mac, type }: OvsRow<'Interface'>, isLocalPort: boolean): Judgement {
  const address = mac === undefined ? undefined : normalizeMac(mac);
  if (address === undefined) return judgeAddress(mac);
  const complain = (text: string) => ({ level: 'err', text }) as const;
  if (isLocalPort)
    return complain("ignoring mac in Interface record (use Bridge record to set local port's mac)");
  if (type !== 'internal')
    return {
      level: 'warn',
      text: `mac=${mac} is not acted on: only the device of an internal interface is given one`,
    };
  if (isMulticastMac(address)) return complain('cannot set MAC to multicast address');
  return address === zeroMac ? complain('cannot set MAC to all zero address') : undefined;
}

function judgePolicing(
  row: OvsRow<'Interface'>,
  column: 'ingress_policing_rate' | 'ingress_policing_kpkts_rate',
): Judgement {
  if (row.type !== 'patch' || row[column] === 0) return undefined;
  return {
    level: 'warn',
    text: `${column}=${row[column]} is not acted on: what crosses a patch port is not policed`,
  };
}

function judgeAddress(mac: string | undefined): Judgement {
  if (mac === undefined || normalizeMac(mac) !== undefined) return undefined;
  return { level: 'info', text: `mac=${mac} is not acted on: it is not an Ethernet address` };
}

/** The gaps that a row meets, and its values of no use. An interface may be the local port of a bridge. */
export function shortfallsOf<T extends SeenTable>(
  table: T,
  row: OvsRow<T>,
  { isLocalPort } = { isLocalPort: false },
): Shortfall[] {
  const values: Readonly<Record<string, unknown>> = row;
  const columns: Columns = openVswitch.tables[table].columns;
  return Object.entries<Role<T>>(roles[table]).flatMap(([column, role]) => {
    if (typeof role === 'string') return [];
    const value = values[column];
    if ('keys' in role) return keyShortfalls(column, role, row, value);
    if ('judge' in role) {
      const told = role.judge(row, isLocalPort);
      return told === undefined ? [] : [{ ...told, place: column }];
    }
    const { gap, isAsked } = role;
    if (!(isAsked?.(row) ?? !isEmpty(value))) return [];
    const text = nameOf(column, columns[column], value);
    return [{ level: 'warn', place: column, text: `${text} is not acted on: ${gap}` }];
  });
}

/** Columns of which a change may change what `shortfallsOf` says. */
export function gapColumns(table: SeenTable): string[] {
  return Object.entries<unknown>(roles[table]).flatMap(([name, role]) =>
    typeof role === 'string' ? [] : name,
  );
}

function keyShortfalls<T extends SeenTable>(
  column: string,
  { keys, gaps, idle = [], appliesTo }: KeyColumn<T>,
  row: OvsRow<T>,
  value: unknown,
): Shortfall[] {
  if (!(value instanceof Map) || appliesTo?.(row) === false) return [];
  const map: ReadonlyMap<string, string> = value;
  const told: Shortfall[] = [];
  for (const [key, text] of map) {
    const gap = Object.hasOwn(gaps, key) && !idle.includes(text) ? gaps[key] : undefined;
    const place = `${column}:${key}`;
    if (gap !== undefined)
      told.push({
        level: gapsOfSpeed.has(gap) ? 'info' : 'warn',
        place,
        text: `${place}=${text} is not acted on: ${gap}`,
      });
  }
  for (const key of Object.values(keys)) {
    const text = map.get(key.name);
    if (text === undefined || key.read(text) !== undefined) continue;
    const place = `${column}:${key.name}`;
    const complaint = key.complaint?.(text);
    if (complaint !== undefined) told.push({ level: 'err', place, text: complaint });
    else
      told.push({ level: 'info', place, text: `${place}=${text} is not acted on: it is not ${key.wants}` });
  }
  return told;
}

/** References and maps say nothing to a reader. */
function nameOf(column: string, declared: Columns[string] | undefined, value: unknown): string {
  const isPlain = declared?.type.key.type !== 'uuid' && declared?.type.value === undefined;
  return isPlain ? `${column}=${String(value)}` : column;
}

function isEmpty(value: unknown): boolean {
  if (value instanceof Map) return value.size === 0;
  return [undefined, false, 0, ''].some((empty) => empty === value) || isDeepStrictEqual(value, []);
}
