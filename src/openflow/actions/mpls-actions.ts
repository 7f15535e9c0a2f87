/** MPLS labels: OpenFlow 1.1 section 5.2.4, 1.5.1 section 7.2.6.6, Nicira's for 1.0; ovs-actions(7). */
import { isMplsType } from '../../wire/ethernet.ts';
import { readU32, readUnsigned, u8Argument, u16Argument, u32Argument, wrong } from './arguments.ts';
import { defineAction, laidOut, type Verdict, withoutArguments } from './declare.ts';
import {
  checkedForms,
  type EtherTypeArguments,
  hex4,
  type NumberArguments,
  setsField,
} from './header-value.ts';
import type { PacketShape } from './packet-shape.ts';

const needsMpls = (_: object, packet: PacketShape): Verdict => (packet.isMpls ? undefined : 'inconsistent');

export const decMplsTtl = withoutArguments(
  'dec_mpls_ttl',
  ['NX 1.0 26 OFPAT_DEC_MPLS_TTL', 'OF 1.1+ 16 OFPAT_DEC_MPLS_TTL'],
  { check: needsMpls },
);

export const pushMpls = defineAction('push_mpls', {
  forms: checkedForms(
    laidOut<EtherTypeArguments>(['NX 1.0 23 OFPAT_PUSH_MPLS', 'OF 1.1+ 19 OFPAT_PUSH_MPLS'], {
      etherType: u16Argument,
    }),
    (push) => isMplsType(push.etherType),
  ),
  words: ['push_mpls'],
  read: (text): EtherTypeArguments => ({ etherType: readUnsigned(text, 16, 'push_mpls') }),
  format: (push) => `push_mpls:${hex4(push.etherType)}`,
  check: (_, packet) => (packet.packetType === 0 ? undefined : 'inconsistent'),
  changes(push, packet) {
    packet.etherType = push.etherType;
    packet.ipProtocol = 0; // nobody looks behind the labels
  },
});

export const popMpls = defineAction('pop_mpls', {
  forms: laidOut<EtherTypeArguments>(['NX 1.0 24 OFPAT_POP_MPLS', 'OF 1.1+ 20 OFPAT_POP_MPLS'], {
    etherType: u16Argument,
  }),
  words: ['pop_mpls'],
  read: (text): EtherTypeArguments => ({ etherType: readUnsigned(text, 16, 'pop_mpls') }),
  format: (pop) => `pop_mpls:${hex4(pop.etherType)}`,
  check: (_, packet) => (packet.packetType === 0 && packet.isMpls ? undefined : 'inconsistent'),
  changes(pop, packet) {
    packet.etherType = pop.etherType;
  },
});

/** The text of an argument that must be there. */
function expected(text: string, word: string, what: string): string {
  if (text === '') throw wrong(`${word}: expected ${what}.`);
  return text;
}

export const setMplsLabel = defineAction('set_mpls_label', {
  forms: laidOut<NumberArguments>(['NX 1.0 30 OFPAT_SET_MPLS_LABEL', 'OF 1.1+ 13 OFPAT_SET_MPLS_LABEL'], {
    value: u32Argument,
  }),
  words: ['set_mpls_label'],
  read(text): NumberArguments {
    const value = readU32(expected(text, 'set_mpls_label', 'label'));
    if (value > 0xfffff) throw wrong(`${text}: not a valid MPLS label`);
    return { value };
  },
  format: ({ value }) => `set_mpls_label(${value})`,
  sentAs: setsField('mpls_label'),
  check: needsMpls,
});

export const setMplsTc = defineAction('set_mpls_tc', {
  forms: checkedForms(
    laidOut<NumberArguments>(['NX 1.0 31 OFPAT_SET_MPLS_TC', 'OF 1.1+ 14 OFPAT_SET_MPLS_TC'], {
      value: u8Argument,
    }),
    ({ value }) => value <= 7,
  ),
  words: ['set_mpls_tc'],
  read(text): NumberArguments {
    const value = readUnsigned(expected(text, 'set_mpls_tc', 'tc'), 8, 'MPLS TC');
    if (value > 7) throw wrong(`${text}: not a valid MPLS TC`);
    return { value };
  },
  format: ({ value }) => `set_mpls_tc(${value})`,
  sentAs: setsField('mpls_tc'),
  check: needsMpls,
});

export const setMplsTtl = defineAction('set_mpls_ttl', {
  forms: laidOut<NumberArguments>(['NX 1.0 25 OFPAT_SET_MPLS_TTL', 'OF 1.1+ 15 OFPAT_SET_MPLS_TTL'], {
    value: u8Argument,
  }),
  words: ['set_mpls_ttl'],
  read: (text): NumberArguments => ({
    value: readUnsigned(expected(text, 'set_mpls_ttl', 'ttl'), 8, 'MPLS TTL'),
  }),
  format: ({ value }) => `set_mpls_ttl(${value})`,
  check: needsMpls,
});
