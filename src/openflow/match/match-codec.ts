/** Matches as messages have them: the fixed structures of OpenFlow 1.0 and 1.1, and lists of TLVs. */

import type { PortText } from '../../flow/fields/text.ts';
import { formatPacked } from '../../flow/format-match.ts';
import { getSlot } from '../../flow/key.ts';
import { type Match, unpackKey } from '../../flow/match.ts';
import type { Paint } from '../../flow/match-format/match-item.ts';
import type { Reader, Writer } from '../bytes.ts';
import { OpenFlowError } from '../errors.ts';
import type { WireVersion } from '../versions.ts';
import { match11Size, readMatch11, writeMatch11 } from './match-11.ts';
import { type MatchReading, type ReadMatch, readOxmMatch } from './oxm-match.ts';
import { writeOxmMatch } from './oxm-match-writing.ts';

const standardType = 0;
const oxmType = 1;
const headSize = 4;

const strict: MatchReading = { isStrict: true };

/** A match with its head, type and length, as OpenFlow 1.1 and later have it. Throws OpenFlowError. */
export function decodeMatch(from: Reader, reading: MatchReading = strict): Match {
  if (from.left < headSize) throw badLength(from.left);
  const type = from.u16();
  const size = from.u16();
  if (type === standardType) {
    if (size !== match11Size || size - headSize > from.left) throw badLength(size);
    return readMatch11(from);
  }
  if (type !== oxmType) throw new OpenFlowError('OFPBMC_BAD_TYPE', `a match of type ${type}`);
  return readOxmBody(from, size, reading);
}

/** The same where only TLVs may be. */
export function readOxm(from: Reader, reading: MatchReading = strict): Match {
  if (from.left < headSize) throw badLength(from.left);
  const type = from.u16();
  const size = from.u16();
  if (size < headSize) throw badLength(size);
  if (type !== oxmType) throw new OpenFlowError('OFPBMC_BAD_TYPE', `a match of type ${type}`);
  return readOxmBody(from, size, reading);
}

function readOxmBody(from: Reader, size: number, reading: MatchReading): Match {
  const padding = -size & 7;
  if (size < headSize || size - headSize + padding > from.left) throw badLength(size);
  const { match } = readOxmMatch(from.part(size - headSize, 'OFPBMC_BAD_LEN'), reading);
  from.skip(padding);
  return match;
}

function badLength(size: number): OpenFlowError {
  return new OpenFlowError('OFPBMC_BAD_LEN', `a match of ${size} bytes`);
}

/** With its head, and padding. */
export function writeMatch(to: Writer, match: Match, version: WireVersion): void {
  if (version === 2) writeMatch11(match, to);
  else writeOxm(to, match, version);
}

/** As TLVs in OpenFlow 1.1 too. Returns its size without the padding, which is written too. */
export function writeOxm(to: Writer, match: Match, version: WireVersion): number {
  const start = to.size;
  to.u16(oxmType);
  to.u16(0);
  writeOxmMatch(to, match, version);
  const size = to.size - start;
  to.setU16(start + 2, size);
  to.pad(start);
  return size;
}

/** A match of Nicira's messages, whose size was told before, and padding. Throws OpenFlowError. */
export function readNxMatch(from: Reader, size: number, reading: MatchReading): ReadMatch {
  const padding = -size & 7;
  if (size + padding > from.left) throw badLength(size);
  const read = readOxmMatch(from.part(size, 'OFPBMC_BAD_LEN'), reading);
  from.skip(padding);
  return read;
}

/** Returns its size without the padding, which is written too. */
export function writeNxMatch(to: Writer, match: Match, cookie = 0n, cookieMask = 0n): number {
  const start = to.size;
  writeOxmMatch(to, match, 1, cookie, cookieMask);
  const size = to.size - start;
  to.pad(start);
  return size;
}

/** A match as ovs-ofctl prints it. */
export function formatPackedMatch(
  match: Match,
  { ports, paint }: { readonly ports: PortText; readonly paint?: Paint | undefined },
  priority?: number,
): string {
  return formatPacked(match, priority === undefined ? { ports, paint } : { ports, paint, priority });
}

/** The port that a match is on; undefined where it is on none. */
export function inPortOf(match: Match): number | undefined {
  return getSlot(match.mask.unpack(), 'in_port') === 0 ? undefined : getSlot(unpackKey(match), 'in_port');
}
