/** Headers put before packets and taken off: Nicira's encap and decap, after the ONF's EXT-382; ovs-actions(7). */
import { hexOrZero } from '../../base/numbers.ts';
import { integerOf } from '../../flow/fields/integer.ts';
import { keyValues } from '../../flow/key-values.ts';
import { etherType } from '../../wire/ethernet.ts';
import type { Reader, Writer } from '../bytes.ts';
import { OpenFlowError } from '../errors.ts';
import { protocolSets } from '../protocols/protocols.ts';
import { readUnsigned, wrong } from './arguments.ts';
import { defineAction } from './declare.ts';
import { etherTypeNamespace } from './packet-shape.ts';

const headers = ['ethernet', 'nsh', 'mpls', 'mpls_mc'] as const;
export type EncapHeader = (typeof headers)[number];

const packetType = (namespace: number, type: number): number => ((namespace << 16) | type) >>> 0;

/** (namespace << 16) | type of a packet that begins with the header. */
const packetTypes: Readonly<Record<EncapHeader, number>> = {
  ethernet: 0,
  nsh: packetType(etherTypeNamespace, etherType.nsh),
  mpls: packetType(etherTypeNamespace, etherType.mpls),
  mpls_mc: packetType(etherTypeNamespace, etherType.mplsMulticast),
};

/** What a new NSH header has. */
export type EncapProperty =
  | { readonly kind: 'md_type'; readonly mdType: number }
  | { readonly kind: 'tlv'; readonly tlvClass: number; readonly type: number; readonly data: Uint8Array };

export interface EncapArguments {
  readonly header: EncapHeader;
  /** Bytes; 0 where it is not said. */
  readonly headerSize: number;
  readonly properties: readonly EncapProperty[];
}

const nshClass = 4;
const propertyType = { mdType: 1, tlv: 2 } as const;
const toEight = (size: number): number => Math.ceil(size / 8) * 8;

function decodeProperty(body: Reader): EncapProperty {
  if (body.left < 4) throw new OpenFlowError('OFPBAC_BAD_LEN', `${body.left} bytes where a property begins`);
  const propertyClass = body.u16();
  const type = body.u8();
  const size = body.u8();
  if (size < 4 || toEight(size) - 4 > body.left)
    throw new OpenFlowError('OFPBAC_BAD_LEN', `a property of ${size} bytes`);
  const payload = body.part(toEight(size) - 4);
  if (propertyClass !== nshClass || (type !== propertyType.mdType && type !== propertyType.tlv))
    throw new OpenFlowError('NXBAC_UNKNOWN_ED_PROP', `property ${type} of class ${propertyClass}`);
  const isTlv = type === propertyType.tlv;
  if (!isTlv && size > 8) throw new OpenFlowError('NXBAC_BAD_ED_PROP', `a property of ${size} bytes`);
  if (!isTlv) return { kind: 'md_type', mdType: payload.u8() };
  const tlvClass = payload.u16();
  const tlvType = payload.u8();
  const dataSize = payload.u8();
  if (size !== 8 + toEight(dataSize))
    throw new OpenFlowError('NXBAC_BAD_ED_PROP', `a TLV of ${dataSize} bytes in a property of ${size}`);
  return { kind: 'tlv', tlvClass, type: tlvType, data: payload.octets(dataSize) };
}

function encodeProperty(to: Writer, property: EncapProperty): void {
  const start = to.size;
  to.u16(nshClass);
  if (property.kind === 'md_type') {
    to.u8(propertyType.mdType);
    to.u8(5);
    to.u8(property.mdType);
  } else {
    const { tlvClass, type, data } = property;
    to.u8(propertyType.tlv);
    to.u8(8 + toEight(data.length));
    to.u16(tlvClass);
    to.u8(type);
    to.u8(data.length);
    to.octets(data);
  }
  to.pad(start);
}

