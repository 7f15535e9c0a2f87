/** The Open_vSwitch database: the root row, bridges, ports, interfaces and tables, ovs-vswitchd.conf.db(5). */
import { atom, column, table } from '../../ovsdb/schema-types.ts';
import { statusCounters, statusStrings, strings, unsigned32, vlanId } from './columns.ts';

/** The one root row: what the host has, and how far the daemon is with it (`next_cfg`, `cur_cfg`). */
export const Open_vSwitch = table(
  {
    datapaths: column.map(atom.string, atom.ref('Datapath')),
    bridges: column.set(atom.ref('Bridge')),
    manager_options: column.set(atom.ref('Manager')),
    ssl: column.optional(atom.ref('SSL')),
    other_config: strings,
    external_ids: strings,
    next_cfg: column.one(atom.integer()),
    cur_cfg: column.one(atom.integer()),
    statistics: statusStrings,
    ovs_version: column.optional(atom.string),
    db_version: column.optional(atom.string),
    system_type: column.optional(atom.string),
    system_version: column.optional(atom.string),
    datapath_types: column.set(atom.string),
    iface_types: column.set(atom.string),
    dpdk_initialized: column.one(atom.boolean),
    dpdk_version: column.optional(atom.string),
  },
  { root: true, maxRows: 1 },
);

/** One Ethernet switch. */
export const Bridge = table(
  {
    name: column.one(atom.string, { immutable: true }),
    datapath_type: column.one(atom.string),
    datapath_version: column.one(atom.string),
    datapath_id: column.optional(atom.string, { ephemeral: true }),
    stp_enable: column.one(atom.boolean),
    rstp_enable: column.one(atom.boolean),
    mcast_snooping_enable: column.one(atom.boolean),
    ports: column.set(atom.ref('Port')),
    mirrors: column.set(atom.ref('Mirror')),
    netflow: column.optional(atom.ref('NetFlow')),
    sflow: column.optional(atom.ref('sFlow')),
    ipfix: column.optional(atom.ref('IPFIX')),
    controller: column.set(atom.ref('Controller')),
    protocols: column.set(
      atom.oneOf('OpenFlow10', 'OpenFlow11', 'OpenFlow12', 'OpenFlow13', 'OpenFlow14', 'OpenFlow15'),
    ),
    fail_mode: column.optional(atom.oneOf('standalone', 'secure')),
    status: statusStrings,
    rstp_status: statusStrings,
    other_config: strings,
    external_ids: strings,
    flood_vlans: column.set(vlanId, { max: 4096 }),
    flow_tables: column.map(atom.integer(0, 254), atom.ref('Flow_Table')),
    auto_attach: column.optional(atom.ref('AutoAttach')),
  },
  { indexes: [['name']] },
);

/** What carries VLANs: one interface, or a bond of several. */
export const Port = table(
  {
    name: column.one(atom.string, { immutable: true }),
    interfaces: column.set(atom.ref('Interface'), { min: 1 }),
    trunks: column.set(vlanId, { max: 4096 }),
    cvlans: column.set(vlanId, { max: 4096 }),
    tag: column.optional(vlanId),
    vlan_mode: column.optional(
      atom.oneOf('trunk', 'access', 'native-tagged', 'native-untagged', 'dot1q-tunnel'),
    ),
    qos: column.optional(atom.ref('QoS')),
    mac: column.optional(atom.string),
    bond_mode: column.optional(atom.oneOf('balance-tcp', 'balance-slb', 'active-backup')),
    lacp: column.optional(atom.oneOf('active', 'passive', 'off')),
    bond_updelay: column.one(atom.integer()),
    bond_downdelay: column.one(atom.integer()),
    bond_active_slave: column.optional(atom.string),
    bond_fake_iface: column.one(atom.boolean),
    fake_bridge: column.one(atom.boolean),
    status: statusStrings,
    rstp_status: statusStrings,
    rstp_statistics: statusCounters,
    statistics: statusCounters,
    protected: column.one(atom.boolean),
    other_config: strings,
    external_ids: strings,
  },
  { indexes: [['name']] },
);

/** One network device. */
export const Interface = table(
  {
    name: column.one(atom.string, { immutable: true }),
    type: column.one(atom.string),
    options: strings,
    ingress_policing_rate: column.one(atom.integer(0)),
    ingress_policing_burst: column.one(atom.integer(0)),
    ingress_policing_kpkts_rate: column.one(atom.integer(0)),
    ingress_policing_kpkts_burst: column.one(atom.integer(0)),
    mac_in_use: column.optional(atom.string, { ephemeral: true }),
    mac: column.optional(atom.string),
    ifindex: column.optional(unsigned32, { ephemeral: true }),
    external_ids: strings,
    ofport: column.optional(atom.integer()),
    ofport_request: column.optional(atom.integer(1, 65279)),
    bfd: strings,
    bfd_status: statusStrings,
    cfm_mpid: column.optional(atom.integer()),
    cfm_remote_mpids: column.set(atom.integer(), { ephemeral: true }),
    cfm_flap_count: column.optional(atom.integer()),
    cfm_fault: column.optional(atom.boolean, { ephemeral: true }),
    cfm_fault_status: column.set(atom.string, { ephemeral: true }),
    cfm_remote_opstate: column.optional(atom.oneOf('up', 'down'), { ephemeral: true }),
    cfm_health: column.optional(atom.integer(0, 100), { ephemeral: true }),
    lacp_current: column.optional(atom.boolean, { ephemeral: true }),
    lldp: strings,
    other_config: strings,
    statistics: statusCounters,
    status: statusStrings,
    admin_state: column.optional(atom.oneOf('up', 'down'), { ephemeral: true }),
    link_state: column.optional(atom.oneOf('up', 'down'), { ephemeral: true }),
    link_resets: column.optional(atom.integer(), { ephemeral: true }),
    link_speed: column.optional(atom.integer(), { ephemeral: true }),
    duplex: column.optional(atom.oneOf('half', 'full'), { ephemeral: true }),
    mtu: column.optional(atom.integer(), { ephemeral: true }),
    mtu_request: column.optional(atom.integer(1)),
    error: column.optional(atom.string),
  },
  { indexes: [['name']] },
);

/** Limits and lookup hints of one OpenFlow table. */
export const Flow_Table = table({
  name: column.optional(atom.string),
  flow_limit: column.optional(atom.integer(0)),
  overflow_policy: column.optional(atom.oneOf('refuse', 'evict')),
  groups: column.set(atom.string),
  prefixes: column.set(atom.string, { max: 3 }),
  external_ids: strings,
});
