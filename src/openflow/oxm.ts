/**
 * Fields with their values as OXM and NXM TLVs (OpenFlow 1.5.1 section 7.2.3.2): which field a header names, and which
 * header a field has in a version. `oxm-match.ts` reads and writes whole matches.
 */
import { type Field, fields } from '../flow/fields/index.ts';
import type { FieldNumber } from '../flow/fields/numbers.ts';
import type { Reader, Writer } from './bytes.ts';
import { OpenFlowError } from './errors.ts';
import type { WireVersion } from './versions.ts';

/** The class of fields that an experimenter numbers: its id follows the header. */
const experimenterClass = 0xffff;

/**
 * The cookie of a flow, which some requests match on as if it were a field. MPLS TTL has the same number; they are told
 * apart by length.
 */
const cookieType = (0x0001 << 7) | 30;
const cookieBytes = 8;

interface KnownNumber {
  readonly field: Field;
  readonly number: FieldNumber;
}

/** By class and number; those of experimenters by all three. */
const byNumber = new Map<number | string, KnownNumber>();
for (const field of fields.values()) {
  for (const number of field.numbers) byNumber.set(nameOf(number), { field, number });
}

function nameOf({ oxmClass, number, experimenter }: FieldNumber): number | string {
  const type = ((oxmClass << 7) | number) >>> 0;
  return experimenter === undefined ? type : `${experimenter}.${number}`;
}

/** What stands before a value. */
export interface OxmHeader {
  /** 'cookie' where that is no field; undefined when nobody knows it. */
  readonly field: Field | 'cookie' | undefined;
  readonly hasMask: boolean;
  /** Of value and mask together. */
  readonly payloadSize: number;
}

/** Throws OpenFlowError: OFPBMC_BAD_LEN for a length that the field does not have. */
export function readOxmHeader(from: Reader): OxmHeader {
  const header = from.u32();
  const oxmClass = header >>> 16;
  const hasMask = (header & 0x100) !== 0;
  const size = header & 0xff;
  const isExperimenter = oxmClass === experimenterClass;
  if (isExperimenter && size < 4)
    throw new OpenFlowError('OFPBMC_BAD_LEN', 'an experimenter field without experimenter');
  const payloadSize = isExperimenter ? size - 4 : size;
  const known = byNumber.get(isExperimenter ? `${from.u32()}.${(header >>> 9) & 0x7f}` : header >>> 9);
  const valueSize = hasMask ? payloadSize / 2 : payloadSize;
  if (header >>> 9 === cookieType && valueSize === cookieBytes)
    return { field: 'cookie', hasMask, payloadSize };
  if (known === undefined) return { field: undefined, hasMask, payloadSize };
  const { field } = known;
  const isVariable = field.slot === 'tun_metadata'; // its real length is a matter of the TLV table
  if (isVariable ? valueSize > field.bytes || valueSize % 1 !== 0 : valueSize !== field.bytes)
    throw new OpenFlowError('OFPBMC_BAD_LEN', `${field.name} has ${field.bytes} bytes, not ${valueSize}`);
  return { field, hasMask, payloadSize };
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
