/** Setting a field to a value: what `set_field` and `load` say, and what other actions become in later versions. */
import type { Field, FieldName } from '../../flow/fields/index.ts';
import { integerOf } from '../../flow/fields/integer.ts';
import { formatFieldText, type MaskedValue, type PortText, readFieldText } from '../../flow/fields/text.ts';
import { port16, port32, reservedPorts } from '../ports.ts';
import { bytesWith, onesOf } from './field-bits.ts';
import { fieldOf, type Subfield } from './subfield.ts';

/**
 * How it was said, which is how it is sent again where the version can: as `set_field`, or as one of Nicira's two actions
 * that load values into fields.
 */
type Saying = 'set_field' | 'load' | 'load2';

export interface SetFieldArguments {
  readonly field: FieldName;
  /** As the field's value on the wire. */
  readonly value: Uint8Array;
  /** Bits that are set; the others stay as they are. */
  readonly mask: Uint8Array;
  readonly saidAs: Saying;
}

type SetFieldAction = SetFieldArguments & { readonly do: 'set_field' };

/** Sets the whole field. */
export function settingOf(name: FieldName, value: Uint8Array): SetFieldAction {
  return {
    do: 'set_field',
    field: name,
    value,
    mask: new Uint8Array(value.length).fill(0xff),
    saidAs: 'set_field',
  };
}

export function settingNumber(name: FieldName, value: number | bigint): SetFieldAction {
  return settingOf(name, bytesWith(BigInt(value), 0, fieldOf(name).bytes));
}

/** Loads a value into some bits. */
export function loading(subfield: Subfield, value: bigint): SetFieldAction {
  const { field, low, width } = subfield;
  const { bytes } = fieldOf(field);
  const mask = bytesWith(onesOf(width), low, bytes);
  return { do: 'set_field', field, value: bytesWith(value, low, bytes), mask, saidAs: 'load' };
}

/** Can the field have the value? */
export function isPossible(field: Field, value: Uint8Array): boolean {
  if (field.place.wordCount > 1) return true;
  const number = Number(integerOf(value));
  if (field.format === 'ofPort32') return port16(number) !== undefined;
  if (field.name === 'nsh_ttl') return number <= 63;
  if (field.name === 'nsh_mdtype') return number === 1 || number === 2;
  return (number & ~field.place.bits) >>> 0 === 0;
}

/** As text, value and mask as on the wire, where ports have 32 bits. */
export function readFieldValue(field: Field, text: string, ports: PortText): MaskedValue {
  const read = readFieldText(field, text, ports);
  if (field.format !== 'ofPort32') return read;
  return { value: asBytes(port32(numberOf(read.value))), mask: read.mask };
}

export function formatFieldValue(
  field: Field,
  value: Uint8Array,
  mask: Uint8Array | undefined,
  ports: PortText,
): string {
  if (field.format === 'hexadecimal' && value.every((byte) => byte === 0))
    return formatFieldText(field, value, mask, ports).replace('0x0', '0'); // in matches it is 0x0
  if (field.format !== 'ofPort32') return formatFieldText(field, value, mask, ports);
  return formatFieldText(field, asBytes(port16(numberOf(value)) ?? reservedPorts.ANY), mask, ports);
}

function numberOf(value: Uint8Array): number {
  return Number(integerOf(value));
}

function asBytes(port: number): Uint8Array {
  return bytesWith(BigInt(port), 0, 4);
}
