/** Messages of CFM and BFD as whole frames. */
import { readMac } from '../../base/addresses.ts';
import type { Random } from '../../base/random.ts';
import { type BfdMessage, bfdPort, emitBfd } from '../../wire/bfd.ts';
import { type Ccm, emitCcm } from '../../wire/ccm.ts';
import { ethernet, etherType, vlanTag } from '../../wire/ethernet.ts';
import { emitUdp } from '../../wire/udp.ts';
import type { PortBfd, PortCfm } from './monitoring-config.ts';

/** Where continuity checks go: IEEE 802.1ag-2007 table 8-10, level 0. */
const ccmAddress = 0x0180c2000030;
/** In extended mode. */
const extendedCcmAddress = 0x012320000030;

/** As a number of 48 bits. */
export function addressOfCcm({ isExtended }: PortCfm): number {
  return isExtended ? extendedCcmAddress : ccmAddress;
}

export function emitCcmFrame(message: Ccm, source: string, config: PortCfm, random: Random): Uint8Array {
  const payload = emitCcm(message);
  const vlan = (config.vlan === 'random' ? random.u32() : config.vlan) & 0xfff;
  const tagSize = vlan === 0 && config.priority === 0 ? 0 : vlanTag.size;
  const frame = new Uint8Array(ethernet.size + tagSize + payload.length);
  const view = new DataView(frame.buffer);
  const address = addressOfCcm(config);
  view.setUint16(ethernet.offset.dst, Math.floor(address / 2 ** 32));
  view.setUint32(ethernet.offset.dst + 2, address % 2 ** 32);
  frame.set(readMac(source), ethernet.offset.src);
  if (tagSize > 0) {
    vlanTag.set.tpid(view, ethernet.offset.type, etherType.vlan);
    vlanTag.set.tci(view, ethernet.offset.type, (config.priority << 13) | vlan);
  }
  ethernet.set.type(view, tagSize, etherType.cfm);
  frame.set(payload, ethernet.size + tagSize);
  return frame;
}

/** Where control packets go that are told no other address. */
const bfdAddress = '00:23:20:00:00:01';
/** Of internetwork control, RFC 791. */
const controlPrecedence = 0xc0;
const neighbourTtl = 255;

/** `port` is the session's own source port. */
export function emitBfdFrame(message: BfdMessage, source: string, config: PortBfd, port: number): Uint8Array {
  return emitUdp({
    ethernet: { src: config.localSource ?? source, dst: config.localDestination ?? bfdAddress },
    ip: { src: config.source, dst: config.destination, tos: controlPrecedence, ttl: neighbourTtl },
    ports: { src: port, dst: bfdPort },
    payload: emitBfd(message),
  });
}
