/**
 * Fields with their values as OXM and NXM TLVs (OpenFlow 1.5.1 section 7.2.3.2): which field a header names, and which
 * header a field has in a version. `oxm-match.ts` reads whole matches, `oxm-match-writing.ts` writes them.
 */
import { type Field, fields } from '../../flow/fields/index.ts';
import type { FieldNumber } from '../../flow/fields/numbers.ts';
import type { Reader, Writer } from '../bytes.ts';
import { OpenFlowError } from '../errors.ts';
import type { WireVersion } from '../versions.ts';

/** The class of fields that an experimenter numbers: its id follows the header. */
export const experimenterClass = 0xffff;

/**
 * The cookie of a flow, which some requests match on as if it were a field. MPLS TTL has the same number; they are told
 * apart by length.
 */
const cookieType = (0x0001 << 7) | 30;
const cookieBytes = 8;

/** By class and number. */
const byType = new Map<number, Field>();
/** By experimenter and number, of class 0xffff. */
const byExperimenter = new Map<number, Field>();
for (const field of fields.values()) {
  for (const { oxmClass, number, experimenter } of field.numbers) {
    if (experimenter === undefined) byType.set(((oxmClass << 7) | number) >>> 0, field);
    else byExperimenter.set(experimenterKey(experimenter, number), field);
  }
}

function experimenterKey(experimenter: number, number: number): number {
  return experimenter * 128 + number;
}

/** The header of the cookie, which is no field, for those who may match on it. */
export function isCookieHeader(header: number): boolean {
  const size = (header & 0x100) === 0 ? cookieBytes : 2 * cookieBytes;
  return header >>> 9 === cookieType && (header & 0xff) === size;
}

/** Bytes of value and mask together behind a header that was read. Throws OpenFlowError. */
export function oxmPayloadSize(header: number): number {
  const size = header & 0xff;
  if (header >>> 16 !== experimenterClass) return size;
  if (size < 4) throw new OpenFlowError('OFPBMC_BAD_LEN', 'an experimenter field without experimenter');
  return size - 4;
}

/**
 * The field that a header names which was read from `from`; undefined when nobody knows it, or it has another size. Reads
 * the experimenter, where there is one.
 */
export function readOxmField(from: Reader, header: number): Field | undefined {
  const isExperimenter = header >>> 16 === experimenterClass;
  const field = isExperimenter
    ? byExperimenter.get(experimenterKey(from.u32(), (header >>> 9) & 0x7f))
    : byType.get(header >>> 9);
  if (field === undefined) return undefined;
  const payload = (header & 0xff) - (isExperimenter ? 4 : 0);
  if (!hasSize(field, payload, (header & 0x100) !== 0)) return undefined;
  checkOption(from, field);
  return field;
}

/** Throws OpenFlowError for an option that is not known where that matters. */
function checkOption({ options }: Reader, { name, option }: Field): void {
  if (option !== undefined && options !== undefined && options.optionSize(option) === undefined)
    throw new OpenFlowError('NXFMFC_INVALID_TLV_FIELD', `${name} stands for no option`);
}

/** So many bytes of a value count, the first ones, where an option has less than come. */
export function countedSize({ options }: Reader, { option, bytes }: Field): number {
  return (option === undefined ? undefined : options?.optionSize(option)) ?? bytes;
}

/** A header as it stands there. */
interface RawHeader {
  /** Of that number, whatever its size; undefined when nobody knows it. */
  readonly field: Field | undefined;
  /** The size is one that the field has. */
  readonly isItsSize: boolean;
  readonly hasMask: boolean;
  readonly valueSize: number;
  readonly payloadSize: number;
}

function readRawHeader(from: Reader): RawHeader {
  if (from.left < 4) throw new OpenFlowError('OFPBMC_BAD_LEN', `${from.left} bytes where a field begins`);
  const header = from.u32();
  const hasMask = (header & 0x100) !== 0;
  const size = header & 0xff;
  const isExperimenter = header >>> 16 === experimenterClass;
  if (isExperimenter && from.left < 4)
    throw new OpenFlowError('OFPBMC_BAD_LEN', 'a field that is cut short before its experimenter');
  const experimenter = isExperimenter ? from.u32() : undefined;
  if (isExperimenter && size < 4)
    throw new OpenFlowError('OFPBMC_BAD_LEN', 'an experimenter field without experimenter');
  const payloadSize = isExperimenter ? size - 4 : size;
  const field =
    experimenter === undefined
      ? byType.get(header >>> 9)
      : byExperimenter.get(experimenterKey(experimenter, (header >>> 9) & 0x7f));
  const isItsSize = field !== undefined && hasSize(field, payloadSize, hasMask);
  if (isItsSize) checkOption(from, field);
  return {
    field,
    isItsSize,
    hasMask,
    valueSize: hasMask ? payloadSize >>> 1 : payloadSize,
    payloadSize,
  };
}

/** More than any has: what a header says of its value's size in seven bits. */
const longestOption = 0x7f;

/**
 * The real length of a tunnel's option is a matter of the TLV table; an odd byte behind its value and mask means nothing.
 * `payload` is the size of value and mask together.
 */
function hasSize({ option, bytes }: Field, payload: number, hasMask: boolean): boolean {
  if (option === undefined) return payload === (hasMask ? 2 * bytes : bytes);
  return (hasMask ? payload >>> 1 : payload) <= longestOption;
}

/** The header of a field that an action names, without a value. Throws OpenFlowError. */
export function readFieldHeader(from: Reader): Field {
  const { field, isItsSize, hasMask } = readRawHeader(from);
  if (field === undefined || !isItsSize)
    throw new OpenFlowError('OFPBMC_BAD_FIELD', 'a field that is not known');
  if (hasMask) throw new OpenFlowError('OFPBMC_BAD_MASK', `a mask of ${field.name}`);
  return field;
}

