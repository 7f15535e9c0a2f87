/**
 * Actions that change one header field each, or push and pop tags and labels: OpenFlow 1.0.2 section 5.2.4, 1.5.1
 * section 7.2.6; ovs-actions(7). Most of them are set_field of another version.
 */
import { formatIpv4, formatMac } from '../../base/addresses.ts';
import type { FieldName } from '../../flow/fields/index.ts';
import { etherType, isMplsType, vlanPresent } from '../../wire/ethernet.ts';
import { ipProtocol } from '../../wire/ip.ts';
import { OpenFlowError } from '../errors.ts';
import type { WireVersion } from '../versions.ts';
import {
  octets,
  readAddress,
  readEthernet,
  readU32,
  readUnsigned,
  u8,
  u16,
  u32,
  wrong,
} from './arguments.ts';
import {
  type ActionForm,
  type ActionPlace,
  type AnyAction,
  type Argument,
  defineAction,
  instead,
  laidOut,
  type Verdict,
  withoutArguments,
} from './declare.ts';
import { loading, settingNumber, settingOf } from './field-value.ts';
import type { PacketShape } from './packet-shape.ts';

interface Value {
  readonly value: number;
}

/** OpenFlow 1.2 and later set fields by one action for all. */
function setsField(name: FieldName, toField: (value: number) => number = (value) => value) {
  return ({ value }: Value, version: WireVersion): AnyAction[] | undefined =>
    version < 3 ? undefined : [settingNumber(name, toField(value))];
}

const needsIp = (_: object, packet: PacketShape): Verdict => (packet.isIp ? undefined : 'inconsistent');
const needsMpls = (_: object, packet: PacketShape): Verdict => (packet.isMpls ? undefined : 'inconsistent');
const needsIpv4 = (_: object, packet: PacketShape): Verdict =>
  packet.etherType === etherType.ipv4 ? undefined : 'inconsistent';

/** Refuses on the wire what the header has no room for. */
function checked<V>(forms: ActionForm<V>[], isGood: (value: V) => boolean): ActionForm<V>[] {
  return forms.map((form) => ({
    ...form,
    decode(body, version, inner) {
      const read = form.decode(body, version, inner);
      if (!isGood(read))
        throw new OpenFlowError('OFPBAC_BAD_ARGUMENT', 'a value that the header has no room for');
      return read;
    },
  }));
}

function readBelow(text: string, limit: number, what: string): Value {
  const value = readUnsigned(text, limit > 0xff ? 16 : 8, what);
  if (value >= limit) throw wrong(`${text}: not a valid ${what}`);
  return { value };
}

interface VlanValue extends Value {
  /** A packet without a tag gets one, as in OpenFlow 1.0; later versions push it first. */
  readonly addsTag: boolean;
}

function setVlan<N extends string>(
  name: N,
  number: number,
  argument: Argument<number>,
  limit: number,
  what: string,
  asField: (value: number) => AnyAction,
) {
  const word10 = name.replace('set_', 'mod_');
  const form = (wire: ActionPlace, addsTag: boolean): ActionForm<VlanValue>[] =>
    checked(laidOut<Value>([wire], { value: argument }), ({ value }) => value < limit).map((plain) => ({
      ...plain,
      decode: (body, version, inner) => ({ ...plain.decode(body, version, inner), addsTag }),
    }));
  return defineAction(name, {
    forms: [...form(`OF 1.0 ${number}`, true), ...form(`OF 1.1+ ${number}`, false)],
    words: [name, word10],
    read: (text, _context, word): VlanValue => ({
      ...readBelow(text, limit, what),
      addsTag: word === word10,
    }),
    format: ({ value, addsTag }) => `${addsTag ? word10 : name}:${value}`,
    sentAs({ value, addsTag }, version, packet) {
      if (version === 1 || (version === 2 && !addsTag)) return undefined;
      const set = version === 2 ? { do: name, value, addsTag: false } : asField(value);
      return addsTag && !packet.isTagged ? [instead(pushVlan, { etherType: etherType.vlan }), set] : [set];
    },
    check: ({ addsTag }, packet) => (addsTag || packet.isTagged ? undefined : 'inconsistent'),
    changes: (_, packet) => packet.tag(),
  });
}

