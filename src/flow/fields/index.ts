/**
 * The field table: every field that a packet can be matched on, by the names of ovs-fields(7). Match text, OXM and
 * NXM codecs, prerequisites and the field reference read it; nobody writes a field number a second time.
 * A field is some or all bits of a slot of the key (slots.ts); extraction knows slots only.
 */
import { slots } from '../slots.ts';
import { conntrackFields } from './conntrack.ts';
import type { FieldRow } from './field.ts';
import { linkFields } from './link.ts';
import { metadataFields } from './metadata.ts';
import { networkFields } from './network.ts';
import { type FieldNumber, readNumber } from './numbers.ts';
import { transportFields } from './transport.ts';
import { tunnelFields } from './tunnel.ts';

const declared = {
  ...metadataFields,
  ...tunnelFields,
  ...conntrackFields,
  ...linkFields,
  ...networkFields,
  ...transportFields,
} as const;

type Numbered = `reg${number}` | `xreg${number}` | `xxreg${number}` | `tun_metadata${number}`;
export type FieldName = keyof typeof declared | Numbered;

/** A row, its name, and its numbers as values. */
export interface Field extends Omit<FieldRow, 'numbers'> {
  readonly name: FieldName;
  /** Bits of the slot below the value. */
  readonly low: number;
  /** On the wire. */
  readonly bytes: number;
  readonly place: FieldPlace;
  readonly numbers: readonly FieldNumber[];
}

/** Where a field is in a key. */
interface FieldPlace {
  /** The word of its first bit. */
  readonly word: number;
  /** How many words it has bits in. More than one: its bytes follow from the top of the first on. */
  readonly wordCount: number;
  /** Those words, of options of tunnels: there they need not follow each other. */
  readonly words?: readonly number[];
  /** In a single word: bits below the value, and the value's bits, not shifted. */
  readonly shift: number;
  readonly bits: number;
}

function placeOf({ slot, low = 0, width, keeps, hasTagBit }: FieldRow): FieldPlace {
  const { word, shift, size } = slots[slot];
  // In a slot longer than a word, `low` counts from its last bit.
  const last = size > 4 ? word + Math.ceil(size / 4) - 1 - (low >>> 5) : word;
  const wordCount = Math.ceil(width / 32);
  const bits = keeps ?? (width >= 32 ? 0xffffffff : 2 ** width - 1);
  return {
    word: last - wordCount + 1,
    wordCount,
    shift: shift + (low & 31),
    bits: hasTagBit === true ? bits | 0x1000 : bits,
  };
}

const register = { slot: 'regs', format: 'hexadecimal', mask: 'bits', isWritable: true } as const;

/** Registers overlap: xreg0 is reg0 and reg1, xxreg0 is reg0 to reg3, the first one the most significant. */
function registerRow(index: number, words: number, number: FieldRow['numbers'][number]): FieldRow {
  const low = 8 * slots.regs.size - 32 * words * (index + 1);
  return { ...register, low, width: 32 * words, numbers: [number] };
}

function count<T>(size: number, make: (index: number) => T): T[] {
  return Array.from({ length: size }, (_, index) => make(index));
}

const tunnelOption = {
  slot: 'tun_metadata',
  width: 992,
  format: 'hexadecimal',
  mask: 'bits',
  isWritable: true,
} as const;

const rows: readonly (readonly [name: string, row: FieldRow])[] = [
  ...Object.entries(declared),
  ...count(16, (n) => [`reg${n}`, registerRow(n, 1, `NXM_NX_REG${n} ${n}`)] as const),
  ...count(8, (n) => [`xreg${n}`, registerRow(n, 2, `OXM_OF_PKT_REG${n} ${n} since 1.3`)] as const),
  ...count(4, (n) => [`xxreg${n}`, registerRow(n, 4, `NXM_NX_XXREG${n} ${111 + n}`)] as const),
  ...count(
    64,
    (n) =>
      [
        `tun_metadata${n}`,
        { ...tunnelOption, option: n, numbers: [`NXM_NX_TUN_METADATA${n} ${40 + n}`] },
      ] as const,
  ),
];

/** Every field by its name. */
export const fields: ReadonlyMap<FieldName, Field> = new Map(
  rows.map(([text, row]) => {
    const name = text as FieldName; // the names of `rows` are the type's
    const { low = 0, bytes = Math.ceil(row.width / 8) } = row;
    return [name, { ...row, name, low, bytes, place: placeOf(row), numbers: row.numbers.map(readNumber) }];
  }),
);

const byAnyName = new Map<string, Field>();
for (const field of fields.values()) {
  for (const known of [field.name, ...(field.aliases ?? [])]) byAnyName.set(known, field);
}

/** Finds a field by its name or an alias of it. */
export function fieldNamed(name: string): Field | undefined {
  return byAnyName.get(name);
}