/** The field of a header without experimenter; its mask bit counts for nothing. Throws OpenFlowError. */
export function readShortFieldHeader(from: Reader): Field {
  const header = from.u32();
  const field = byType.get(header >>> 9);
  const size = header & 0xff;
  if (field === undefined || !hasSize(field, size, (header & 0x100) !== 0))
    throw new OpenFlowError('OFPBAC_BAD_SET_TYPE', `a field with the header 0x${header.toString(16)}`);
  checkOption(from, field);
  return field;
}

/** A field with its value, as actions set it. `mask` has all bits where none is given. Throws OpenFlowError. */
export function readFieldEntry(from: Reader): {
  field: Field;
  value: Uint8Array;
  mask: Uint8Array;
  hasMask: boolean;
} {
  const { field, isItsSize, hasMask, valueSize, payloadSize } = readRawHeader(from);
  if (field === undefined || (!isItsSize && valueSize === 0))
    throw new OpenFlowError('OFPBAC_BAD_SET_TYPE', 'a field that is not known');
  if (!isItsSize)
    throw new OpenFlowError('OFPBAC_BAD_SET_LEN', `${field.name} has ${field.bytes} bytes, not ${valueSize}`);
  if (payloadSize > from.left)
    throw new OpenFlowError('OFPBMC_BAD_LEN', `a field of ${payloadSize} bytes with ${from.left} left`);
  const value = from.octets(valueSize);
  const mask = hasMask ? from.octets(valueSize) : undefined;
  from.skip(hasMask ? payloadSize - 2 * valueSize : 0);
  if (mask !== undefined && value.some((byte, n) => (byte & ~(mask[n] ?? 0)) !== 0))
    throw new OpenFlowError('OFPBMC_BAD_WILDCARDS', `${field.name}: its value has bits outside its mask`);
  const counted = (bytes: Uint8Array): Uint8Array =>
    widened(bytes.subarray(0, countedSize(from, field)), field);
  const whole = new Uint8Array(field.bytes).fill(0xff);
  return { field, value: counted(value), mask: mask === undefined ? whole : counted(mask), hasMask };
}

function widened(bytes: Uint8Array, field: Field): Uint8Array {
  if (bytes.length === field.bytes) return bytes;
  const wide = new Uint8Array(field.bytes);
  wide.set(bytes, field.bytes - bytes.length);
  return wide;
}

/**
 * The number under which a version knows the field: the standard's of a version that is new enough, else Nicira's.
 * undefined when it has none. NXM matches, those of Nicira's own messages, are of version 1.
 */
export function numberFor(field: Field, version: WireVersion): FieldNumber | undefined {
  const usable = field.numbers.filter(({ since }) => since <= version);
  return usable.reduce<FieldNumber | undefined>(
    (best, number) => (best === undefined || number.since > best.since ? number : best),
    undefined,
  );
}

/**
 * The number that actions of a version give a field: where no number is of a version so old, its first one all the same.
 * Version 0 has Nicira's. Throws OpenFlowError for a field that has none at all.
 */
export function numberInActions(field: Field, version: WireVersion | 0): FieldNumber {
  const number = (version === 0 ? undefined : numberFor(field, version)) ?? field.numbers[0];
  if (number === undefined) throw new OpenFlowError('OFPBAC_BAD_SET_TYPE', `${field.name} has no number`);
  return number;
}

/** Writes the header of a field that an action names, without a value. */
export function writeFieldHeader(
  to: Writer,
  field: Field,
  version: WireVersion | 0,
  size: number = field.bytes,
): void {
  writeOxmHeader(to, numberInActions(field, version), size, false);
}

/** Has the field a header of four bytes? */
export function hasShortHeader({ numbers: [first] }: Field): boolean {
  return first !== undefined && first.experimenter === undefined;
}

/** Writes a field with its value; without the mask where that has all bits. */
export function writeFieldEntry(
  to: Writer,
  field: Field,
  value: Uint8Array,
  mask: Uint8Array,
  version: WireVersion | 0,
): void {
  const hasMask = mask.some((byte) => byte !== 0xff);
  const skipped = field.slot === 'tun_metadata' ? leadingZeros(value, hasMask ? mask : value) : 0;
  writeOxmHeader(to, numberInActions(field, version), field.bytes - skipped, hasMask);
  to.octets(value.subarray(skipped));
  if (hasMask) to.octets(mask.subarray(skipped));
}

/** Bytes at the start that are zero in both. */
function leadingZeros(a: Uint8Array, b: Uint8Array): number {
  let count = 0;
  while (count < a.length && a[count] === 0 && b[count] === 0) count++;
  return count;
}

/** Writes the header of a field that has a number. `size` is that of the value where a field's can vary. */
export function writeOxmHeader(to: Writer, number: FieldNumber, size: number, hasMask: boolean): void {
  const payload = hasMask ? 2 * size : size;
  const isExperimenter = number.experimenter !== undefined;
  const header = ((number.oxmClass << 16) | (number.number << 9) | (hasMask ? 0x100 : 0)) >>> 0;
  to.u32((header | (isExperimenter ? payload + 4 : payload)) >>> 0);
  if (number.experimenter !== undefined) to.u32(number.experimenter);
}

/** Writes the cookie as a field. */
export function writeCookie(to: Writer, value: bigint, mask: bigint): void {
  const hasMask = mask !== 0xffffffffffffffffn;
  to.u32(((cookieType << 9) | (hasMask ? 0x100 : 0) | (hasMask ? 2 * cookieBytes : cookieBytes)) >>> 0);
  to.u64(value & mask);
  if (hasMask) to.u64(mask);
}
