/** Which packets are LLDP. */
import { getSlot } from '../../flow/key.ts';
import { etherType } from '../../wire/ethernet.ts';
import type { LinkProtocol } from '../protocols/link-protocol.ts';

export const lldpProtocol: LinkProtocol = {
  reason: 'lldp',
  claims: ({ port, flow }) => port.lldp?.isEnabled === true && getSlot(flow, 'eth_type') === etherType.lldp,
  receive: ({ ofproto, port, flow }, frame) => ofproto.protocols.discovery.receive(port, flow, frame),
};
