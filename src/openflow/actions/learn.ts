/** Flows that packets leave behind: Nicira's learn and learn2; ovs-actions(7). `learn-text.ts` has its text. */
import { MatchBuilder } from '../../flow/match-text.ts';
import type { Reader, Writer } from '../bytes.ts';
import { type ErrorName, OpenFlowError } from '../errors.ts';
import { readShortFieldHeader } from '../match/oxm.ts';
import { checkZero } from './arguments.ts';
import { defineAction } from './declare.ts';
import { bytesWith, onesOf } from './field-bits.ts';
import { formatLearn, type LearnArguments, type LearnSpec, readLearn } from './learn-text.ts';
import type { PacketShape } from './packet-shape.ts';
import {
  checkDestination,
  checkSource,
  decodeField,
  encodeField,
  encodeFieldOf,
  fieldOf,
  type Subfield,
} from './subfield.ts';

const flag = { sendsFlowRemoved: 1, deletesLearned: 2, writesResult: 4 } as const;

/** A spec begins with these and its width. */
const immediateSource = 0x2000;
const destinationKinds = ['match', 'load', 'output'] as const;
const widthBits = 0x3ff;

const immediateSize = (width: number): number => 2 * Math.ceil(width / 16);

type Head = Omit<LearnArguments, 'limit' | 'result' | 'specs' | 'isLong'>;

function bad(why: string): OpenFlowError {
  return new OpenFlowError('OFPBAC_BAD_ARGUMENT', why);
}

function decodeHead(body: Reader, knownFlags: number): { head: Head; flags: number } {
  const idleTimeout = body.u16();
  const hardTimeout = body.u16();
  const priority = body.u16();
  const cookie = body.u64();
  const flags = body.u16();
  const table = body.u8();
  if (body.u8() !== 0) throw bad('a byte of a learn that must be zero');
  if (table === 0xff) throw bad('table 255 of a learn');
  if ((flags & ~knownFlags) !== 0) throw bad(`flags 0x${flags.toString(16)} of a learn`);
  const head = {
    table,
    idleTimeout,
    hardTimeout,
    priority,
    cookie,
    sendsFlowRemoved: (flags & flag.sendsFlowRemoved) !== 0,
    deletesLearned: (flags & flag.deletesLearned) !== 0,
    finIdleTimeout: body.u16(),
    finHardTimeout: body.u16(),
  };
  return { head, flags };
}

function encodeHead(to: Writer, learn: LearnArguments): void {
  to.u16(learn.idleTimeout);
  to.u16(learn.hardTimeout);
  to.u16(learn.priority);
  to.u64(learn.cookie);
  to.u16(
    (learn.sendsFlowRemoved ? flag.sendsFlowRemoved : 0) |
      (learn.deletesLearned ? flag.deletesLearned : 0) |
      (learn.result === undefined ? 0 : flag.writesResult),
  );
  to.u8(learn.table);
  to.u8(0);
  to.u16(learn.finIdleTimeout);
  to.u16(learn.finHardTimeout);
}

/** Up to the first that is no spec at all, behind which all is zero. */
function decodeSpecs(body: Reader): LearnSpec[] {
  const specs: LearnSpec[] = [];
  while (body.left > 0) {
    const header = body.u16();
    if (header === 0) break;
    specs.push(decodeSpec(body, header));
  }
  checkZero(body.octets(body.left), 'OFPBAC_BAD_ARGUMENT');
  return specs;
}

function decodeSpec(body: Reader, header: number): LearnSpec {
  const width = header & widthBits;
  const isImmediate = (header & immediateSource) !== 0;
  const kind = destinationKinds[(header >>> 11) & 3];
  if (kind === undefined || (kind === 'output' && isImmediate))
    throw bad(`a spec of a learn that begins with 0x${header.toString(16)}`);
  const size = (isImmediate ? immediateSize(width) : 6) + (kind === 'output' ? 0 : 6);
  if (size > body.left) throw new OpenFlowError('OFPBAC_BAD_LEN', 'a spec of a learn that is cut short');
  const source = isImmediate ? decodeImmediate(body, width) : decodePlace(body, width);
  return kind === 'output'
    ? { kind, source: source as Subfield } // an immediate one was refused
    : { kind, source, destination: decodePlace(body, width) };
}

