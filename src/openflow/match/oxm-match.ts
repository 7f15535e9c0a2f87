/**
 * Matches as lists of OXM TLVs: how OpenFlow 1.2 and later, and Nicira's extensions of every version, say which packets
 * are meant. A match is read into arrays of whole width, in one walk without allocation for a field;
 * `oxm-match-writing.ts` is the way back.
 */
import { LimitedSite, logger } from '../../base/log.ts';
import type { Field } from '../../flow/fields/index.ts';
import { isMetByMatch } from '../../flow/fields/prerequisites.ts';
import { hasBits } from '../../flow/fields/value.ts';
import { getSlot, maskSlot, newKey, setSlot } from '../../flow/key.ts';
import { type Match, packMatch } from '../../flow/match.ts';
import { OptionMatches } from '../../flow/tunnel-options.ts';
import { vlanPresent } from '../../wire/ethernet.ts';
import type { Reader } from '../bytes.ts';
import { OpenFlowError } from '../errors.ts';
import { receivedPort } from '../ports.ts';
import { countedSize, isCookieHeader, oxmPayloadSize, readOxmField } from './oxm.ts';
import { OxmShapes, type WalkedField } from './oxm-shapes.ts';

/** A match as a message gives it. */
export interface ReadMatch {
  readonly match: Match;
  /** The bits of `cookieMask` that a flow's cookie must have; both zero where the match says nothing of it. */
  readonly cookie: bigint;
  readonly cookieMask: bigint;
}

export interface MatchReading {
  /** Refuses fields that are not known, instead of passing them over, and those whose prerequisites are not met. */
  readonly isStrict: boolean;
  /** Nicira's messages may match on the cookie as if it were a field. */
  readonly allowsCookie?: boolean;
  /** Refuses fields that are headers of the packet: all that may be said is what the pipeline knows besides. */
  readonly pipelineFieldsOnly?: boolean;
}

/** Fields that packets have in a pipeline, whatever is in them. */
const pipelineField = /^(tun_|metadata$|in_port|reg|xreg|xxreg|packet_type$)/;
const noPipelineField: readonly string[] = ['tun_tos', 'tun_ttl'];

export function isPipelineField({ name }: Field): boolean {
  return pipelineField.test(name) && !noPipelineField.includes(name);
}

/** For one match at a time: nothing here waits. */
const key = newKey();
const mask = newKey();
const options = new OptionMatches();
const walked: WalkedField[] = [];

/** By what a reading refuses. */
const shapes = [new OxmShapes(), new OxmShapes(), new OxmShapes(), new OxmShapes()];

/** Reads the TLVs up to the end of `from`. Throws OpenFlowError with the error of OpenFlow that is due. */
export function readOxmMatch(from: Reader, reading: MatchReading): ReadMatch {
  const { bytes, at, end } = from;
  const known = shapes[(reading.isStrict ? 1 : 0) + (reading.pipelineFieldsOnly === true ? 2 : 0)];
  const alike = known?.read(bytes, at, end);
  if (alike !== undefined) {
    from.at = end;
    return { match: alike, cookie: 0n, cookieMask: 0n };
  }
  const read = readNewMatch(from, reading);
  if (walked.length > 0) known?.keep(bytes, at, end, read.match, walked);
  return read;
}

/** `walked` are its fields, none where it has something else, too. */
function readNewMatch(
  from: Reader,
  { isStrict, allowsCookie = false, pipelineFieldsOnly = false }: MatchReading,
): ReadMatch {
  key.fill(0);
  mask.fill(0);
  options.clear();
  walked.length = 0;
  let hasFieldsOnly = true;
  let cookie = 0n;
  let cookieMask = 0n;
  while (from.left > 0) {
    const header = from.u32();
    const hasMask = (header & 0x100) !== 0;
    const size = oxmPayloadSize(header);
    const field = readOxmField(from, header);
    if (size > from.left)
      throw new OpenFlowError('OFPBMC_BAD_LEN', `a field of ${size} bytes with ${from.left} left`);
    if (field === undefined || field.option !== undefined) hasFieldsOnly = false;
    if (field === undefined) {
      if (allowsCookie && isCookieHeader(header)) {
        if (cookieMask !== 0n) throw new OpenFlowError('OFPBMC_DUP_FIELD', 'the cookie comes twice');
        cookie = from.u64();
        cookieMask = hasMask ? from.u64() : 0xffffffffffffffffn;
        if ((cookie & ~cookieMask) !== 0n) throw outsideMask('cookie', header);
        continue;
      }
      skipValue(from, header, size);
      if (isStrict) throw new OpenFlowError('OFPBMC_BAD_FIELD', 'a field that is not known');
      continue;
    }
    if (field.option !== undefined) {
      readOption(from, field, size, header);
      continue;
    }
    walked.push({ field, at: from.at, hasMask });
    if (field.place.wordCount === 1) readShort(from, field, header);
    else readLong(from, field, header);
    checkField(field, isStrict);
    if (pipelineFieldsOnly && !isPipelineField(field))
      throw new OpenFlowError('OFPBRC_PIPELINE_FIELDS_ONLY', `${field.name} is a header of the packet`);
    if (field.mask === 'exact' && !hasBits(oneMask, field)) {
      hasFieldsOnly = false; // no bits of it at all
      continue;
    }
    addField(field);
  }
  if (!hasFieldsOnly) walked.length = 0;
  return { match: packMatch(key, mask, options.all), cookie, cookieMask };
}

