/** Flows that are watched: OpenFlow 1.4.1 section 7.3.5.17, and Nicira's monitors. */
import type { RequestHandlers } from './request-handler.ts';

export const monitorRequests: RequestHandlers = {
  FLOW_MONITOR_REQUEST: (connection, request) =>
    connection.replyList(request, 'FLOW_MONITOR_REPLY', connection.monitors.request(request.value)),
  FLOW_MONITOR_CANCEL(connection, { value }) {
    connection.monitors.cancel(value.id);
  },
};
