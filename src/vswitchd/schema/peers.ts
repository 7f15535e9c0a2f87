/** The Open_vSwitch database: whom the daemon talks to, and its datapaths; ovs-vswitchd.conf.db(5). */
import { atom, column, table } from '../../ovsdb/schema-types.ts';
import { statusStrings, strings, unsigned32 } from './columns.ts';

/** An OpenFlow controller of a bridge. */
export const Controller = table({
  type: column.optional(atom.oneOf('primary', 'service')),
  target: column.one(atom.string),
  max_backoff: column.optional(atom.integer(1000)),
  inactivity_probe: column.optional(atom.integer()),
  connection_mode: column.optional(atom.oneOf('in-band', 'out-of-band')),
  local_ip: column.optional(atom.string),
  local_netmask: column.optional(atom.string),
  local_gateway: column.optional(atom.string),
  enable_async_messages: column.optional(atom.boolean),
  controller_queue_size: column.optional(atom.integer(1, 512)),
  controller_rate_limit: column.optional(atom.integer(100)),
  controller_burst_limit: column.optional(atom.integer(25)),
  other_config: strings,
  external_ids: strings,
  is_connected: column.one(atom.boolean, { ephemeral: true }),
  role: column.optional(atom.oneOf('other', 'master', 'slave'), { ephemeral: true }),
  status: statusStrings,
});

/** An OVSDB remote of the database server itself. */
export const Manager = table(
  {
    target: column.one(atom.string),
    max_backoff: column.optional(atom.integer(1000)),
    inactivity_probe: column.optional(atom.integer()),
    connection_mode: column.optional(atom.oneOf('in-band', 'out-of-band')),
    other_config: strings,
    external_ids: strings,
    is_connected: column.one(atom.boolean, { ephemeral: true }),
    status: statusStrings,
  },
  { indexes: [['target']] },
);

/** Keys and certificates of the whole daemon. */
export const SSL = table(
  {
    private_key: column.one(atom.string),
    certificate: column.one(atom.string),
    ca_cert: column.one(atom.string),
    bootstrap_ca_cert: column.one(atom.boolean),
    external_ids: strings,
  },
  { maxRows: 1 },
);

/** What a datapath type can do, and its conntrack zones. */
export const Datapath = table({
  datapath_version: column.one(atom.string),
  ct_zones: column.map(atom.integer(0, 65535), atom.ref('CT_Zone')),
  capabilities: strings,
  external_ids: strings,
});

/** One conntrack zone. */
export const CT_Zone = table({
  timeout_policy: column.optional(atom.ref('CT_Timeout_Policy')),
  external_ids: strings,
});

/** Conntrack timeouts by state, in seconds. */
export const CT_Timeout_Policy = table({
  timeouts: column.map(
    atom.oneOf(
      'tcp_syn_sent',
      'tcp_syn_recv',
      'tcp_established',
      'tcp_fin_wait',
      'tcp_close_wait',
      'tcp_last_ack',
      'tcp_time_wait',
      'tcp_close',
      'tcp_syn_sent2',
      'tcp_retransmit',
      'tcp_unack',
      'udp_first',
      'udp_single',
      'udp_multiple',
      'icmp_first',
      'icmp_reply',
    ),
    unsigned32,
  ),
  external_ids: strings,
});
