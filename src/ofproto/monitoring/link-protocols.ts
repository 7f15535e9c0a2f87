/** Which packets are messages of CFM and of BFD for the monitor of a port. */
import { formatMac } from '../../base/addresses.ts';
import { slotMasker, slotReader } from '../../flow/key.ts';
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

const typeOf = slotReader('eth_type');
const protocolOf = slotReader('nw_proto');
const fragmentOf = slotReader('nw_frag');
const destinationOf = slotReader('nw_dst');
const udpPortOf = slotReader('tp_dst');
const ttlOf = slotReader('nw_ttl');
const maskMac = slotMasker('eth_dst');
const maskProtocol = slotMasker('nw_proto');
const maskDestination = slotMasker('nw_dst');
const maskUdpPort = slotMasker('tp_dst');
const maskTunnelKey = slotMasker('tun_id');

/** Bit of `nw_frag`: it is no first fragment, and so has no ports. */
const laterFragment = 2;

export const cfmProtocol: LinkProtocol = {
  reason: 'cfm',
  claims(arrived) {
    const { port, flow, mask } = arrived;
    const config = port.monitor?.config.cfm;
    if (config === undefined || typeOf(flow) !== etherType.cfm) return false;
    maskMac(mask);
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
      maskMac(mask);
      if (ethDst(flow) !== readMacNumber(config.remoteDestination)) return false;
    }
    if (typeOf(flow) !== etherType.ipv4) return false;
    maskProtocol(mask);
    if (protocolOf(flow) !== ipProtocol.udp || (fragmentOf(flow) & laterFragment) !== 0) return false;
    if (!isToBfdPort(arrived)) return false;
    const isOurs = config.source === destinationOf(flow);
    if (isOurs) maskDestination(mask);
    return (isOurs || config.source === defaultBfdSource) && isOfKey(arrived, config.checksTunnelKey);
  },
  receive({ port, flow }, frame) {
    const datagram = findIpPayload(frame)?.bytes;
    if (datagram !== undefined && datagram.length >= udp.size)
      port.monitor?.receiveBfd(datagram.subarray(udp.size), ttlOf(flow));
  },
};

/** Of another port the highest bit that differs has decided. */
function isToBfdPort({ flow, mask }: ArrivedPacket): boolean {
  const { word, shift } = slots.tp_dst;
  const difference = udpPortOf(flow) ^ bfdPort;
  if (difference === 0) maskUdpPort(mask);
  else mask[word] = (mask[word] ?? 0) | ((0x80000000 >>> Math.clz32(difference)) << shift);
  return difference === 0;
}

function isOfKey({ flow, mask }: ArrivedPacket, isChecked: boolean): boolean {
  if (!isChecked) return true;
  maskTunnelKey(mask);
  const { word } = slots.tun_id;
  return ((flow[word] ?? 0) | (flow[word + 1] ?? 0)) === 0;
}