/** Passes over a value, and its mask. Throws OpenFlowError where they do not fit. */
export function skipValue(from: Reader, header: number, size: number): void {
  const value = from.take(size);
  if ((header & maskBit) === 0) return;
  const half = size >>> 1;
  for (let n = 0; n < half; n++)
    if (((from.bytes[value + n] ?? 0) & ~(from.bytes[value + half + n] ?? 0)) !== 0)
      throw outsideMask('a field that is not known', header);
}

/** What was read last, in the place of its field; for one field at a time. */
const oneValue = newKey();
const oneMask = newKey();

const log = logger('nx_match');
const rejected = new LimitedSite({ perMinute: 60, burst: 5 });
const maskBit = 0x100;

function outsideMask(name: string, header: number): OpenFlowError {
  const entry = [header >>> 16, (header >>> 9) & 0x7f, 1, header & 0xff].join(':');
  log.limited(
    'warn',
    rejected,
    `Rejecting NXM/OXM entry 0:${entry} with 1-bits in value for bits wildcarded by the mask.`,
  );
  return new OpenFlowError('OFPBMC_BAD_WILDCARDS', `${name}: its value has bits outside its mask`);
}

function badValue(name: string, value: number): OpenFlowError {
  return new OpenFlowError('OFPBMC_BAD_VALUE', `${name} can't be 0x${value.toString(16)}`);
}

function readNumber(from: Reader, bytes: number): number {
  if (bytes === 4) return from.u32();
  return bytes === 2 ? from.u16() : from.u8();
}

/** A field of at most four bytes. */
function readShort(from: Reader, field: Field, header: number): void {
  const hasMask = (header & maskBit) !== 0;
  const { name, bytes, place, format } = field;
  const { word, shift, bits } = place;
  const whole = bytes === 4 ? 0xffffffff : 2 ** (8 * bytes) - 1;
  let value = readNumber(from, bytes);
  const read = hasMask ? readNumber(from, bytes) : whole;
  if ((value & ~read) !== 0) throw outsideMask(name, header);
  if (read !== whole && read !== 0 && field.mask === 'exact') throw badMask(name);
  if (format === 'ofPort32') {
    const port = receivedPort(value);
    if (port === undefined) throw badValue(name, value);
    value = port;
  }
  if ((value & ~bits) !== 0) throw badValue(name, value);
  oneValue[word] = value << shift;
  oneMask[word] = (field.meansOwnBits === true ? value : read & bits) << shift;
}

function badMask(name: string): OpenFlowError {
  return new OpenFlowError('OFPBMC_BAD_MASK', `${name} is matched as a whole or not at all`);
}

/** A field of whole words, or six bytes. */
function readLong(from: Reader, { name, bytes, place, mask: maskable }: Field, header: number): void {
  const hasMask = (header & maskBit) !== 0;
  const { word, wordCount } = place;
  const lastShift = 8 * (-bytes & 3);
  const take = (into: Uint32Array): void => {
    for (let n = 0; n < wordCount; n++) {
      const isCut = n === wordCount - 1 && lastShift !== 0;
      into[word + n] = isCut ? from.u16() << lastShift : from.u32();
    }
  };
  take(oneValue);
  if (hasMask) {
    take(oneMask);
    for (let n = 0; n < wordCount; n++)
      if (((oneValue[word + n] ?? 0) & ~(oneMask[word + n] ?? 0)) !== 0) throw outsideMask(name, header);
    if (maskable === 'exact') throw badMask(name);
    return;
  }
  for (let n = 0; n < wordCount; n++) oneMask[word + n] = n === wordCount - 1 ? -1 << lastShift : 0xffffffff;
}

/** An option of tunnels, whose size is any. */
function readOption(from: Reader, field: Field, size: number, header: number): void {
  const hasMask = (header & maskBit) !== 0;
  const valueSize = hasMask ? size >>> 1 : size;
  const value = from.octets(valueSize);
  const bits = hasMask ? from.octets(valueSize) : undefined;
  from.skip(hasMask ? size - 2 * valueSize : 0);
  if (bits !== undefined && value.some((byte, n) => (byte & ~(bits[n] ?? 0)) !== 0))
    throw outsideMask(field.name, header);
  if (options.has(field)) throw new OpenFlowError('OFPBMC_DUP_FIELD', `${field.name} comes twice`);
  const counted = countedSize(from, field);
  const why = options.add(field, value.subarray(0, counted), bits?.subarray(0, counted));
  if (why !== undefined) throw new OpenFlowError('OFPBMC_BAD_VALUE', why);
}

function checkField(field: Field, isStrict: boolean): void {
  const { name, needs } = field;
  if (isStrict && needs !== undefined && !isMetByMatch(needs, key, mask))
    throw new OpenFlowError('OFPBMC_BAD_PREREQ', `${name}: what it needs was not matched on before`);
  if (hasBits(mask, field)) throw new OpenFlowError('OFPBMC_DUP_FIELD', `${name} comes twice`);
}

/** Adds what was read last to the match. */
function addField({ place, slot, needs, isWholeSlot, impliesTag, format }: Field): void {
  const { word, wordCount } = place;
  for (let n = 0; n < wordCount; n++) {
    key[word + n] = (key[word + n] ?? 0) | (oneValue[word + n] ?? 0);
    mask[word + n] = (mask[word + n] ?? 0) | (oneMask[word + n] ?? 0);
  }
  if (isWholeSlot === true || format === 'ofPort32') maskSlot(mask, slot);
  if (impliesTag === true) {
    setSlot(key, 'vlan_tci', getSlot(key, 'vlan_tci') | vlanPresent);
    setSlot(mask, 'vlan_tci', getSlot(mask, 'vlan_tci') | vlanPresent);
  }
  if (needs !== undefined) maskSlot(mask, 'packet_type');
}