export const setVlanVid = setVlan('set_vlan_vid', 1, u16, 0x1000, 'VLAN VID', (value) =>
  settingNumber('vlan_vid', value | vlanPresent),
);
export const setVlanPcp = setVlan('set_vlan_pcp', 2, u8, 8, 'VLAN PCP', (value) =>
  settingNumber('vlan_pcp', value),
);

interface PopVlan {
  /** It was said as in OpenFlow 1.0, which calls it so. */
  readonly isStrip: boolean;
}

export const popVlan = defineAction('pop_vlan', {
  forms: laidOut<Record<never, never>>(['OF 1.0 3', 'OF 1.1+ 18'], {}).map(
    (form, n): ActionForm<PopVlan> => ({ ...form, decode: () => ({ isStrip: n === 0 }) }),
  ),
  words: ['strip_vlan', 'pop_vlan'],
  read: (_text, _context, word): PopVlan => ({ isStrip: word === 'strip_vlan' }),
  format: ({ isStrip }) => (isStrip ? 'strip_vlan' : 'pop_vlan'),
  check: (_, packet) => (packet.isTagged ? undefined : 'inconsistent'),
  changes: (_, packet) => packet.popTag(),
});

export const decMplsTtl = withoutArguments('dec_mpls_ttl', ['NX 1.0 26', 'OF 1.1+ 16'], { check: needsMpls });

export const decNshTtl = withoutArguments('dec_nsh_ttl', ['NX 1.3+ 48'], {
  check: (_, packet) => (packet.hasEtherType(etherType.nsh) ? undefined : 'inconsistent'),
});

interface EtherType {
  readonly etherType: number;
}

const hex4 = (value: number): string => `0x${value.toString(16).padStart(4, '0')}`;
const vlanTypes: readonly number[] = [etherType.vlan, etherType.serviceVlan];

export const pushVlan = defineAction('push_vlan', {
  forms: checked(laidOut<EtherType>(['OF 1.1+ 17'], { etherType: u16 }), (push) =>
    vlanTypes.includes(push.etherType),
  ),
  words: ['push_vlan'],
  read(text): EtherType {
    const type = readUnsigned(text, 16, 'ethertype');
    if (!vlanTypes.includes(type)) throw wrong(`${text}: not a valid VLAN ethertype`);
    return { etherType: type };
  },
  format: (push) => `push_vlan:${hex4(push.etherType)}`,
  // In OpenFlow 1.0 the action behind it, which writes the tag, adds one by itself.
  sentAs: (_, version) => (version === 1 ? [] : undefined),
  check: (_, packet) => (packet.isFullyTagged ? 'OFPBAC_BAD_TAG' : undefined),
  changes: (_, packet) => packet.pushTag(),
});

export const pushMpls = defineAction('push_mpls', {
  forms: checked(laidOut<EtherType>(['NX 1.0 23', 'OF 1.1+ 19'], { etherType: u16 }), (push) =>
    isMplsType(push.etherType),
  ),
  words: ['push_mpls'],
  read: (text): EtherType => ({ etherType: readUnsigned(text, 16, 'push_mpls') }),
  format: (push) => `push_mpls:${hex4(push.etherType)}`,
  check: (_, packet) => (packet.packetType === 0 ? undefined : 'inconsistent'),
  changes(push, packet) {
    packet.etherType = push.etherType;
    packet.ipProtocol = 0; // nobody looks behind the labels
  },
});

export const popMpls = defineAction('pop_mpls', {
  forms: laidOut<EtherType>(['NX 1.0 24', 'OF 1.1+ 20'], { etherType: u16 }),
  words: ['pop_mpls'],
  read: (text): EtherType => ({ etherType: readUnsigned(text, 16, 'pop_mpls') }),
  format: (pop) => `pop_mpls:${hex4(pop.etherType)}`,
  check: (_, packet) => (packet.packetType === 0 && packet.isMpls ? undefined : 'inconsistent'),
  changes(pop, packet) {
    packet.etherType = pop.etherType;
  },
});

interface Mac {
  readonly mac: Uint8Array;
}

function setMac<N extends string>(
  name: N,
  number10: number,
  number11: number,
  word: string,
  field: FieldName,
) {
  return defineAction(name, {
    forms: laidOut<Mac>([`OF 1.0 ${number10}`, `OF 1.1+ ${number11}`], { mac: octets(6) }),
    words: [word],
    read: (text): Mac => ({ mac: readEthernet(text) }),
    format: ({ mac }) => `${word}:${formatMac(mac)}`,
    sentAs: ({ mac }, version) => (version < 3 ? undefined : [settingOf(field, mac)]),
  });
}

