/** Messages of CFM and BFD as whole frames. */
import { readMac } from '../../base/addresses.ts';
import type { Random } from '../../base/random.ts';
import { formatMacNumber, type Mac, readMacNumber } from '../../flow/mac.ts';
import { type BfdMessage, bfdPort, emitBfd } from '../../wire/bfd.ts';
import { type Ccm, emitCcm } from '../../wire/ccm.ts';
import { etherType } from '../../wire/ethernet.ts';
import { frameOf } from '../../wire/new-frame.ts';
import { emitUdp } from '../../wire/udp.ts';
import type { PortBfd, PortCfm } from './monitoring-config.ts';

/** Where continuity checks go: IEEE 802.1ag-2007 table 8-10, level 0. */
const ccmAddress = readMacNumber('01:80:c2:00:00:30');
/** In extended mode. */
const extendedCcmAddress = readMacNumber('01:23:20:00:00:30');

export function addressOfCcm({ isExtended }: PortCfm): Mac {
  return isExtended ? extendedCcmAddress : ccmAddress;
}

export function emitCcmFrame(message: Ccm, source: string, config: PortCfm, random: Random): Uint8Array {
  const vlan = (config.vlan === 'random' ? random.u32() : config.vlan) & 0xfff;
  const dst = readMac(formatMacNumber(addressOfCcm(config)));
  const tci = (config.priority << 13) | vlan;
  return frameOf({ dst, src: readMac(source), type: etherType.cfm, tci }, emitCcm(message));
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
