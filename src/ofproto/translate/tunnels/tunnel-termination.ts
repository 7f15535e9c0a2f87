/**
 * Packets for the host that are ends of tunnels: they are unwrapped instead of going out by the port of the address.
 * From them, and from what neighbours say of themselves there, the switch learns where to send wrapped packets.
 */
import type { DpPort } from '../../../base/units.ts';
import { etherTypeOf, getSlot, maskSlot, readSlot, setSlot } from '../../../flow/key.ts';
import type { SlotName } from '../../../flow/slots.ts';
import { etherType } from '../../../wire/ethernet.ts';
import { arpOperation, ipProtocol } from '../../../wire/ip.ts';
import { icmpv6Type } from '../../../wire/transport.ts';
import type { OfprotoPort } from '../../port.ts';
import { hostAddress } from '../../tunnels/host-address.ts';
import { listeningTag } from '../tags.ts';
import type { Translation } from '../translation.ts';

/** The port of the datapath whose tunnels the packet is for; undefined for one that just goes out. */
export function tunnelEndFor(t: Translation, port: OfprotoPort): DpPort | undefined {
  const { request, flow, mask, outcome } = t;
  const { tunnels } = request.context;
  if (!tunnels.isOn) return undefined;
  outcome.tags |= listeningTag;
  if (!tunnels.hasAddress(port)) return undefined;
  tunnels.host.routes.refresh();
  const end = tunnels.host.listening.find(flow, mask);
  if (end === undefined) listenToNeighbour(t);
  else learnSender(t);
  return end;
}

/** Whoever sends through tunnels can be sent to. */
function learnSender(t: Translation): void {
  const type = etherTypeOf(t.flow);
  if (type === etherType.ipv4) learn(t, 'nw_src', 'eth_src');
  else if (type === etherType.ipv6) learn(t, 'ipv6_src', 'eth_src');
}

function listenToNeighbour(t: Translation): void {
  const { flow, mask, ofproto, request } = t;
  const isArp = etherTypeOf(flow) === etherType.arp;
  const isAnswer = isArp || getSlot(flow, 'nw_proto') === ipProtocol.icmpv6;
  if (!isArp && !isAnswer) return;
  const isForUs = request.context.tunnels.isForHost(flow, ofproto);
  if (isArp) listenToArp(t, isForUs);
  else if (isForUs && isAdvertisement(flow, mask)) {
    maskSlot(mask, 'arp_tha');
    if (isZero(flow, 'arp_tha')) return;
    for (const slot of ['ipv6_src', 'ipv6_dst', 'nd_target'] as const) maskSlot(mask, slot);
    learn(t, 'nd_target', 'arp_tha');
  }
}

/** Answers to us, and what a host says of itself unasked. */
function listenToArp(t: Translation, isForUs: boolean): void {
  const { flow, mask } = t;
  for (const slot of ['nw_src', 'nw_dst'] as const) maskSlot(mask, slot);
  const isOfItself = getSlot(flow, 'nw_src') === getSlot(flow, 'nw_dst');
  if (!isForUs && !isOfItself) return;
  if (!isOfItself) {
    maskSlot(mask, 'nw_proto');
    if (getSlot(flow, 'nw_proto') !== arpOperation.reply) return;
  }
  maskSlot(mask, 'arp_sha');
  if (!isZero(flow, 'arp_sha')) learn(t, 'nw_src', 'arp_sha');
}

function isAdvertisement(flow: Uint32Array, mask: Uint32Array): boolean {
  if (etherTypeOf(flow) !== etherType.ipv6) return false;
  maskSlot(mask, 'nw_proto');
  setSlot(mask, 'tp_dst', 0xffff);
  if (getSlot(flow, 'tp_dst') !== 0) return false;
  setSlot(mask, 'tp_src', 0xffff);
  return getSlot(flow, 'tp_src') === icmpv6Type.neighbourAdvertisement;
}

function isZero(flow: Uint32Array, slot: SlotName): boolean {
  return readSlot(flow, slot).every((byte) => byte === 0);
}

/** Of packets that are there, and that nothing of this switch has wrapped. */
function learn(
  t: Translation,
  address: 'nw_src' | 'ipv6_src' | 'nd_target',
  mac: 'eth_src' | 'arp_sha' | 'arp_tha',
): void {
  const { request, flow, ofproto, packet } = t;
  if (!request.hasPacket || packet.isWrapped) return;
  request.context.tunnels.host.neighbours.set(
    ofproto.name,
    hostAddress(readSlot(flow, address)),
    readSlot(flow, mac),
  );
}
