/** Some bits of a field, as actions read and write them: "NXM_NX_REG0[0..15]" (ovs-fields(7)). */
import { type Field, type FieldName, fieldNamed, fields } from '../../flow/fields/index.ts';
import { isMetByMatch } from '../../flow/fields/prerequisites.ts';
import type { Reader, Writer } from '../bytes.ts';
import { type ErrorName, OpenFlowError, refusalsOf } from '../errors.ts';
import { readFieldHeader, readShortFieldHeader, writeFieldHeader } from '../match/oxm.ts';
import type { WireVersion } from '../versions.ts';
import { wrong } from './arguments.ts';
import type { PacketShape } from './packet-shape.ts';

export interface Subfield {
  readonly field: FieldName;
  /** Bits of the field below it. */
  readonly low: number;
  /** Bits. */
  readonly width: number;
  /** Bits of the field where it stands for a tunnel option of a bridge; absent elsewhere. */
  readonly optionWidth?: number;
}

/** The field that an action names: only names of the table come into one. */
export function fieldOf(name: FieldName): Field {
  const field = fields.get(name);
  if (field === undefined) throw new Error(`no field ${name}`);
  return field;
}

const byNumberName = new Map<string, Field>();
for (const field of fields.values()) for (const { name } of field.numbers) byNumberName.set(name, field);

/** By the name of a number, "NXM_NX_REG0", or of a field. */
export function fieldNamedInAction(name: string): Field | undefined {
  return byNumberName.get(name) ?? fieldNamed(name);
}

/** Reads the one that `text` begins with; `rest` is what stands behind it. Throws Malformed. */
export function readSubfieldAhead(text: string): { subfield: Subfield; rest: string } {
  const [name = ''] = /^[^[-]*/.exec(text) ?? [];
  const field = byNumberName.get(name.replace(/_W$/, '')) ?? fieldNamed(name);
  if (field === undefined) throw wrong(`${text}: unknown field \`${name}'`);
  let low = 0;
  let high = field.width - 1;
  let rest = text.slice(name.length);
  if (rest.startsWith('[')) {
    const [, first, last = first] = /^\[\s*(-?\d+)(?:\.\.\s*(-?\d+))?\]/.exec(rest) ?? [];
    if (first !== undefined) {
      low = Number(first);
      high = Number(last);
    } else if (!rest.startsWith('[]')) {
      throw wrong(`${text}: syntax error expecting [] or [<bit>] or [<start>..<end>]`);
    }
    rest = rest.slice(rest.indexOf(']') + 1);
  }
  const { width } = field;
  if (low > high) throw wrong(`${text}: starting bit ${low} is after ending bit ${high}`);
  if (low >= width)
    throw wrong(`${text}: starting bit ${low} is not valid because field is only ${width} bits wide`);
  if (high >= width)
    throw wrong(`${text}: ending bit ${high} is not valid because field is only ${width} bits wide`);
  if (low < 0) throw wrong(`${text}: starting bit ${low} is negative`);
  return { subfield: { field: field.name, low, width: high - low + 1 }, rest };
}

/** Throws Malformed. */
export function readSubfield(text: string): Subfield {
  const { subfield, rest } = readSubfieldAhead(text);
  if (rest !== '') throw wrong('unexpected input following field syntax');
  return subfield;
}

export function formatSubfield({ field: name, low, width, optionWidth }: Subfield): string {
  const field = fieldOf(name);
  const shown = field.numbers[0]?.name ?? name;
  if (low === 0 && width === (optionWidth ?? field.width)) return `${shown}[]`;
  return width === 1 ? `${shown}[${low}]` : `${shown}[${low}..${low + width - 1}]`;
}

/** What is known of packets, as a field's prerequisites look at it. */
type Known = Pick<PacketShape, 'values' | 'bits'>;

const refused = refusalsOf('meta_flow');

/** May an action read it? `packet` says whether packets have the field, where that is known. Why not is logged. */
export function checkSource(subfield: Subfield, packet?: Known): ErrorName | undefined {
  return checkBits(subfield, packet, 'source');
}

/** May an action write it? Why not is logged. */
export function checkDestination(subfield: Subfield, packet?: Known): ErrorName | undefined {
  const error = checkBits(subfield, packet, 'destination');
  if (error !== undefined || fieldOf(subfield.field).isWritable) return error;
  const why = `destination field ${subfield.field} is not writable`;
  return refused('OFPBAC_BAD_SET_ARGUMENT', why).errorName;
}

function checkBits(
  { field: name, low, width }: Subfield,
  packet: Known | undefined,
  what: 'source' | 'destination',
): ErrorName | undefined {
  const field = fieldOf(name);
  const bad = (why: string): ErrorName => refused('OFPBAC_BAD_SET_LEN', why).errorName;
  const whole = `${field.width}-bit width of ${what} field ${name}`;
  if (width === 0) return bad(`zero bit ${what} field ${name}`);
  if (low >= field.width) return bad(`bit offset ${low} exceeds ${whole}`);
  if (low + width > field.width) return bad(`bit offset ${low} and width ${width} exceeds ${whole}`);
  if (packet === undefined || field.needs === undefined) return undefined;
  if (isMetByMatch(field.needs, packet.values, packet.bits)) return undefined;
  const why = `${what} field ${name} lacks correct prerequisites`;
  return refused('OFPBAC_MATCH_INCONSISTENT', why).errorName;
}

/** Throws the error of a check where there is one. */
export function refuse(errorName: ErrorName | undefined, what: string): void {
  if (errorName !== undefined) throw new OpenFlowError(errorName, what);
}

/** Reads "where" as many actions have it: low bit and width in 16 bits, then a field's header of four bytes. */
export function decodeShortSubfield(body: Reader): Subfield {
  const where = body.u16();
  return { field: readShortFieldHeader(body).name, low: where >>> 6, width: (where & 63) + 1 };
}

/** Low bit and width in 16 bits. */
export function packBits({ low, width }: Subfield): number {
  return (low << 6) | (width - 1);
}

export function encodeShortSubfield(to: Writer, subfield: Subfield): void {
  to.u16(packBits(subfield));
  writeFieldHeader(to, fieldOf(subfield.field), 0);
}

/** A field's header of any size at the place where `body` is. */
export function decodeField(body: Reader): FieldName {
  return readFieldHeader(body).name;
}

export function encodeField(to: Writer, name: FieldName): void {
  writeFieldHeader(to, fieldOf(name), 0);
}

/** The header of the field of which these are bits. */
export function encodeFieldOf(
  to: Writer,
  { field, optionWidth }: Subfield,
  version: WireVersion | 0 = 0,
): void {
  writeFieldHeader(to, fieldOf(field), version, optionWidth === undefined ? undefined : optionWidth / 8);
}
