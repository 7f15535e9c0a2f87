/**
 * What becomes of each column and key of the database that the daemon sees. Those that are published and not acted on
 * yet have a gap, which `gaps.ts` looks for in rows. A feature that is built deletes its lines. ovs-vswitchd.conf.db(5).
 */
import type { daemonTables, OvsRow, OvsTables } from '../schema/index.ts';
import { bridgeKeys, controllerKeys, interfaceKeys, ipfixKeys, portKeys, systemKeys } from './config-keys.ts';
import type { Keys } from './keys.ts';
import { bfdKeys } from './monitoring-keys.ts';
import {
  type Judgement,
  judgeAddress,
  judgeBondMode,
  judgeInterfaceMac,
  judgePolicing,
  judgeSystemId,
} from './row-judges.ts';

/** Rows of other tables matter only where a column of these refers to them. */
export type SeenTable = keyof typeof daemonTables;

/** A published column that nothing is done about. */
interface Gap {
  /** What does not happen, as the end of a sentence. */
  readonly gap: string;
}

/** A column of keys. What is in neither list is the operator's own note. */
export interface KeyColumn {
  readonly keys: Keys;
  /** What does not happen, by key. */
  readonly gaps: Readonly<Record<string, string>>;
  /** Values that ask for nothing. */
  readonly idle?: readonly string[];
}

/** A column that is acted on for some rows and values. */
interface Judged<T extends SeenTable> {
  readonly judge: (row: OvsRow<T>, isLocalPort: boolean) => Judgement | undefined;
}

/** "acted on" by the daemon, or by the database server; "note": nobody acts on it; "status": ours to write. */
export type ColumnRole<T extends SeenTable> = 'acted on' | 'note' | 'status' | Judged<T> | Gap | KeyColumn;

type Roles = {
  readonly [T in SeenTable]: { readonly [C in keyof OvsTables[T]['columns']]: ColumnRole<T> };
};

const noOffload = 'no hardware forwards';
const noDpdk = 'no DPDK is used';
const noEncryption = 'no tunnel is encrypted';
const ownThreads = 'how long threads work and wait is not to be set';
const oneThread = 'one thread looks at all flows';
const untimedState = 'no connection is told to be in that state';
const ownCaches = 'the flow of a connection is always cached';
/** Nothing comes out different. */
export const gapsOfSpeed: ReadonlySet<string> = new Set([oneThread, ownCaches, noOffload]);

const all = (names: string, gap: string): Record<string, string> =>
  Object.fromEntries(names.split(' ').map((name) => [name, gap]));

export const roles: Roles = {
  Open_vSwitch: {
    datapaths: 'acted on',
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
  Datapath: {
    datapath_version: 'note',
    ct_zones: 'acted on',
    capabilities: 'status',
    external_ids: 'note',
  },
  CT_Zone: {
    timeout_policy: 'acted on',
    external_ids: 'note',
  },
  CT_Timeout_Policy: {
    timeouts: {
      keys: {},
      gaps: all('tcp_close_wait tcp_last_ack tcp_syn_sent2 tcp_retransmit tcp_unack', untimedState),
    },
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
