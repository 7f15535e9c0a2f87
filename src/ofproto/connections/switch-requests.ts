/** What a bridge is as a whole: OpenFlow 1.5.1 section 7.3.1, 7.3.2, 7.3.5.1 and 7.3.7. */

import type { ActionAbility } from '../../openflow/messages/ability-bits.ts';
import { visibleTableCount } from '../tables/flow-tables.ts';
import { portDescriptions } from './port-requests.ts';
import type { RequestHandlers } from './request-handler.ts';

/** Bits of `SwitchFeatures.capabilities`. */
const capabilities = {
  flowStats: 1,
  tableStats: 2,
  portStats: 4,
  groupStats: 0x10,
  queueStats: 0x40,
  arpMatchIp: 0x80,
  bundles: 0x200,
} as const;
const allCapabilities = Object.values(capabilities).reduce((all, bit) => all | bit, 0);

const actionsOf10: readonly ActionAbility[] = [
  'output',
  'enqueue',
  'set_vlan_vid',
  'set_vlan_pcp',
  'strip_vlan',
  'mod_dl_src',
  'mod_dl_dst',
  'mod_nw_src',
  'mod_nw_dst',
  'mod_nw_tos',
  'mod_tp_src',
  'mod_tp_dst',
];

export const switchRequests: RequestHandlers = {
  FEATURES_REQUEST(connection, request) {
    const { ofproto } = connection;
    connection.reply(request, {
      name: 'FEATURES_REPLY',
      value: {
        datapathId: BigInt(`0x${ofproto.config.datapathId}`),
        bufferCount: 0,
        tableCount: visibleTableCount,
        auxiliaryId: 0,
        capabilities: allCapabilities,
        actions: actionsOf10,
        ports: portDescriptions(ofproto),
      },
    });
  },
  GET_CONFIG_REQUEST(connection, request) {
    connection.reply(request, { name: 'GET_CONFIG_REPLY', value: connection.config });
  },
  SET_CONFIG(connection, { value, version }) {
    const { ofproto } = connection;
    if (connection.kind === 'service' || connection.role !== 'secondary')
      ofproto.setFragments(value.fragments);
    connection.missSendLength = value.missSendLength;
    if (version < 4) connection.sendInvalidTtl(value.invalidTtlToController); // later ones have no such bit
  },
  DESC_REQUEST(connection, request) {
    connection.reply(request, { name: 'DESC_REPLY', value: connection.ofproto.config.description });
  },
  /** To a probe of ours: that something came is all there is to know. */
  ECHO_REPLY() {},
  BARRIER_REQUEST(connection, request) {
    connection.reply(request, { name: 'BARRIER_REPLY', value: undefined });
  },
};
