/** VLAN tags: OpenFlow 1.0.2 section 5.2.4, 1.5.1 section 7.2.6.6; ovs-actions(7). */
import { etherType, vlanPresent } from '../../wire/ethernet.ts';
import { protocolSets } from '../protocols/protocols.ts';
import { readUnsigned, u8Argument, u16Argument, wrong } from './arguments.ts';
import {
  type ActionForm,
  type ActionPlace,
  type AnyAction,
  type Argument,
  defineAction,
  instead,
  laidOut,
} from './declare.ts';
import { settingNumber } from './field-value.ts';
import { checkedForms, type EtherTypeArguments, hex4, type NumberArguments } from './header-value.ts';

function readBelow(text: string, limit: number, what: string): NumberArguments {
  const value = readUnsigned(text, limit > 0xff ? 16 : 8, what);
  if (value >= limit) throw wrong(`${text}: not a valid ${what}`);
  return { value };
}

export interface SetVlanArguments extends NumberArguments {
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
  const form = (wire: ActionPlace, addsTag: boolean): ActionForm<SetVlanArguments>[] =>
    checkedForms(laidOut<NumberArguments>([wire], { value: argument }), ({ value }) => value < limit).map(
      (plain) => ({
        ...plain,
        decode: (body, version, inner) => ({ ...plain.decode(body, version, inner), addsTag }),
      }),
    );
  const printed = `OFPAT_${name.toUpperCase()}`;
  return defineAction(name, {
    forms: [...form(`OF 1.0 ${number} ${printed}`, true), ...form(`OF 1.1+ ${number} ${printed}`, false)],
    words: [name, word10],
    read: (text, _context, word): SetVlanArguments => ({
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

export const setVlanVid = setVlan('set_vlan_vid', 1, u16Argument, 0x1000, 'VLAN VID', (value) =>
  settingNumber('vlan_vid', value | vlanPresent),
);
export const setVlanPcp = setVlan('set_vlan_pcp', 2, u8Argument, 8, 'VLAN PCP', (value) =>
  settingNumber('vlan_pcp', value),
);

export interface PopVlanArguments {
  /** It was said as in OpenFlow 1.0, which calls it so. */
  readonly isStrip: boolean;
}

export const popVlan = defineAction('pop_vlan', {
  forms: laidOut<Record<never, never>>(['OF 1.0 3 OFPAT_STRIP_VLAN', 'OF 1.1+ 18 OFPAT_POP_VLAN'], {}).map(
    (form, n): ActionForm<PopVlanArguments> => ({ ...form, decode: () => ({ isStrip: n === 0 }) }),
  ),
  words: ['strip_vlan', 'pop_vlan'],
  read: (_text, _context, word): PopVlanArguments => ({ isStrip: word === 'strip_vlan' }),
  format: ({ isStrip }) => (isStrip ? 'strip_vlan' : 'pop_vlan'),
  check: (_, packet) => (packet.isTagged ? undefined : 'inconsistent'),
  changes: (_, packet) => packet.popTag(),
});

const vlanTypes: readonly number[] = [etherType.vlan, etherType.serviceVlan];

export const pushVlan = defineAction('push_vlan', {
  forms: checkedForms(
    laidOut<EtherTypeArguments>(['OF 1.1+ 17 OFPAT_PUSH_VLAN'], { etherType: u16Argument }),
    (push) => vlanTypes.includes(push.etherType),
  ),
  words: ['push_vlan'],
  read(text): EtherTypeArguments {
    const type = readUnsigned(text, 16, 'ethertype');
    if (!vlanTypes.includes(type)) throw wrong(`${text}: not a valid VLAN ethertype`);
    return { etherType: type };
  },
  format: (push) => `push_vlan:${hex4(push.etherType)}`,
  usableIn: () => protocolSets.since11,
  // In OpenFlow 1.0 the action behind it, which writes the tag, adds one by itself.
  sentAs: (_, version) => (version === 1 ? [] : undefined),
  check: (_, packet) => (packet.isFullyTagged ? 'OFPBAC_BAD_TAG' : undefined),
  changes: (_, packet) => packet.pushTag(),
});
