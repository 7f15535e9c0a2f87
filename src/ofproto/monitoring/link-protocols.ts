/** Which packets are messages of CFM and of BFD for the monitor of a port. */
import { formatMac } from '../../base/addresses.ts';
import { getSlot, maskSlot } from '../../flow/key.ts';
import { ethDst, readMacNumber } from '../../flow/mac.ts';
import { slots } from '../../flow/slots.ts';
import { bfdPort } from '../../wire/bfd.ts';
import { ethernet, etherType } from '../../wire/ethernet.ts';
import { ipProtocol } from '../../wire/ip.ts';
import { findIpPayload } from '../../wire/ip-payload.ts';
import { udp } from '../../wire/transport.ts';
import type { ArrivedPacket, LinkProtocol } from '../protocols/link-protocol.ts';
import { payloadOf } from '../protocols/payload.ts';
import { addressOfCcm } from './frames.ts';
import { defaultBfdSource } from './monitoring-config.ts';

/** Bit of `nw_frag`: it is no first fragment, and so has no ports. */
const laterFragment = 2;

export const cfmProtocol: LinkProtocol = {
  reason: 'cfm',
  claims(arrived) {
    const { port, flow, mask } = arrived;
    const config = port.monitor?.config.cfm;
    if (config === undefined || getSlot(flow, 'eth_type') !== etherType.cfm) return false;
    maskSlot(mask, 'eth_dst');
    return ethDst(flow) === addressOfCcm(config) && isOfKey(arrived, config.checksTunnelKey);
  },
  receive({ port, flow }, frame) {
    const source = formatMac(frame.subarray(ethernet.offset.src, ethernet.offset.type));
    port.monitor?.receiveCcm(payloadOf(frame, flow), source);
  },
};

export const bfdProtocol: LinkProtocol = {
  reason: 'bfd',
  claims(arrived) {
    const { port, flow, mask } = arrived;
    const config = port.monitor?.config.bfd;
    if (config === undefined) return false;
    if (config.remoteDestination !== undefined) {
      maskSlot(mask, 'eth_dst');
      if (ethDst(flow) !== readMacNumber(config.remoteDestination)) return false;
    }
    if (getSlot(flow, 'eth_type') !== etherType.ipv4) return false;
    maskSlot(mask, 'nw_proto');
    if (getSlot(flow, 'nw_proto') !== ipProtocol.udp || (getSlot(flow, 'nw_frag') & laterFragment) !== 0)
      return false;
    if (!isToBfdPort(arrived)) return false;
    const isOurs = config.source === getSlot(flow, 'nw_dst');
    if (isOurs) maskSlot(mask, 'nw_dst');
    return (isOurs || config.source === defaultBfdSource) && isOfKey(arrived, config.checksTunnelKey);
  },
  receive({ port, flow }, frame) {
    const datagram = findIpPayload(frame)?.bytes;
    if (datagram !== undefined && datagram.length >= udp.size)
      port.monitor?.receiveBfd(datagram.subarray(udp.size), getSlot(flow, 'nw_ttl'));
  },
};

/** Of another port the highest bit that differs has decided. */
function isToBfdPort({ flow, mask }: ArrivedPacket): boolean {
  const { word, shift } = slots.tp_dst;
  const difference = getSlot(flow, 'tp_dst') ^ bfdPort;
  if (difference === 0) maskSlot(mask, 'tp_dst');
  else mask[word] = (mask[word] ?? 0) | ((0x80000000 >>> Math.clz32(difference)) << shift);
  return difference === 0;
}

function isOfKey({ flow, mask }: ArrivedPacket, isChecked: boolean): boolean {
  if (!isChecked) return true;
  maskSlot(mask, 'tun_id');
  const { word } = slots.tun_id;
  return ((flow[word] ?? 0) | (flow[word + 1] ?? 0)) === 0;
}