export const encap = defineAction('encap', {
  forms: [
    {
      wire: 'NX 1.3+ 46 NXAST_ENCAP',
      size: () => [6, 8],
      decode(body): EncapArguments {
        const headerSize = body.u16();
        const type = body.u32();
        const header = headers.find((name) => packetTypes[name] === type);
        if (header === undefined)
          throw new OpenFlowError('NXBAC_BAD_HEADER_TYPE', `packet type 0x${type.toString(16)}`);
        const properties: EncapProperty[] = [];
        while (body.left > 0) properties.push(decodeProperty(body));
        return { header, headerSize, properties };
      },
      encode({ header, headerSize, properties }, to) {
        to.u16(headerSize);
        to.u32(packetTypes[header]);
        for (const property of properties) encodeProperty(to, property);
      },
    },
  ],
  words: ['encap'],
  read(text): EncapArguments {
    const [first] = keyValues(text);
    if (first === undefined) throw wrong(`Missing encap hdr: ${text}`);
    const header = headers.find((name) => name === first.name);
    if (header === undefined) throw wrong(`Encap hdr not supported: ${first.value}`);
    const properties = Array.from(keyValues(first.value), ({ name, value }) =>
      readProperty(header, name, value),
    );
    return { header, headerSize: 0, properties };
  },
  format({ header, properties }) {
    if (properties.length === 0) return `encap(${header})`;
    return `encap(${header}(${properties.map(formatProperty).join(',')}))`;
  },
  usableIn: () => protocolSets.since13,
  changes({ header }, packet) {
    const type = packetTypes[header];
    packet.packetType = type;
    if (type !== 0) packet.etherType = type & 0xffff;
    if (!packet.isIp) packet.ipProtocol = 0;
  },
});

function readProperty(header: EncapHeader, name: string, text: string): EncapProperty {
  if (header !== 'nsh' || (name !== 'md_type' && name !== 'tlv')) throw wrong(`Invalid property: ${name}`);
  if (text === '') throw wrong('Value missing for encap property');
  if (name === 'md_type') {
    const mdType = readUnsigned(text, 8, 'md_type');
    if (mdType < 1 || mdType > 2) throw wrong('invalid md_type');
    return { kind: 'md_type', mdType };
  }
  const [, tlvClass = '', type = '', digits = ''] =
    /^0x([\da-f]+),(\d+),0x([\da-f]{1,251})/i.exec(text) ?? [];
  if (digits === '' || Number.parseInt(tlvClass, 16) > 0xffff || Number(type) > 0xff)
    throw wrong(`Invalid NSH TLV header: ${text}`);
  const data = Uint8Array.from(Buffer.from(digits.slice(0, digits.length & ~1), 'hex'));
  return { kind: 'tlv', tlvClass: Number.parseInt(tlvClass, 16), type: Number(type), data };
}

function formatProperty(property: EncapProperty): string {
  if (property.kind === 'md_type') return `md_type=${property.mdType}`;
  const { tlvClass, type, data } = property;
  return `tlv(0x${tlvClass.toString(16).padStart(4, '0')},${type},${hexOrZero(integerOf(data))})`;
}

export interface DecapArguments {
  /** (namespace << 16) | type of what is behind the header; undefined where the header says it. */
  readonly packetType: number | undefined;
}

const nextProtocol = packetType(0, 0xfffe);
/** Ethernet, EtherTypes, IP protocols, ports, IPv4 options. */
const namespaceCount = 5;
const unknownPacket = 0xffffffff;

export const decap = defineAction('decap', {
  forms: [
    {
      wire: 'NX 1.3+ 47 NXAST_DECAP',
      size: () => [6, 8],
      decode(body): DecapArguments {
        body.skip(2);
        const type = body.u32();
        if (body.left > 0) throw new OpenFlowError('NXBAC_UNKNOWN_ED_PROP', 'properties of a decap');
        return { packetType: type === nextProtocol ? undefined : type };
      },
      encode(value, to) {
        to.room(2);
        to.u32(value.packetType ?? nextProtocol);
      },
    },
  ],
  words: ['decap'],
  read(text): DecapArguments {
    const [first] = keyValues(text);
    if (first === undefined) return { packetType: undefined };
    if (first.name !== 'packet_type') throw wrong(`Invalid decap argument: ${first.name}`);
    const [ns, type] = keyValues(first.value);
    if (ns?.name !== 'ns') throw wrong('Missing packet_type attribute ns');
    const namespace = readUnsigned(ns.value, 16, 'ns');
    if (namespace >= namespaceCount) throw wrong(`Unsupported ns value: ${namespace}`);
    if (type?.name !== 'type') throw wrong('Missing packet_type attribute type');
    const packet = packetType(namespace, readUnsigned(type.value, 16, 'type'));
    return { packetType: packet === nextProtocol ? undefined : packet };
  },
  format({ packetType: packet }) {
    if (packet === undefined) return 'decap()';
    const type = packet & 0xffff;
    return `decap(packet_type(ns=${packet >>> 16},type=${hexOrZero(type)}))`;
  },
  changes(_, packet) {
    if (packet.packetType === 0) {
      packet.packetType = packetType(etherTypeNamespace, packet.etherType);
    } else {
      packet.packetType = unknownPacket;
      packet.etherType = 0xffff;
    }
  },
});