export const setEthSrc = setMac('set_eth_src', 4, 3, 'mod_dl_src', 'eth_src');
export const setEthDst = setMac('set_eth_dst', 5, 4, 'mod_dl_dst', 'eth_dst');

interface Address {
  readonly address: Uint8Array;
}

function setAddress<N extends string>(
  name: N,
  number10: number,
  number11: number,
  word: string,
  field: FieldName,
) {
  return defineAction(name, {
    forms: laidOut<Address>([`OF 1.0 ${number10}`, `OF 1.1+ ${number11}`], { address: octets(4) }),
    words: [word],
    read: (text): Address => ({ address: readAddress(text) }),
    format: ({ address }) => `${word}:${formatIpv4(address)}`,
    sentAs: ({ address }, version) => (version < 3 ? undefined : [settingOf(field, address)]),
    check: needsIpv4,
  });
}

export const setIpSrc = setAddress('set_nw_src', 6, 5, 'mod_nw_src', 'ip_src');
export const setIpDst = setAddress('set_nw_dst', 7, 6, 'mod_nw_dst', 'ip_dst');

export const setNwTos = defineAction('set_nw_tos', {
  forms: checked(laidOut<Value>(['OF 1.0 8', 'OF 1.1+ 7'], { value: u8 }), ({ value }) => (value & 3) === 0),
  words: ['mod_nw_tos'],
  read(text): Value {
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
  forms: checked(laidOut<Value>(['OF 1.1+ 8'], { value: u8 }), ({ value }) => value <= 3),
  words: ['mod_nw_ecn'],
  read(text): Value {
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
  forms: laidOut<Value>(['OF 1.1+ 23'], { value: u8 }),
  words: ['mod_nw_ttl', 'set_nw_ttl'],
  read: (text): Value => ({ value: readUnsigned(text, 8, 'TTL') }),
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
  return defineAction(name, {
    forms: laidOut<Value>([`OF 1.0 ${number}`, `OF 1.1+ ${number}`], { value: u16 }),
    words: [word],
    read: (text): Value => ({ value: readUnsigned(text, 16, what) }),
    format: ({ value }) => `${word}:${value}`,
    sentAs({ value }, version, packet) {
      const field = portFields[packet.ipProtocol];
      return version < 3 || field === undefined ? undefined : [settingNumber(field, value)];
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

/** The text of an argument that must be there. */
function expected(text: string, word: string, what: string): string {
  if (text === '') throw wrong(`${word}: expected ${what}.`);
  return text;
}

export const setMplsLabel = defineAction('set_mpls_label', {
  forms: laidOut<Value>(['NX 1.0 30', 'OF 1.1+ 13'], { value: u32 }),
  words: ['set_mpls_label'],
  read(text): Value {
    const value = readU32(expected(text, 'set_mpls_label', 'label'));
    if (value > 0xfffff) throw wrong(`${text}: not a valid MPLS label`);
    return { value };
  },
  format: ({ value }) => `set_mpls_label(${value})`,
  sentAs: setsField('mpls_label'),
  check: needsMpls,
});

export const setMplsTc = defineAction('set_mpls_tc', {
  forms: checked(laidOut<Value>(['NX 1.0 31', 'OF 1.1+ 14'], { value: u8 }), ({ value }) => value <= 7),
  words: ['set_mpls_tc'],
  read(text): Value {
    const value = readUnsigned(expected(text, 'set_mpls_tc', 'tc'), 8, 'MPLS TC');
    if (value > 7) throw wrong(`${text}: not a valid MPLS TC`);
    return { value };
  },
  format: ({ value }) => `set_mpls_tc(${value})`,
  sentAs: setsField('mpls_tc'),
  check: needsMpls,
});

export const setMplsTtl = defineAction('set_mpls_ttl', {
  forms: laidOut<Value>(['NX 1.0 25', 'OF 1.1+ 15'], { value: u8 }),
  words: ['set_mpls_ttl'],
  read: (text): Value => ({ value: readUnsigned(expected(text, 'set_mpls_ttl', 'ttl'), 8, 'MPLS TTL') }),
  format: ({ value }) => `set_mpls_ttl(${value})`,
  check: needsMpls,
});
