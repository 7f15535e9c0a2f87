/** Nicira's requests that belong to nothing else: options of tunnels, exporters, connections that are tracked. */
import { OpenFlowError } from '../../openflow/errors.ts';
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
  IPFIX_BRIDGE_REQUEST: refuseIpfix,
  IPFIX_FLOW_REQUEST: refuseIpfix,
  // Nothing is tracked, so there is nothing to forget.
  CT_FLUSH: () => {},
  CT_FLUSH_ZONE: (_connection, _request, bytes) => checkZeros(bytes),
  FLOW_AGE: () => {},
};

/** Of Nicira's messages that are a number behind six bytes without meaning. Throws OpenFlowError. */
export function checkZeros(bytes: Uint8Array): void {
  if (bytes.subarray(16, 22).some((byte) => byte !== 0))
    throw new OpenFlowError('NXBRC_MUST_BE_ZERO', 'bytes that must be zero');
}

function refuseIpfix(): never {
  throw new OpenFlowError('NXST_NOT_CONFIGURED', 'no bridge exports flow records');
}
