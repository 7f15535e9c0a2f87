/** The Open_vSwitch database: what is attached to bridges and ports: mirrors, QoS, exporters; ovs-vswitchd.conf.db(5). */
import { atom, column, table } from '../../ovsdb/schema-types.ts';
import { statusCounters, strings, unsigned32, vlanId } from './columns.ts';

/** Copies chosen traffic to a port or a VLAN. */
export const Mirror = table({
  name: column.one(atom.string),
  select_all: column.one(atom.boolean),
  select_src_port: column.set(atom.ref('Port', 'weak')),
  select_dst_port: column.set(atom.ref('Port', 'weak')),
  select_vlan: column.set(vlanId, { max: 4096 }),
  output_port: column.optional(atom.ref('Port', 'weak')),
  output_vlan: column.optional(atom.integer(1, 4095)),
  snaplen: column.optional(atom.integer(14, 65535)),
  statistics: statusCounters,
  external_ids: strings,
});

/** Shaping of a port; its queues have their own rows. */
export const QoS = table(
  {
    type: column.one(atom.string),
    queues: column.map(unsigned32, atom.ref('Queue')),
    other_config: strings,
    external_ids: strings,
  },
  { root: true },
);

/** One queue of a QoS. */
export const Queue = table(
  {
    dscp: column.optional(atom.integer(0, 63)),
    other_config: strings,
    external_ids: strings,
  },
  { root: true },
);

/** NetFlow v5 export of a bridge. */
export const NetFlow = table({
  targets: column.set(atom.string, { min: 1 }),
  engine_type: column.optional(atom.integer(0, 255)),
  engine_id: column.optional(atom.integer(0, 255)),
  add_id_to_interface: column.one(atom.boolean),
  active_timeout: column.one(atom.integer(-1)),
  external_ids: strings,
});

/** sFlow v5 export of a bridge. */
export const sFlow = table({
  targets: column.set(atom.string, { min: 1 }),
  sampling: column.optional(atom.integer()),
  polling: column.optional(atom.integer()),
  header: column.optional(atom.integer()),
  agent: column.optional(atom.string),
  external_ids: strings,
});

/** IPFIX export, per bridge or per sampled flow. */
export const IPFIX = table({
  targets: column.set(atom.string),
  sampling: column.optional(atom.integer(1, 4294967295)),
  obs_domain_id: column.optional(unsigned32),
  obs_point_id: column.optional(unsigned32),
  cache_active_timeout: column.optional(atom.integer(0, 4200)),
  cache_max_flows: column.optional(unsigned32),
  other_config: strings,
  external_ids: strings,
});

/** Where the OpenFlow sample action sends its records. */
export const Flow_Sample_Collector_Set = table(
  {
    id: column.one(unsigned32),
    bridge: column.one(atom.ref('Bridge')),
    ipfix: column.optional(atom.ref('IPFIX')),
    external_ids: strings,
  },
  { root: true, indexes: [['id', 'bridge']] },
);

/** Auto-attach (SPB) announcements over LLDP. */
export const AutoAttach = table({
  system_name: column.one(atom.string),
  system_description: column.one(atom.string),
  mappings: column.map(atom.integer(0, 16777215), vlanId),
});
