/** Matches of OpenFlow 1.1 as structures: section A.2.3. */
import { getSlot, readSlot } from '../../flow/key.ts';
import type { Match } from '../../flow/match.ts';
import { etherType, vlanPresent } from '../../wire/ethernet.ts';
import { ipProtocol } from '../../wire/ip.ts';
import type { Reader, Writer } from '../bytes.ts';
import { OpenFlowError } from '../errors.ts';
import { port32, receivedPort } from '../ports.ts';
import { dscp, UnpackedMatch, vlanPcp, vlanVid } from './unpacked-match.ts';

const scratch = new UnpackedMatch();
const { key, mask } = scratch;
const mplsLabel = 0xfffff000;
const mplsTc = 0x0e00;

/** Wildcards of OpenFlow 1.1; addresses and metadata have masks of their own. */
const wild11 = {
  inPort: 0x1,
  vlan: 0x2,
  pcp: 0x4,
  ethType: 0x8,
  tos: 0x10,
  protocol: 0x20,
  tpSrc: 0x40,
  tpDst: 0x80,
  mplsLabel: 0x100,
  mplsTc: 0x200,
} as const;

const noTag11 = 0xffff;
const anyTag11 = 0xfffe;
const standardType = 0;
export const match11Size = 88;

/** The head of a match structure, type and length, was read. Throws OpenFlowError. */
export function readMatch11(from: Reader): Match {
  scratch.clear();
  const port = from.u32();
  const wildcards = from.u32();
  const counts = (bit: number): boolean => (wildcards & bit) === 0;
  if (counts(wild11.inPort)) {
    const known = receivedPort(port);
    if (known === undefined) throw badValue(`port ${port}`);
    scratch.set('in_port', known);
  }
  for (const slot of ['eth_src', 'eth_dst'] as const) {
    const address = from.octets(6);
    scratch.setOctets(slot, address, inverted(from.octets(6)));
  }
  const vid = from.u16();
  const pcp = from.u8();
  if (counts(wild11.vlan)) setTag11(vid, counts(wild11.pcp) ? pcp : undefined);
  from.skip(1);
  const type = from.u16();
  if (counts(wild11.ethType)) scratch.set('eth_type', type);
  readNetwork11(from, wildcards);
  setMasked64(from);
  return scratch.pack();
}

function badValue(what: string): OpenFlowError {
  return new OpenFlowError('OFPBMC_BAD_VALUE', `a match on ${what}`);
}

function inverted(octets: Uint8Array): Uint8Array {
  return octets.map((byte) => ~byte);
}

function setTag11(vid: number, pcp: number | undefined): void {
  if (vid === noTag11) {
    scratch.set('vlan_tci', 0);
    return;
  }
  if (vid > vlanVid && vid !== anyTag11) throw badValue(`VLAN ${vid}`);
  const vidBits = vid === anyTag11 ? 0 : vlanVid;
  if (pcp !== undefined && pcp > 7) throw badValue(`VLAN priority ${pcp}`);
  const pcpBits = pcp === undefined ? 0 : vlanPcp;
  scratch.setMasked(
    'vlan_tci',
    (vid & vidBits) | ((pcp ?? 0) << 13) | vlanPresent,
    vidBits | pcpBits | vlanPresent,
  );
}

/** From the type of service to MPLS; what the EtherType does not have is passed over. */
function readNetwork11(from: Reader, wildcards: number): void {
  const counts = (bit: number): boolean => (wildcards & bit) === 0;
  const type = getSlot(key, 'eth_type');
  const isIpv4 = type === etherType.ipv4;
  const hasAddresses = isIpv4 || type === etherType.arp || type === etherType.rarp;
  const tos = from.u8();
  if (isIpv4 && counts(wild11.tos)) {
    if ((tos & ~dscp) !== 0) throw badValue(`type of service ${tos}`);
    scratch.setMasked('nw_tos', tos, dscp);
  }
  const protocol = from.u8();
  if (hasAddresses && counts(wild11.protocol)) scratch.set('nw_proto', protocol);
  for (const slot of ['nw_src', 'nw_dst'] as const) {
    const address = from.u32();
    const maskOfAddress = ~from.u32() >>> 0;
    if (hasAddresses) scratch.setMasked(slot, address, maskOfAddress);
  }
  setPorts11(isIpv4, from.u16(), from.u16(), wildcards);
  const label = from.u32();
  const tc = from.u8();
  from.skip(3);
  if (type !== etherType.mpls && type !== etherType.mplsMulticast) return;
  const labelBits = counts(wild11.mplsLabel) ? mplsLabel : 0;
  const tcBits = counts(wild11.mplsTc) ? mplsTc : 0;
  scratch.setMasked('mpls_lse', ((label << 12) | (tc << 9)) >>> 0, (labelBits | tcBits) >>> 0);
}

