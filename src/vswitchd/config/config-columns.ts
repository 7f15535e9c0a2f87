/** Which columns configure the switch. */
import type { OvsRow } from '../schema/index.ts';
import { qosColumns, queueColumns } from './qos-rows.ts';

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
