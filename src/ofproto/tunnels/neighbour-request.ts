/**
 * What a switch asks for the Ethernet address of a neighbour with: an ARP request or a neighbour solicitation (RFC 826,
 * RFC 4861 section 4.3).
 */
import { composeFrame } from '../../flow/compose.ts';
import { newKey, setSlot, writeSlot } from '../../flow/key.ts';
import { etherType } from '../../wire/ethernet.ts';
import { arpOperation, ipProtocol } from '../../wire/ip.ts';
import { icmpv6Type } from '../../wire/transport.ts';
import { type HostAddress, isMapped, plainBytes } from './host-address.ts';

export interface NeighbourRequest {
  /** Whose Ethernet address is wanted. */
  readonly target: HostAddress;
  /** Who asks. */
  readonly source: HostAddress;
  /** 6 bytes. */
  readonly mac: Uint8Array;
}

const toAll = new Uint8Array(6).fill(0xff);
const farthest = 255;

export function composeRequest(request: NeighbourRequest): Uint8Array {
  const key = newKey();
  writeSlot(key, 'eth_src', request.mac);
  writeSlot(key, 'arp_sha', request.mac);
  if (isMapped(request.target)) putArp(key, request);
  else putSolicitation(key, request);
  return composeFrame(key);
}

function putArp(key: Uint32Array, { target, source }: NeighbourRequest): void {
  writeSlot(key, 'eth_dst', toAll);
  setSlot(key, 'eth_type', etherType.arp);
  setSlot(key, 'nw_proto', arpOperation.request);
  writeSlot(key, 'nw_src', isMapped(source) ? plainBytes(source) : new Uint8Array(4));
  writeSlot(key, 'nw_dst', plainBytes(target));
}

/** To the group of all nodes whose addresses end as that one does. */
function putSolicitation(key: Uint32Array, { target, source }: NeighbourRequest): void {
  const end = target.subarray(13);
  const group = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, ...end);
  writeSlot(key, 'eth_dst', Uint8Array.of(0x33, 0x33, 0xff, ...end));
  setSlot(key, 'eth_type', etherType.ipv6);
  setSlot(key, 'nw_proto', ipProtocol.icmpv6);
  setSlot(key, 'nw_ttl', farthest);
  writeSlot(key, 'ipv6_src', source);
  writeSlot(key, 'ipv6_dst', group);
  setSlot(key, 'tp_src', icmpv6Type.neighbourSolicitation);
  writeSlot(key, 'nd_target', target);
}
