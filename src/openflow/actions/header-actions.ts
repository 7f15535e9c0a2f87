/** Actions that change headers: OpenFlow 1.0.2 section 5.2.4, 1.5.1 section 7.2.6; ovs-actions(7). */
import { formatIpv4, formatMac } from '../../base/addresses.ts';
import { readInteger } from '../../flow/fields/integer.ts';
import { OpenFlowError } from '../errors.ts';
import { octets, readAddress, readEthernet, readUnsigned, u8, u16, u32, wrong } from './arguments.ts';
import {
  type ActionForm,
  type ActionPlace,
  type Argument,
  defineAction,
  laidOut,
  withoutArguments,
} from './declare.ts';

interface Value {
  readonly value: number;
}

/** Refuses on the wire what the header has no room for. */
function checked<V>(forms: ActionForm<V>[], isGood: (value: V) => boolean): ActionForm<V>[] {
  return forms.map((form) => ({
    ...form,
    decode(body, version) {
      const read = form.decode(body, version);
      if (!isGood(read))
        throw new OpenFlowError('OFPBAC_BAD_ARGUMENT', 'a value that the header has no room for');
      return read;
    },
  }));
}

function readBelow(text: string, limit: number, what: string): Value {
  const value = readInteger(text);
  if (value === undefined || value > 0xffffn) throw wrong(`invalid ${what} "${text}"`);
  if (value >= BigInt(limit)) throw wrong(`${text}: not a valid ${what}`);
  return { value: Number(value) };
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
) {
  const word10 = name.replace('set_', 'mod_');
  const form = (wire: ActionPlace, addsTag: boolean): ActionForm<VlanValue>[] =>
    checked(laidOut<Value>([wire], { value: argument }), ({ value }) => value < limit).map((plain) => ({
      ...plain,
      decode: (body, version) => ({ ...plain.decode(body, version), addsTag }),
      canSay: (value) => value.addsTag === addsTag,
    }));
  return defineAction(name, {
    forms: [...form(`OF 1.0 ${number}`, true), ...form(`OF 1.1+ ${number}`, false)],
    words: [word10, name],
    read: (text, _context, word): VlanValue => ({
      ...readBelow(text, limit, what),
      addsTag: word === word10,
    }),
    format: ({ value, addsTag }) => `${addsTag ? word10 : name}:${value}`,
  });
}

export const setVlanVid = setVlan('set_vlan_vid', 1, u16, 0x1000, 'VLAN VID');
export const setVlanPcp = setVlan('set_vlan_pcp', 2, u8, 8, 'VLAN PCP');

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
});

export const decMplsTtl = withoutArguments('dec_mpls_ttl', ['NX 1.0 26', 'OF 1.1+ 16'], 'dec_mpls_ttl');
export const decNshTtl = withoutArguments('dec_nsh_ttl', ['NX 1.3+ 48'], 'dec_nsh_ttl');

interface EtherType {
  readonly etherType: number;
}

const hex4 = (value: number): string => `0x${value.toString(16).padStart(4, '0')}`;
const vlanTypes = [0x8100, 0x88a8];
const mplsTypes = [0x8847, 0x8848];

export const pushVlan = defineAction('push_vlan', {
  forms: checked(laidOut<EtherType>(['OF 1.1+ 17'], { etherType: u16 }), ({ etherType }) =>
    vlanTypes.includes(etherType),
  ),
  words: ['push_vlan'],
  read(text): EtherType {
    const etherType = readUnsigned(text, 16, 'ethertype');
    if (!vlanTypes.includes(etherType)) throw wrong(`${text}: not a valid VLAN ethertype`);
    return { etherType };
  },
  format: ({ etherType }) => `push_vlan:${hex4(etherType)}`,
});

export const pushMpls = defineAction('push_mpls', {
  forms: checked(laidOut<EtherType>(['NX 1.0 23', 'OF 1.1+ 19'], { etherType: u16 }), ({ etherType }) =>
    mplsTypes.includes(etherType),
  ),
  words: ['push_mpls'],
  read: (text): EtherType => ({ etherType: readUnsigned(text, 16, 'push_mpls') }),
  format: ({ etherType }) => `push_mpls:${hex4(etherType)}`,
});

export const popMpls = defineAction('pop_mpls', {
  forms: laidOut<EtherType>(['NX 1.0 24', 'OF 1.1+ 20'], { etherType: u16 }),
  words: ['pop_mpls'],
  read: (text): EtherType => ({ etherType: readUnsigned(text, 16, 'pop_mpls') }),
  format: ({ etherType }) => `pop_mpls:${hex4(etherType)}`,
});

interface Mac {
  readonly mac: Uint8Array;
}

