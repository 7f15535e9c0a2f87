/** Nicira's requests that belong to nothing else: options of tunnels, exporters, connections that are tracked. */
import { logger } from '../../base/log.ts';
import { OpenFlowError } from '../../openflow/errors.ts';
import { type CtFlush, formatCtFlush, hasTuples } from '../../openflow/messages/ct-flush.ts';
import { isOptionUsed } from '../tables/option-fields.ts';
import { tlvLimits } from '../tlv-table.ts';
import type { RequestHandlers } from './request-handler.ts';

const log = logger('ct_dpif');

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
  // Nothing is tracked, so there is nothing to forget.
  CT_FLUSH({ ofproto }, { value }) {
    log.dbg(() => `${ofproto.datapathName}: ct_flush: ${whatIsFlushed(value)}`);
  },
  CT_FLUSH_ZONE({ ofproto }, { value }, bytes) {
    checkZeros(bytes);
    log.dbg(() => `${ofproto.datapathName}: ct_flush: zone ${value.id}`);
  },
  FLOW_AGE: () => {},
};

/** Of Nicira's messages that are a number behind six bytes without meaning. Throws OpenFlowError. */
export function checkZeros(bytes: Uint8Array): void {
  if (bytes.subarray(16, 22).some((byte) => byte !== 0))
    throw new OpenFlowError('NXBRC_MUST_BE_ZERO', 'bytes that must be zero');
}

function whatIsFlushed(value: CtFlush): string {
  if (hasTuples(value)) return formatCtFlush(value);
  return value.zone === undefined ? '<all>' : `zone ${value.zone}`;
}

function notConfigured(): OpenFlowError {
  return new OpenFlowError('NXST_NOT_CONFIGURED', 'the bridge exports no such flow records');
}
