/** All protocols that switches speak on their links, and which of them a packet is for. */
import type { SlowPathReason } from '../../datapath/cookie.ts';
import { lacpProtocol } from '../bonding/lacp-protocol.ts';
import { lldpProtocol } from '../lldp/lldp-protocol.ts';
import { bfdProtocol, cfmProtocol } from '../monitoring/link-protocols.ts';
import { bpduProtocol } from '../spanning-tree/bpdu-protocol.ts';
import type { ArrivedPacket, LinkProtocol } from './link-protocol.ts';

/** The first that claims a packet has it: the reference's order. */
const linkProtocols: readonly LinkProtocol[] = [
  cfmProtocol,
  bfdProtocol,
  lacpProtocol,
  bpduProtocol,
  lldpProtocol,
];

/** Gives the frame, where there is one, to the protocol that the packet is for; undefined where it is for none. */
export function giveToProtocol(
  arrived: ArrivedPacket,
  frame: Uint8Array | undefined,
): SlowPathReason | undefined {
  for (const protocol of linkProtocols) {
    if (!protocol.claims(arrived)) continue;
    if (frame !== undefined) protocol.receive(arrived, frame);
    return protocol.reason;
  }
  return undefined;
}