function setMac<N extends string>(name: N, number10: number, number11: number, word: string) {
  return defineAction(name, {
    forms: laidOut<Mac>([`OF 1.0 ${number10}`, `OF 1.1+ ${number11}`], { mac: octets(6) }),
    words: [word],
    read: (text): Mac => ({ mac: readEthernet(text) }),
    format: ({ mac }) => `${word}:${formatMac(mac)}`,
  });
}

export const setEthSrc = setMac('set_eth_src', 4, 3, 'mod_dl_src');
export const setEthDst = setMac('set_eth_dst', 5, 4, 'mod_dl_dst');

interface Address {
  readonly address: Uint8Array;
}

function setAddress<N extends string>(name: N, number10: number, number11: number, word: string) {
  return defineAction(name, {
    forms: laidOut<Address>([`OF 1.0 ${number10}`, `OF 1.1+ ${number11}`], { address: octets(4) }),
    words: [word],
    read: (text): Address => ({ address: readAddress(text) }),
    format: ({ address }) => `${word}:${formatIpv4(address)}`,
  });
}

export const setIpSrc = setAddress('set_nw_src', 6, 5, 'mod_nw_src');
export const setIpDst = setAddress('set_nw_dst', 7, 6, 'mod_nw_dst');

export const setNwTos = defineAction('set_nw_tos', {
  forms: checked(laidOut<Value>(['OF 1.0 8', 'OF 1.1+ 7'], { value: u8 }), ({ value }) => (value & 3) === 0),
  words: ['mod_nw_tos'],
  read(text): Value {
    const value = readUnsigned(text, 8, 'TOS');
    if ((value & 3) !== 0) throw wrong(`${value}: not a valid TOS`);
    return { value };
  },
  format: ({ value }) => `mod_nw_tos:${value}`,
});

export const setNwEcn = defineAction('set_nw_ecn', {
  forms: checked(laidOut<Value>(['OF 1.1+ 8'], { value: u8 }), ({ value }) => value <= 3),
  words: ['mod_nw_ecn'],
  read(text): Value {
    const value = readUnsigned(text, 8, 'ECN');
    if (value > 3) throw wrong(`${value}: not a valid ECN`);
    return { value };
  },
  format: ({ value }) => `mod_nw_ecn:${value}`,
});

export const setNwTtl = defineAction('set_nw_ttl', {
  forms: laidOut<Value>(['OF 1.1+ 23'], { value: u8 }),
  words: ['mod_nw_ttl'],
  read: (text): Value => ({ value: readUnsigned(text, 8, 'TTL') }),
  format: ({ value }) => `mod_nw_ttl:${value}`,
});

function setPort<N extends string>(name: N, number10: number, word: string, what: string) {
  return defineAction(name, {
    forms: laidOut<Value>([`OF 1.0 ${number10}`, `OF 1.1+ ${number10}`], { value: u16 }),
    words: [word],
    read: (text): Value => ({ value: readUnsigned(text, 16, what) }),
    format: ({ value }) => `${word}:${value}`,
  });
}

export const setTpSrc = setPort('set_tp_src', 9, 'mod_tp_src', 'source port');
export const setTpDst = setPort('set_tp_dst', 10, 'mod_tp_dst', 'destination port');

export const setMplsLabel = defineAction('set_mpls_label', {
  forms: laidOut<Value>(['NX 1.0 30', 'OF 1.1+ 13'], { value: u32 }),
  words: ['set_mpls_label'],
  read(text): Value {
    const value = Number(readInteger(text) ?? -1n);
    if (value < 0 || value > 0xfffff) throw wrong(`${text}: not a valid MPLS label`);
    return { value };
  },
  format: ({ value }) => `set_mpls_label(${value})`,
});

export const setMplsTc = defineAction('set_mpls_tc', {
  forms: checked(laidOut<Value>(['NX 1.0 31', 'OF 1.1+ 14'], { value: u8 }), ({ value }) => value <= 7),
  words: ['set_mpls_tc'],
  read(text): Value {
    const value = readUnsigned(text, 8, 'MPLS TC');
    if (value > 7) throw wrong(`${value}: not a valid MPLS TC`);
    return { value };
  },
  format: ({ value }) => `set_mpls_tc(${value})`,
});

export const setMplsTtl = defineAction('set_mpls_ttl', {
  forms: laidOut<Value>(['NX 1.0 25', 'OF 1.1+ 15'], { value: u8 }),
  words: ['set_mpls_ttl'],
  read: (text): Value => ({ value: readUnsigned(text, 8, 'MPLS TTL') }),
  format: ({ value }) => `set_mpls_ttl(${value})`,
});
