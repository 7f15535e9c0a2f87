/** What a packet begins with, as keys say it in `packet_type`: an Ethernet header, or what an EtherType names. */
import { etherType } from '../wire/ethernet.ts';
import { nshNext } from '../wire/nsh.ts';

export const ethernetPacket = 0;

const etherTypeNamespace = 1;

/** That of a packet without an Ethernet header. */
export function typedPacket(type: number): number {
  return (etherTypeNamespace << 16) | type;
}

export function isTypedPacket(packetType: number): boolean {
  return packetType >>> 16 === etherTypeNamespace;
}

const typesOfNsh: ReadonlyMap<number, number> = new Map([
  [nshNext.ipv4, typedPacket(etherType.ipv4)],
  [nshNext.ipv6, typedPacket(etherType.ipv6)],
  [nshNext.ethernet, ethernetPacket],
  [nshNext.nsh, typedPacket(etherType.nsh)],
]);
const nshOfTypes: ReadonlyMap<number, number> = new Map([...typesOfNsh].map(([next, type]) => [type, next]));

/** The type of what follows an NSH header. */
export function packetTypeOfNsh(nextProtocol: number): number | undefined {
  return typesOfNsh.get(nextProtocol);
}

/** What an NSH header calls a packet of that type. */
export function nshOfPacketType(packetType: number): number | undefined {
  return nshOfTypes.get(packetType);
}
