/** Nicira's requests that belong to nothing else: options of tunnels, exporters, connections that are tracked. */
import { OpenFlowError } from '../../openflow/errors.ts';
import { forgetConnections, forgetZone } from '../forget-connections.ts';
import { isOptionUsed } from '../tables/option-fields.ts';
import { tlvLimits } from '../tlv-table.ts';
import type { RequestHandlers } from './request-handler.ts';

export const extensionRequests: RequestHandlers = {
  TLV_TABLE_MOD({ ofproto }, { value }) {
    ofproto.tlvTable.change(value, (index) => isOptionUsed(ofproto.tables, index));
  },
  TLV_TABLE_REQUEST(connection, request) {
    const { mappings } = connection.ofproto.tlvTable;
    const { space: mostSpace, fields: mostFields } = tlvLimits;
    connection.reply(request, { name: 'TLV_TABLE_REPLY', value: { mostSpace, mostFields, mappings } });
  },
  IPFIX_BRIDGE_REQUEST(connection, request) {
    const value = connection.ofproto.exporters.ipfix?.bridgeStats();
    if (value === undefined) throw notConfigured();
    connection.reply(request, { name: 'IPFIX_BRIDGE_REPLY', value });
  },
  IPFIX_FLOW_REQUEST(connection, request) {
    const value = connection.ofproto.exporters.ipfix?.flowStats() ?? [];
    if (value.length === 0) throw notConfigured();
    connection.reply(request, { name: 'IPFIX_FLOW_REPLY', value });
  },
  async CT_FLUSH({ ofproto }, { value }) {
    await forgetConnections(ofproto.trackingDatapath, value); // where there is none, nobody is told
  },
  async CT_FLUSH_ZONE({ ofproto }, { value }, bytes) {
    checkZeros(bytes);
    await forgetZone(ofproto.trackingDatapath, value.id);
  },
  FLOW_AGE: () => {},
};

/** Of Nicira's messages that are a number behind six bytes without meaning. Throws OpenFlowError. */
export function checkZeros(bytes: Uint8Array): void {
  if (bytes.subarray(16, 22).some((byte) => byte !== 0))
    throw new OpenFlowError('NXBRC_MUST_BE_ZERO', 'bytes that must be zero');
}

function notConfigured(): OpenFlowError {
  return new OpenFlowError('NXST_NOT_CONFIGURED', 'the bridge exports no such flow records');
}
