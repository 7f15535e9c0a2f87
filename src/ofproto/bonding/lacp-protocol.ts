/** Which packets are LACP. */
import { getSlot } from '../../flow/key.ts';
import { etherType } from '../../wire/ethernet.ts';
import type { LinkProtocol } from '../protocols/link-protocol.ts';
import { payloadOf } from '../protocols/payload.ts';

export const lacpProtocol: LinkProtocol = {
  reason: 'lacp',
  claims: ({ port, flow }) => port.bundle?.lacp !== undefined && getSlot(flow, 'eth_type') === etherType.slow,
  receive({ ofproto, port, flow }, frame) {
    if (port.bundle !== undefined)
      ofproto.protocols.bonding.receive(port.bundle, port, payloadOf(frame, flow));
  },
};
