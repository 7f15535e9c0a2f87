/** Flows that are watched: OpenFlow 1.4.1 section 7.3.5.17, and Nicira's monitors. */
import type { FlowMonitorRequest } from '../../openflow/messages/monitor-request.ts';
import type { RequestHandlers } from './request-handler.ts';
import type { SwitchConnection } from './switch-connection.ts';

function resolved({ ofproto }: SwitchConnection, all: readonly FlowMonitorRequest[]): FlowMonitorRequest[] {
  return all.map((one) => ({ ...one, match: ofproto.tlvTable.resolve(one.match) }));
}

export const monitorRequests: RequestHandlers = {
  FLOW_MONITOR_REQUEST: (connection, request) =>
    connection.replyList(
      request,
      'FLOW_MONITOR_REPLY',
      connection.told(connection.monitors.request(resolved(connection, request.value))),
    ),
  FLOW_MONITOR_CANCEL(connection, { value }) {
    connection.monitors.cancel(value.id);
  },
};
