/**
 * How one field of a match is printed, as ovs-ofctl does: decided once for each mask, then done for each match under
 * it.
 */
import { type FlagNames, formatFlags } from '../fields/flags.ts';
import { type Field, type FieldName, fields } from '../fields/index.ts';
import { integerOf } from '../fields/integer.ts';
import { fieldTextUnder, type PortText } from '../fields/text.ts';
import { hasBits, readField, wholeMask } from '../fields/value.ts';
import type { OptionMatch } from '../tunnel-options.ts';
import type { TypeWord } from './match-words.ts';

/** What a piece of the text of flows is, as ovs-ofctl(8), "--color", tells them apart. */
type TextPart = 'actions' | 'drop' | 'learn' | 'param' | 'paren' | 'special' | 'value';

/** Marks up a part of the text, e.g. by colour. */
export type Paint = (text: string, part: TextPart) => string;

export interface MatchTextOptions {
  readonly ports: PortText;
  readonly paint?: Paint | undefined;
  /** Said first unless it is OpenFlow's usual 32768. */
  readonly priority?: number | undefined;
  /** Those of the match that have no place in the key. */
  readonly tunnelOptions?: readonly OptionMatch[] | undefined;
}

export interface MatchView {
  /** Zero outside `mask`. */
  readonly key: Uint32Array;
  readonly mask: Uint32Array;
  readonly options: MatchTextOptions;
  readonly paint: Paint;
  /** EtherType, or what the packet type says in its place. */
  readonly type: number;
  /** The word that says it. */
  readonly word: TypeWord | undefined;
}

/** Text of some fields; empty when the values say nothing of them. */
export type Text = (view: MatchView) => string;

/** How some fields are printed under a mask; undefined when it has no bits of them. */
export type Item = (mask: Uint32Array) => Text | undefined;

export const plain: Paint = (text) => text;

function fieldOf(name: FieldName): Field {
  const field = fields.get(name);
  if (field === undefined) throw new Error(`no field ${name}`);
  return field;
}

/** How values of a field are printed under a mask of it. */
type ValueText = (
  field: Field,
  mask: Uint8Array,
  isExact: boolean,
) => (key: Uint32Array, view: MatchView) => string;

/** "label=text", when the mask has bits of the field and `when` holds. */
export function item(
  label: string,
  name: FieldName,
  text: ValueText,
  when: (view: MatchView) => boolean = always,
): Item {
  const field = fieldOf(name);
  const whole = wholeMask(field);
  const plainLabel = `${label}=`;
  return (wide) => {
    if (!hasBits(wide, field)) return undefined;
    const mask = readField(wide, field);
    const ofValue = text(
      field,
      mask,
      mask.every((byte, n) => byte === whole[n]),
    );
    return (view) => {
      if (!when(view)) return '';
      const { paint } = view;
      return (paint === plain ? plainLabel : paintLabel(label, paint)) + ofValue(view.key, view);
    };
  };
}

/** Labels that the reference leaves as they are. */
const unpainted = /^(tun_gbp_flags|tun_erspan_.*|gtpu_.*)$/;

export function paintLabel(label: string, paint: Paint): string {
  if (unpainted.test(label)) return `${label}=`;
  return label === 'conj_id' ? `${paint(label, 'param')}=` : paint(`${label}=`, 'param');
}

const always = (): boolean => true;

/** What `format` makes of a field's value, and `more` behind it. */
export function valueText(
  field: Field,
  format: (value: number | bigint) => string,
  more = '',
): (key: Uint32Array) => string {
  const { word, wordCount, shift, bits } = field.place;
  if (wordCount === 1) return (key) => format((((key[word] ?? 0) >>> shift) & bits) >>> 0) + more;
  return (key) => format(integerOf(readField(key, field))) + more;
}

/** C's %#x. */
const shortHexOf = (value: number | bigint): string => (value ? hexOf(value) : '0');
const hexOf = (value: number | bigint): string => `0x${value.toString(16)}`;

const paddedHexOf =
  (digits: number) =>
  (value: number | bigint): string =>
    `0x${value.toString(16).padStart(digits, '0')}`;

const hexBy =
  (format: (value: number | bigint) => string): ValueText =>
  (field, mask, isExact) =>
    valueText(field, format, isExact ? '' : `/${format(integerOf(mask))}`);

export const asShortHex = hexBy(shortHexOf);
export const asHex = hexBy(hexOf);
/** At least so many hexadecimal digits. */
export const asPaddedHex = (digits: number): ValueText => hexBy(paddedHexOf(digits));
export const asDecimal: ValueText = (field) => valueText(field, String);
/** The value alone, as C's %#x. */
export const asBareHex: ValueText = (field) => valueText(field, shortHexOf);

/** Decimal where it is exact. */
const decimalOr =
  (masked: ValueText): ValueText =>
  (field, mask, isExact) =>
    (isExact ? asDecimal : masked)(field, mask, isExact);

export const asDecimalOrHex = decimalOr(asHex);
/** Decimal where it is exact, else with so many digits. */
export const asDecimalOrPadded = (digits: number): ValueText => decimalOr(asPaddedHex(digits));

/** As the field's own format has it. */
const own: ValueText = (field, mask) => {
  const format = fieldTextUnder(field, mask);
  return (key, { options }) => format(readField(key, field), options.ports);
};

export const ownItem = (label: string, name: FieldName, when?: (view: MatchView) => boolean): Item =>
  item(label, name, own, when);

export const asFlags =
  (names: FlagNames, whole: number): ValueText =>
  (field, mask) => {
    const bits = Number(integerOf(mask));
    return valueText(field, (value) => formatFlags(names, Number(value), bits, whole));
  };
