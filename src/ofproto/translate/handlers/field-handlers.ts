/** Actions that read and write fields by name, and the stack of values that goes with a packet. */
import { hexOrZero } from '../../../base/numbers.ts';
import type { Field, FieldName } from '../../../flow/fields/index.ts';
import { isMetByLooking } from '../../../flow/fields/prerequisites.ts';
import { readField, writeField } from '../../../flow/fields/value.ts';
import { bitsOf, bytesWith, onesOf } from '../../../openflow/actions/field-bits.ts';
import { formatFieldValue } from '../../../openflow/actions/field-value.ts';
import { fieldOf, formatSubfield, type Subfield } from '../../../openflow/actions/subfield.ts';
import { port32, portText } from '../../../openflow/ports.ts';
import { vlanPresent } from '../../../wire/ethernet.ts';
import { atEnd, markAbsent, markPresent } from '../../tlv-table.ts';
import { branchBySize } from '../branches.ts';
import type { Translation } from '../translation.ts';
import { fixTag } from '../vlan-tags.ts';
import type { Handlers } from './handler.ts';
import { hasHeader } from './header-handlers.ts';

export const fieldHandlers = {
  set_field(t, { field: name, value, mask }) {
    const field = placeOf(t, name);
    if (field === undefined) return;
    if (isThere(t, field)) {
      if (field.needs !== undefined) hasHeader(t, field.needs); // looks at what decides about writing it
      write(t, field, value, mask);
    } else t.trace?.note({ event: 'ignored', action: 'set_field', field: name });
  },
  move(t, { source, destination }) {
    if (isThere(t, fieldOf(destination.field)) && isThere(t, fieldOf(source.field)))
      writeBits(t, destination, readBits(t, source));
    noteValue(t, destination);
  },
  push(t, { subfield }) {
    t.packet.stack.push({ value: readBits(t, subfield), size: Math.ceil(subfield.width / 8) });
  },
  pop(t, { subfield }) {
    const top = t.packet.stack.pop();
    if (top === undefined) {
      t.tell({ event: 'misplaced', what: 'stack underflow' });
      return;
    }
    writeBits(t, subfield, top.value);
    noteValue(t, subfield);
  },
  check_pkt_larger: (t, { length, destination }) =>
    branchBySize(t, length, (isLarger) => writeBits(t, destination, isLarger ? 1n : 0n)),
  delete_field(t, { field: name }) {
    const field = placeOf(t, name);
    if (field?.option === undefined) return;
    writeField(t.flow, field, new Uint8Array(field.bytes));
    markAbsent(t.flow, field.option);
    t.trace?.note({ event: 'deleted', field: name });
  },
  write_metadata(t, { metadata, mask }) {
    writeWithoutLooking(t, fieldOf('metadata'), bytesWith(metadata, 0, 8), bytesWith(mask, 0, 8));
  },
} satisfies Handlers;

/** Where a field is; undefined for an option of tunnels that the bridge no longer knows. */
function placeOf({ ofproto }: Translation, name: FieldName): Field | undefined {
  return ofproto.tlvTable.fieldOf(name);
}

/** The bits of a subfield, which have decided. */
export function readBits(t: Translation, { field: name, low, width }: Subfield): bigint {
  const field = placeOf(t, name);
  if (field === undefined) return 0n;
  unwildcardBits(t, field, bytesWith(onesOf(width), low, field.bytes));
  return bitsOf(fieldValueOf(t.flow, field), low, width);
}

/** A port as OpenFlow has it: a field of 32 bits has reserved ports at the end of these. */
function fieldValueOf(flow: Uint32Array, field: Field): Uint8Array {
  const value = readField(flow, field);
  if (field.format !== 'ofPort32') return value;
  return bytesWith(BigInt(port32(Number(bitsOf(value, 0, 32)))), 0, 4);
}

export function writeBits(t: Translation, { field: name, low, width }: Subfield, value: bigint): void {
  const field = placeOf(t, name);
  if (field === undefined) return;
  write(
    t,
    field,
    bytesWith(value & onesOf(width), low, field.bytes),
    bytesWith(onesOf(width), low, field.bytes),
  );
}

/** Does the packet have the field? What decides that was looked at. */
function isThere(t: Translation, { needs }: Field): boolean {
  return needs === undefined || isMetByLooking(needs, t.flow, t.mask);
}

function write(t: Translation, field: Field, value: Uint8Array, mask: Uint8Array): void {
  const bits = atEnd(mask, field.bytes);
  unwildcardBits(t, field, bits);
  writeWithoutLooking(t, field, atEnd(value, field.bytes), bits);
  if (field.option === undefined) return;
  markPresent(t.flow, field.option);
  markPresent(t.mask, field.option);
}

function writeWithoutLooking(t: Translation, field: Field, value: Uint8Array, mask: Uint8Array): void {
  const before = readField(t.flow, field);
  writeField(
    t.flow,
    field,
    before.map((byte, n) => (byte & ~(mask[n] ?? 0)) | ((value[n] ?? 0) & (mask[n] ?? 0))),
  );
  if (field.slot === 'vlan_tci') fixTag(t.flow, field.impliesTag === true ? vlanPresent : 0);
}

function unwildcardBits(t: Translation, field: Field, bits: Uint8Array): void {
  const before = readField(t.mask, field);
  writeField(
    t.mask,
    field,
    before.map((byte, n) => byte | (bits[n] ?? 0)),
  );
}

/** Tells a trace what some bits are now. */
export function noteValue(t: Translation, subfield: Subfield): void {
  if (t.trace === undefined) return;
  t.trace.note({ event: 'value', bits: formatSubfield(subfield), value: valueText(t, subfield) });
}

/** The whole field as the field is written, some bits of it as a number. */
function valueText(t: Translation, { field: name, low, width }: Subfield): string {
  const field = placeOf(t, name) ?? fieldOf(name);
  const value = fieldValueOf(t.flow, field);
  if (width === field.width) return formatFieldValue(field, value, undefined, portText);
  return hexOrZero(bitsOf(value, low, width));
}
