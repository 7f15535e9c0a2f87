/**
 * Properties: the type-length-value lists that OpenFlow 1.3 and later, and newer extensions, have at the end of
 * structures (OpenFlow 1.5.1 section 7.1.2).
 */
import { hexOrZero } from '../base/numbers.ts';
import type { Reader, Writer } from './bytes.ts';
import { OpenFlowError, refusalsOf } from './errors.ts';

const experimenterType = 0xffff;

export interface Property {
  /** 0 for the standard's. */
  readonly experimenter: number;
  readonly type: number;
  /** What is behind its head, padding excluded. */
  readonly body: Reader;
}

/** Reads a property. `alignment` is that of the next one; types from `firstExperimenter` on are experimenters'. */
export function readProperty(
  from: Reader,
  alignment = 8,
  firstExperimenter: number = experimenterType,
): Property {
  if (from.left < 4) throw badLength(`${from.left} bytes where a property begins`);
  const start = from.at;
  const type = from.u16();
  const size = from.u16();
  const padded = Math.ceil(size / alignment) * alignment;
  if (size < 4 || padded > from.end - start) throw badLength(`a property of ${size} bytes`);
  const body = from.part(size - 4, 'OFPBPC_BAD_LEN');
  from.skip(padded - size);
  if (type < firstExperimenter) return { experimenter: 0, type, body };
  const experimenter = body.u32();
  const subtype = body.u32();
  if (experimenter === 0) throw new OpenFlowError('OFPBPC_BAD_EXPERIMENTER', 'a property of experimenter 0');
  return { experimenter, type: subtype, body };
}

/** Gives each property up to the end to `take`, which says whether it knows it. */
export function readProperties(
  from: Reader,
  take: (property: Property) => boolean,
  unknown: 'passed over' | ((property: Property) => OpenFlowError),
): void {
  while (from.left > 0) {
    const property = readProperty(from);
    if (!take(property) && unknown !== 'passed over') throw unknown(property);
  }
}

/** For lists of properties of `what`: the error that one of unknown type is, which the log is told. */
export function unknownPropertyOf(module: string, what: string): (property: Property) => OpenFlowError {
  const refused = refusalsOf(module);
  return ({ experimenter, type }) =>
    experimenter === 0
      ? refused('OFPBPC_BAD_TYPE', `unknown ${what} property type ${type}`)
      : refused(
          'OFPBPC_BAD_EXP_TYPE',
          `unknown ${what} property type for exp_id ${hexOrZero(experimenter)}, exp_type ${type}`,
        );
}

/** Writes a property whose body `write` adds, and zeros up to the next multiple of eight. */
export function writeProperty(to: Writer, type: number, write: () => void, experimenter = 0): void {
  const start = to.size;
  to.u16(experimenter === 0 ? type : experimenterType);
  to.u16(0);
  if (experimenter !== 0) {
    to.u32(experimenter);
    to.u32(type);
  }
  write();
  to.setU16(start + 2, to.size - start);
  to.pad(start);
}

/** The value of a property that is one number; it may have padding behind it. */
export function readShort({ body }: Property): number {
  return body.u16();
}

export function writeShort(to: Writer, type: number, value: number): void {
  writeProperty(to, type, () => {
    to.u16(value);
    to.u16(0);
  });
}

/** The value of a property that is one number and nothing else. */
export function readWord(property: Property): number {
  checkBody(property, 4);
  return property.body.u32();
}

export function writeWord(to: Writer, type: number, value: number): void {
  writeProperty(to, type, () => to.u32(value));
}

/** Throws unless that many bytes are behind the head. */
export function checkBody({ body }: Property, size: number): void {
  if (body.left !== size) throw badLength(`a property of ${body.left} bytes, not ${size}`);
}

function badLength(why: string): OpenFlowError {
  return new OpenFlowError('OFPBPC_BAD_LEN', why);
}
