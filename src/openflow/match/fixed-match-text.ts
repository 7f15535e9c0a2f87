/** The fixed match of OpenFlow 1.0 field by field, as `ovs-ofctl -mmm` prints it (1.0.2 section 5.2.3). */
import { formatIpv4, formatMac } from '../../base/addresses.ts';
import type { PortText } from '../../flow/fields/text.ts';
import { etherType } from '../../wire/ethernet.ts';
import { ipProtocol } from '../../wire/ip.ts';
import type { Reader } from '../bytes.ts';

/** Bits of fields that do not count. */
const wild = {
  inPort: 1,
  vlan: 2,
  macSource: 4,
  macDestination: 8,
  type: 0x10,
  protocol: 0x20,
  portSource: 0x40,
  portDestination: 0x80,
  vlanPriority: 0x100000,
  tos: 0x200000,
} as const;
/** Where the counts of low bits of addresses that do not count begin. */
const sourceShift = 8;
const destinationShift = 14;

const protocols: readonly (readonly [number, string])[] = [
  [ipProtocol.icmp, 'icmp'],
  [ipProtocol.tcp, 'tcp'],
  [ipProtocol.udp, 'udp'],
  [ipProtocol.sctp, 'sctp'],
];
const arpTypes: readonly (readonly [number, string])[] = [
  [etherType.arp, 'arp'],
  [etherType.rarp, 'rarp'],
];

const named = (names: readonly (readonly [number, string])[], number: number): string | undefined =>
  names.find(([one]) => one === number)?.[1];

/** Reads a match, and prints all of its fields, "*" for those that do not count. */
export function formatFixedMatch(from: Reader, ports: PortText): string {
  const wildcards = from.u32();
  const [inPort, macSource, macDestination] = [from.u16(), from.octets(6), from.octets(6)];
  const [vlan, vlanPriority] = [from.u16(), from.u8()];
  from.skip(1);
  const [type, tos, protocol] = [from.u16(), from.u8(), from.u8()];
  from.skip(2);
  const [source, destination] = [from.octets(4), from.octets(4)];
  const [portSource, portDestination] = [from.u16(), from.u16()];

  const field = (name: string, bit: number, text: string): string =>
    `${name}=${(wildcards & bit) === 0 ? text : '*'}`;
  const address = (name: string, shift: number, bytes: Uint8Array): string => {
    const length = 32 - ((wildcards >>> shift) & 63);
    const text = formatIpv4(bytes);
    return `${name}=${length <= 0 ? '*' : length === 32 ? text : `${text}/${length}`}`;
  };
  const isTyped = (wildcards & wild.type) === 0;
  const isArp = isTyped && named(arpTypes, type) !== undefined;
  const isIp = isTyped && type === etherType.ipv4;
  const ofIp = isIp && (wildcards & wild.protocol) === 0 ? named(protocols, protocol) : undefined;
  const head = isArp ? named(arpTypes, type) : isIp ? (ofIp ?? 'ip') : undefined;
  const isIcmp = protocol === ipProtocol.icmp;
  return [
    head,
    field('in_port', wild.inPort, ports.format(inPort)),
    field('dl_vlan', wild.vlan, String(vlan)),
    field('dl_vlan_pcp', wild.vlanPriority, String(vlanPriority)),
    field('dl_src', wild.macSource, formatMac(macSource)),
    field('dl_dst', wild.macDestination, formatMac(macDestination)),
    head === undefined ? field('dl_type', wild.type, `0x${type.toString(16).padStart(4, '0')}`) : undefined,
    address('nw_src', sourceShift, source),
    address('nw_dst', destinationShift, destination),
    ofIp === undefined ? field(isArp ? 'arp_op' : 'nw_proto', wild.protocol, String(protocol)) : undefined,
    field('nw_tos', wild.tos, String(tos)),
    field(isIcmp ? 'icmp_type' : 'tp_src', wild.portSource, String(portSource)),
    field(isIcmp ? 'icmp_code' : 'tp_dst', wild.portDestination, String(portDestination)),
  ]
    .filter((part) => part !== undefined)
    .join(',');
}