function decodeImmediate(body: Reader, width: number): bigint {
  const bytes = Math.ceil(width / 8);
  body.skip(immediateSize(width) - bytes);
  let value = 0n;
  for (const byte of body.octets(bytes)) value = (value << 8n) | BigInt(byte);
  return value;
}

function decodePlace(body: Reader, width: number): Subfield {
  return { field: readShortFieldHeader(body).name, low: body.u16(), width };
}

function encodeSpec(to: Writer, spec: LearnSpec): void {
  const { kind, source } = spec;
  const width = spec.kind === 'output' ? spec.source.width : spec.destination.width;
  const isImmediate = typeof source === 'bigint';
  to.u16((isImmediate ? immediateSource : 0) | (destinationKinds.indexOf(kind) << 11) | width);
  if (isImmediate) to.octets(bytesWith(source, 0, immediateSize(width)));
  else encodePlace(to, source);
  if (spec.kind !== 'output') encodePlace(to, spec.destination);
}

function encodePlace(to: Writer, subfield: Subfield): void {
  encodeFieldOf(to, subfield);
  to.u16(subfield.low);
}

function checkLearn({ specs }: LearnArguments, packet: PacketShape): ErrorName | undefined {
  const learned = new MatchBuilder();
  const known = { values: learned.key, bits: learned.mask };
  for (const spec of specs) {
    const { source } = spec;
    const error = typeof source === 'bigint' ? undefined : checkSource(source, packet);
    if (error !== undefined) return error;
    if (spec.kind === 'output') continue;
    const { kind, destination } = spec;
    const next = kind === 'load' ? checkDestination(destination, known) : checkSource(destination, known);
    if (next !== undefined) return next;
    if (kind === 'match' && typeof source === 'bigint') learnMatch(learned, destination, source);
  }
  return undefined;
}

/** A match on some bits of a field, beside what was matched before. */
function learnMatch(learned: MatchBuilder, { field: name, low, width }: Subfield, source: bigint): void {
  const field = fieldOf(name);
  if (field.option !== undefined) return; // nothing else needs one
  const bits = bytesWith(onesOf(width), low, field.bytes);
  const value = bytesWith(source, low, field.bytes);
  const before = learned.get(field);
  learned.set(
    field,
    value.map((byte, n) => (byte & (bits[n] ?? 0)) | ((before.value[n] ?? 0) & ~(bits[n] ?? 0))),
    bits.map((byte, n) => byte | (before.mask[n] ?? 0)),
  );
}

export const learn = defineAction('learn', {
  forms: [
    {
      wire: 'NX 1.0+ 16 NXAST_LEARN',
      size: () => [22, 8],
      decode(body): LearnArguments {
        const { head } = decodeHead(body, flag.sendsFlowRemoved | flag.deletesLearned);
        return { ...head, limit: 0, result: undefined, specs: decodeSpecs(body), isLong: false };
      },
      encode(value, to) {
        encodeHead(to, value);
        for (const spec of value.specs) encodeSpec(to, spec);
      },
      canSay: ({ limit, result, isLong }) => limit === 0 && result === undefined && !isLong,
    },
    {
      wire: 'NX 1.0+ 45 NXAST_LEARN2',
      size: () => [30, 8],
      decode(body): LearnArguments {
        const { head, flags } = decodeHead(
          body,
          flag.sendsFlowRemoved | flag.deletesLearned | flag.writesResult,
        );
        const limit = body.u32();
        const low = body.u16();
        checkZero(body.octets(2), 'NXBAC_MUST_BE_ZERO');
        const writesResult = (flags & flag.writesResult) !== 0;
        if (!writesResult && low !== 0) throw bad('a place for the result of a learn that has none');
        const result = writesResult ? { field: decodeField(body), low, width: 1 } : undefined;
        if (result !== undefined && !fieldOf(result.field).isWritable)
          throw new OpenFlowError('OFPBAC_BAD_SET_ARGUMENT', `the result of a learn in ${result.field}`);
        return { ...head, limit, result, specs: decodeSpecs(body), isLong: true };
      },
      encode(value, to) {
        encodeHead(to, value);
        to.u32(value.limit);
        to.u16(value.result?.low ?? 0);
        to.u16(0);
        if (value.result !== undefined) encodeField(to, value.result.field);
        for (const spec of value.specs) encodeSpec(to, spec);
      },
    },
  ],
  words: ['learn'],
  read: readLearn,
  format: formatLearn,
  check: checkLearn,
});
