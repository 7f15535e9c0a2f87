/** What a controller says of itself: its role, and what it wants to be told. OpenFlow 1.5.1 section 7.3.8 and 7.3.10. */
import { changedAsyncConfig } from './async-messages.ts';
import { checkZeros } from './extension-requests.ts';
import type { RequestHandlers } from './request-handler.ts';
import { defaultMissSendLength } from './switch-connection.ts';

export const controllerRequests: RequestHandlers = {
  PACKET_OUT({ ofproto }, { value, version }) {
    ofproto.packets.send(value, version);
  },
  RESUME({ ofproto }, { value, version }) {
    ofproto.packets.resume(value, version);
  },
  ROLE_REQUEST(connection, request) {
    const { election } = connection;
    election.request(connection, request.value);
    connection.reply(request, {
      name: 'ROLE_REPLY',
      value: { role: connection.role, generation: election.generation },
      form: request.form.replace(/REQUEST$/, 'REPLY'),
    });
  },
  GET_ASYNC_REQUEST(connection, request) {
    connection.reply(request, { name: 'GET_ASYNC_REPLY', value: connection.asyncConfig });
  },
  SET_ASYNC(connection, request) {
    connection.asyncConfig = changedAsyncConfig(connection.asyncConfig, request);
    if (connection.missSendLength === 0) connection.missSendLength = defaultMissSendLength;
  },
  SET_PACKET_IN_FORMAT(connection, { value }) {
    connection.packetInFormat = value.format;
  },
  SET_CONTROLLER_ID(connection, { value }, bytes) {
    checkZeros(bytes);
    connection.controllerId = value.id;
  },
};
