/**
 * Actions that set one header field each: OpenFlow 1.0.2 section 5.2.4, 1.1 section 5.2.4; ovs-actions(7). Since 1.2 most
 * of them are set_field.
 */
import { formatIpv4, formatMac } from '../../base/addresses.ts';
import type { FieldName } from '../../flow/fields/index.ts';
import { etherType } from '../../wire/ethernet.ts';
import { ipProtocol } from '../../wire/ip.ts';
import {
  octets,
  readAddress,
  readEthernet,
  readUnsigned,
  u8Argument,
  u16Argument,
  wrong,
} from './arguments.ts';
import { defineAction, laidOut, type Verdict, withoutArguments } from './declare.ts';
import { loading, settingNumber, settingOf } from './field-value.ts';
import { checkedForms, type NumberArguments, setsField } from './header-value.ts';
import type { PacketShape } from './packet-shape.ts';

const needsIp = (_: object, packet: PacketShape): Verdict => (packet.isIp ? undefined : 'inconsistent');
const needsIpv4 = (_: object, packet: PacketShape): Verdict =>
  packet.etherType === etherType.ipv4 ? undefined : 'inconsistent';

export interface MacArguments {
  readonly mac: Uint8Array;
}

function setMac<N extends string>(
  name: N,
  number10: number,
  number11: number,
  word: string,
  field: FieldName,
) {
  const printed = word.replace('mod', 'OFPAT_SET').toUpperCase();
  return defineAction(name, {
    forms: laidOut<MacArguments>([`OF 1.0 ${number10} ${printed}`, `OF 1.1+ ${number11} ${printed}`], {
      mac: octets(6),
    }),
    words: [word],
    read: (text): MacArguments => ({ mac: readEthernet(text) }),
    format: ({ mac }) => `${word}:${formatMac(mac)}`,
    sentAs: ({ mac }, version) => (version < 3 ? undefined : [settingOf(field, mac)]),
  });
}

export const setEthSrc = setMac('set_eth_src', 4, 3, 'mod_dl_src', 'eth_src');
export const setEthDst = setMac('set_eth_dst', 5, 4, 'mod_dl_dst', 'eth_dst');

export interface IpAddressArguments {
  readonly address: Uint8Array;
}

function setAddress<N extends string>(
  name: N,
  number10: number,
  number11: number,
  word: string,
  field: FieldName,
) {
  const printed = `OFPAT_${name.toUpperCase()}`;
  return defineAction(name, {
    forms: laidOut<IpAddressArguments>([`OF 1.0 ${number10} ${printed}`, `OF 1.1+ ${number11} ${printed}`], {
      address: octets(4),
    }),
    words: [word],
    read: (text): IpAddressArguments => ({ address: readAddress(text) }),
    format: ({ address }) => `${word}:${formatIpv4(address)}`,
    sentAs: ({ address }, version) => (version < 3 ? undefined : [settingOf(field, address)]),
    check: needsIpv4,
  });
}

export const setIpSrc = setAddress('set_nw_src', 6, 5, 'mod_nw_src', 'ip_src');
export const setIpDst = setAddress('set_nw_dst', 7, 6, 'mod_nw_dst', 'ip_dst');

export const setNwTos = defineAction('set_nw_tos', {
  forms: checkedForms(
    laidOut<NumberArguments>(['OF 1.0 8 OFPAT_SET_NW_TOS', 'OF 1.1+ 7 OFPAT_SET_NW_TOS'], {
      value: u8Argument,
    }),
    ({ value }) => (value & 3) === 0,
  ),
  words: ['mod_nw_tos'],
  read(text): NumberArguments {
    const value = readUnsigned(text, 8, 'TOS');
    if ((value & 3) !== 0) throw wrong(`${text}: not a valid TOS`);
    return { value };
  },
  format: ({ value }) => `mod_nw_tos:${value}`,
  sentAs: setsField('ip_dscp', (value) => value >>> 2),
  check: needsIp,
});

const setsEcn = setsField('nw_ecn');

export const setNwEcn = defineAction('set_nw_ecn', {
  forms: checkedForms(
    laidOut<NumberArguments>(['OF 1.1+ 8 OFPAT_SET_NW_ECN'], { value: u8Argument }),
    ({ value }) => value <= 3,
  ),
  words: ['mod_nw_ecn'],
  read(text): NumberArguments {
    const value = readUnsigned(text, 8, 'ECN');
    if (value > 3) throw wrong(`${text}: not a valid ECN`);
    return { value };
  },
  format: ({ value }) => `mod_nw_ecn:${value}`,
  sentAs: ({ value }, version) =>
    version === 1
      ? [loading({ field: 'nw_ecn', low: 0, width: 2 }, BigInt(value))]
      : setsEcn({ value }, version),
  check: needsIp,
});

export const setNwTtl = defineAction('set_nw_ttl', {
  forms: laidOut<NumberArguments>(['OF 1.1+ 23 OFPAT_SET_NW_TTL'], { value: u8Argument }),
  words: ['mod_nw_ttl', 'set_nw_ttl'],
  read: (text): NumberArguments => ({ value: readUnsigned(text, 8, 'TTL') }),
  format: ({ value }) => `mod_nw_ttl:${value}`,
  sentAs: ({ value }, version) =>
    version === 1 ? [loading({ field: 'nw_ttl', low: 0, width: 8 }, BigInt(value))] : undefined,
  check: needsIp,
});

/** Fields of the port in the headers that have one. */
type PortFields = Readonly<Record<number, FieldName>>;

function setPort<N extends string>(
  name: N,
  number: number,
  word: string,
  what: string,
  portFields: PortFields,
) {
  const printed = `OFPAT_${name.toUpperCase()}`;
  return defineAction(name, {
    forms: laidOut<NumberArguments>([`OF 1.0 ${number} ${printed}`, `OF 1.1+ ${number} ${printed}`], {
      value: u16Argument,
    }),
    words: [word],
    read: (text): NumberArguments => ({ value: readUnsigned(text, 16, what) }),
    format: ({ value }) => `${word}:${value}`,
    sentAs({ value }, version, packet) {
      const field = version < 3 ? undefined : portFields[packet.ipProtocol];
      return field === undefined ? undefined : [settingNumber(field, value)];
    },
    check: (_, packet) =>
      packet.isIp && !packet.isLaterFragment && portFields[packet.ipProtocol] !== undefined
        ? undefined
        : 'inconsistent',
  });
}

const { tcp, udp, sctp } = ipProtocol;

export const setTpSrc = setPort('set_tp_src', 9, 'mod_tp_src', 'source port', {
  [tcp]: 'tcp_src',
  [udp]: 'udp_src',
  [sctp]: 'sctp_src',
});
export const setTpDst = setPort('set_tp_dst', 10, 'mod_tp_dst', 'destination port', {
  [tcp]: 'tcp_dst',
  [udp]: 'udp_dst',
  [sctp]: 'sctp_dst',
});

export const decNshTtl = withoutArguments('dec_nsh_ttl', ['NX 1.3+ 48 NXAST_DEC_NSH_TTL'], {
  check: (_, packet) => (packet.hasEtherType(etherType.nsh) ? undefined : 'inconsistent'),
});