function setPorts11(isIpv4: boolean, source: number, destination: number, wildcards: number): void {
  if (!isIpv4) return;
  const protocol = getSlot(key, 'nw_proto');
  const isIcmp = protocol === ipProtocol.icmp;
  const others: readonly number[] = [ipProtocol.tcp, ipProtocol.udp, ipProtocol.sctp];
  if (!isIcmp && !others.includes(protocol)) return;
  const ports = [
    ['tp_src', source, wild11.tpSrc],
    ['tp_dst', destination, wild11.tpDst],
  ] as const;
  for (const [slot, port, bit] of ports) {
    if ((wildcards & bit) !== 0) continue;
    if (isIcmp && port > 0xff) throw new OpenFlowError('OFPBMC_BAD_FIELD', `a match on ICMP ${port}`);
    scratch.set(slot, port);
  }
}

function setMasked64(from: Reader): void {
  const value = from.octets(8);
  scratch.setOctets('metadata', value, inverted(from.octets(8)));
}

/** With its head. What the structure has no place for is left out. */
export function writeMatch11(match: Match, to: Writer): void {
  scratch.unpack(match);
  const tci = getSlot(key, 'vlan_tci');
  const tciBits = getSlot(mask, 'vlan_tci');
  const isUntagged = (tciBits & vlanPresent) !== 0 && (tci & vlanPresent) === 0;
  const hasPcp = !isUntagged && (tciBits & vlanPcp) !== 0;
  const lse = getSlot(key, 'mpls_lse');
  const lseBits = getSlot(mask, 'mpls_lse');
  to.u16(standardType);
  to.u16(match11Size);
  to.u32(scratch.has('in_port') ? port32(getSlot(key, 'in_port')) : 0);
  to.u32(wildcardsOf(hasPcp));
  for (const slot of ['eth_src', 'eth_dst'] as const) {
    to.octets(readSlot(key, slot));
    to.octets(inverted(readSlot(mask, slot)));
  }
  to.u16(isUntagged ? noTag11 : tciBits === 0 ? 0 : (tciBits & vlanVid) === 0 ? anyTag11 : tci & vlanVid);
  to.u8(hasPcp ? tci >>> 13 : 0);
  to.u8(0);
  to.u16(getSlot(key, 'eth_type'));
  to.u8(getSlot(key, 'nw_tos') & dscp);
  to.u8(getSlot(key, 'nw_proto'));
  for (const slot of ['nw_src', 'nw_dst'] as const) {
    to.u32(getSlot(key, slot));
    to.u32(~getSlot(mask, slot) >>> 0);
  }
  to.u16(getSlot(key, 'tp_src'));
  to.u16(getSlot(key, 'tp_dst'));
  to.u32((lseBits & mplsLabel) === 0 ? 0 : lse >>> 12);
  to.u8((lseBits & mplsTc) === 0 ? 0 : (lse & mplsTc) >>> 9);
  to.room(3);
  to.octets(readSlot(key, 'metadata'));
  to.octets(inverted(readSlot(mask, 'metadata')));
}

/** What the unpacked match says nothing of. */
function wildcardsOf(hasPcp: boolean): number {
  const wild = (is: boolean, bit: number): number => (is ? 0 : bit);
  const lseBits = getSlot(mask, 'mpls_lse');
  return (
    wild(scratch.has('in_port'), wild11.inPort) |
    wild(getSlot(mask, 'vlan_tci') !== 0, wild11.vlan) |
    wild(hasPcp, wild11.pcp) |
    wild(scratch.has('eth_type'), wild11.ethType) |
    wild((getSlot(mask, 'nw_tos') & dscp) !== 0, wild11.tos) |
    wild(scratch.has('nw_proto'), wild11.protocol) |
    wild(scratch.has('tp_src'), wild11.tpSrc) |
    wild(scratch.has('tp_dst'), wild11.tpDst) |
    wild((lseBits & mplsLabel) !== 0, wild11.mplsLabel) |
    wild((lseBits & mplsTc) !== 0, wild11.mplsTc)
  );
}
