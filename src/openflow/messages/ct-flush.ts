/** Forgetting connections: NXT_CT_FLUSH (nicira-ext.h; ovs-ofctl(8), "ct-flush"). */
import { formatIpv4, formatIpv6 } from '../../base/addresses.ts';
import { isIcmpProtocol } from '../../wire/ip.ts';
import type { Reader, Writer } from '../bytes.ts';
import { defineMessage, type MessageForm } from '../declare.ts';
import { OpenFlowError } from '../errors.ts';
import { readProperty, readShort, writeProperty, writeShort } from '../properties.ts';

/** Parts of a connection; zero where they are not told. */
export interface CtTuple {
  /** IPv6, or an IPv4 address mapped into one. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  /** Of ICMP: the id. */
  readonly sourcePort: number;
  /** Of ICMP: the type above the code. */
  readonly destinationPort: number;
}

export interface CtFlush {
  readonly protocol: number;
  readonly zone: number | undefined;
  /** As the first packet went, and as the answers do. */
  readonly original: CtTuple;
  readonly reply: CtTuple;
  /** Are the addresses IPv4's? */
  readonly isIpv4: boolean;
}

const tupleProperty = { original: 0, reply: 1, zone: 2 } as const;
const part = {
  source: 0,
  destination: 1,
  sourcePort: 2,
  destinationPort: 3,
  icmpId: 4,
  icmpType: 5,
  icmpCode: 6,
} as const;

type Family = 'ipv4' | 'ipv6' | undefined;

function familyOf(address: Uint8Array): Family {
  if (address.every((byte) => byte === 0)) return undefined;
  const isMapped = address.every((byte, n) => n >= 12 || byte === (n < 10 ? 0 : 0xff));
  return isMapped ? 'ipv4' : 'ipv6';
}

type Draft = { -readonly [K in keyof CtTuple]: CtTuple[K] };

function newTuple(): Draft {
  return { source: new Uint8Array(16), destination: new Uint8Array(16), sourcePort: 0, destinationPort: 0 };
}

/** Reads into a tuple that may have been read before; returns the family of the last address. */
function readTuple(body: Reader, tuple: Draft, family: Family): Family {
  let last = family;
  body.skip(4);
  while (body.left > 0) {
    const property = readProperty(body);
    if (property.experimenter !== 0) continue;
    const { type, body: value } = property;
    if (type === part.source || type === part.destination) {
      const address = value.octets(16);
      const own = familyOf(address);
      if (last !== undefined && own !== undefined && last !== own)
        throw new OpenFlowError('OFPBPC_BAD_VALUE', 'addresses of IPv4 and of IPv6');
      last = own;
      tuple[type === part.source ? 'source' : 'destination'] = address;
    } else if (type === part.sourcePort || type === part.icmpId) tuple.sourcePort = readShort(property);
    else if (type === part.destinationPort) tuple.destinationPort = readShort(property);
    else if (type === part.icmpType)
      tuple.destinationPort = (value.u8() << 8) | (tuple.destinationPort & 0xff);
    else if (type === part.icmpCode) tuple.destinationPort = (tuple.destinationPort & 0xff00) | value.u8();
  }
  return last;
}

function writeTuple(tuple: CtTuple, type: number, protocol: number, to: Writer): void {
  const { source, destination, sourcePort, destinationPort } = tuple;
  const addresses = [
    [part.source, source],
    [part.destination, destination],
  ] as const;
  const told = addresses.filter(([, address]) => familyOf(address) !== undefined);
  if (told.length === 0 && sourcePort === 0 && destinationPort === 0 && !isIcmpProtocol(protocol)) return;
  writeProperty(to, type, () => {
    to.u32(0);
    for (const [number, address] of told) writeProperty(to, number, () => to.octets(address));
    if (isIcmpProtocol(protocol)) {
      writeShort(to, part.icmpId, sourcePort);
      writeProperty(to, part.icmpType, () => to.u8(destinationPort >>> 8));
      writeProperty(to, part.icmpCode, () => to.u8(destinationPort & 0xff));
      return;
    }
    if (sourcePort !== 0) writeShort(to, part.sourcePort, sourcePort);
    if (destinationPort !== 0) writeShort(to, part.destinationPort, destinationPort);
  });
}

const form: MessageForm<CtFlush> = {
  wire: 'NXT 1.0+ 32',
  size: [8, 8],
  decode(body) {
    const protocol = body.u8();
    if (body.octets(7).some((byte) => byte !== 0))
      throw new OpenFlowError('NXBRC_MUST_BE_ZERO', 'bytes of ct_flush that must be zero');
    const [original, reply] = [newTuple(), newTuple()];
    let zone: number | undefined;
    let family: Family;
    while (body.left > 0) {
      const property = readProperty(body);
      if (property.experimenter !== 0) continue;
      if (property.type === tupleProperty.original) family = readTuple(property.body, original, family);
      else if (property.type === tupleProperty.reply) family = readTuple(property.body, reply, family);
      else if (property.type === tupleProperty.zone) zone = readShort(property);
    }
    return { protocol, zone, original, reply, isIpv4: family === 'ipv4' };
  },
  encode({ protocol, zone, original, reply }, to) {
    to.u8(protocol);
    to.room(7);
    writeTuple(original, tupleProperty.original, protocol, to);
    writeTuple(reply, tupleProperty.reply, protocol, to);
    if (zone !== undefined) writeShort(to, tupleProperty.zone, zone);
  },
};

export const ctFlush = defineMessage('CT_FLUSH', [form], (value) => ` ${formatCtFlush(value)}`);

export function formatCtFlush(value: CtFlush): string {
  const { protocol, zone = 0, original, reply } = value;
  return `zone=${zone} '${formatTuple(original, value)},ct_nw_proto=${protocol}' '${formatTuple(reply, value)}'`;
}

/** Does it say more of connections than their zone? */
export function hasTuples({ protocol, original, reply }: CtFlush): boolean {
  if (protocol !== 0) return true;
  return [original, reply].some(
    ({ source, destination, sourcePort, destinationPort }) =>
      familyOf(source) !== undefined ||
      familyOf(destination) !== undefined ||
      sourcePort !== 0 ||
      destinationPort !== 0,
  );
}

function formatTuple(tuple: CtTuple, { protocol, isIpv4 }: CtFlush): string {
  const name = isIpv4 ? 'ct_nw' : 'ct_ipv6';
  const address = (bytes: Uint8Array): string =>
    familyOf(bytes) === 'ipv4' ? formatIpv4(bytes.subarray(12)) : formatIpv6(bytes);
  const { sourcePort, destinationPort } = tuple;
  const rest = isIcmpProtocol(protocol)
    ? `icmp_id=${sourcePort},icmp_type=${destinationPort >>> 8},icmp_code=${destinationPort & 0xff}`
    : `ct_tp_src=${sourcePort},ct_tp_dst=${destinationPort}`;
  return `${name}_src=${address(tuple.source)},${name}_dst=${address(tuple.destination)},${rest}`;
}
