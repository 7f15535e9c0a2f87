/** Commands for tests: matches in their forms on the wire, printed and written again. */

import { Malformed } from '../../base/errors.ts';
import { hexDump } from '../../base/hex-dump.ts';
import { systemRandom } from '../../base/random.ts';
import { Fatal } from '../../daemon/program.ts';
import { getSlot, newKey, setSlot } from '../../flow/key.ts';
import { keyValues } from '../../flow/key-values.ts';
import { type Match, packMatch, unpackKey } from '../../flow/match.ts';
import { MatchBuilder } from '../../flow/match-text.ts';
import { Reader, Writer } from '../../openflow/bytes.ts';
import { OpenFlowError } from '../../openflow/errors.ts';
import { match10Size, readMatch10, writeMatch10 } from '../../openflow/match/match-10.ts';
import { match11Size } from '../../openflow/match/match-11.ts';
import {
  decodeMatch,
  formatPackedMatch,
  readNxMatch,
  readOxm,
  writeMatch,
  writeNxMatch,
  writeOxm,
} from '../../openflow/match/match-codec.ts';
import { reportNormal } from '../../openflow/match/normal-match.ts';
import { portText } from '../../openflow/ports.ts';
import { formatOxmText, readOxmText } from '../../openflow/text/oxm.ts';
import { versionNamed, type WireVersion } from '../../openflow/versions.ts';
import type { OfctlContext } from './context.ts';
import { differences, hexLine, inputLines, isBlank, plainLines, withoutComment } from './test-lines.ts';

/** What `parse-nx-match` does. */
export function printNxMatches(context: OfctlContext): void {
  const { isStrict } = context.flows;
  printTlvs(context, (bytes, to) => {
    const size = bytes.length;
    const padded = new Uint8Array(size + (-size & 7));
    padded.set(bytes);
    const { match, cookie, cookieMask } = readNxMatch(new Reader(padded), size, {
      isStrict,
      allowsCookie: true,
    });
    return { at: 0, size: writeNxMatch(to, match, cookie, cookieMask) };
  });
}

const headSize = 4;
const firstWithOxm: WireVersion = 3;

/** What `parse-oxm VERSION` does. */
export function printOxmMatches(context: OfctlContext, [name = '']: readonly string[]): void {
  const version = versionNamed(name);
  if (version === undefined || version < firstWithOxm)
    throw new Fatal(`${name}: not a valid version for OXM`);
  const { isStrict } = context.flows;
  printTlvs(context, (bytes, to) => {
    const from = new Writer();
    from.u16(1);
    from.u16(headSize + bytes.length);
    from.octets(bytes);
    from.pad();
    const match = readOxm(new Reader(from.written), { isStrict });
    return { at: headSize, size: writeOxm(to, match, version) - headSize };
  });
}

/** `again` reads and writes it, and says where the TLVs are in what it wrote. */
function printTlvs(
  { print, verbosity }: OfctlContext,
  again: (bytes: Uint8Array, to: Writer) => { readonly at: number; readonly size: number },
): void {
  for (const line of inputLines()) {
    const text = withoutComment(line);
    if (line.startsWith('#')) print(`${line}\n`);
    else if (isBlank(text)) print('\n');
    else {
      const to = new Writer();
      try {
        const { at, size } = again(fromText(text), to);
        print(`${formatOxmText(to.written.subarray(at, at + size))}\n`);
        if (verbosity > 0) print(hexDump(to.written, 'without text'));
      } catch (why) {
        if (!(why instanceof OpenFlowError)) throw why;
        print(`nx_pull_match() returned error ${why.errorName}\n`);
      }
    }
  }
}

/** Throws Fatal. */
function fromText(text: string): Uint8Array {
  try {
    return readOxmText(text);
  } catch (why) {
    throw why instanceof Malformed ? new Fatal(why.why) : why;
  }
}

function textOf(match: Match): string {
  return `${formatPackedMatch(match, { ports: portText })}\n`;
}

/** What `parse-ofp10-match` does: digits that are "x" may be any, and come back as zeros. */
export function printMatches10({ print }: OfctlContext): void {
  for (const line of plainLines()) {
    const expected = hexLine(line.replaceAll('x', '0'), match10Size);
    const given = hexLine(
      line.replaceAll('x', () => (systemRandom.u32() & 0xf).toString(16)),
      match10Size,
    );
    const { match } = readMatch10(new Reader(given));
    const written = match10Bytes(match);
    const normal = match10Bytes(normalMatch(match));
    print(textOf(match));
    print(differences(expected, written));
    print(`${differences(written, normal, 'normal: ')}\n`);
  }
}

function normalMatch(match: Match): Match {
  const key = unpackKey(match);
  const mask = reportNormal(key, match.mask.unpack());
  return mask === undefined ? match : packMatch(key, mask);
}

function match10Bytes(match: Match): Uint8Array {
  const to = new Writer();
  writeMatch10(match, to);
  return to.written.slice();
}

/** What `parse-ofp11-match` does. */
export function printMatches11({ print }: OfctlContext): void {
  for (const line of plainLines()) {
    const bytes = hexLine(line, match11Size);
    try {
      const match = decodeMatch(new Reader(bytes));
      const to = new Writer();
      writeMatch(to, match, 2);
      print(`${textOf(match)}${differences(bytes, to.written)}\n`);
    } catch (why) {
      if (!(why instanceof OpenFlowError)) throw why;
      print(`bad ofp11_match: ${why.errorName}\n\n`);
    }
  }
}

/** What `check-vlan TCI MASK` does: the same match in every form and back. */
export function checkVlan({ print }: OfctlContext, [tci = '', bits = '']: readonly string[]): void {
  const key = newKey();
  const mask = newKey();
  setSlot(mask, 'vlan_tci', Number.parseInt(bits, 16) & 0xffff);
  setSlot(key, 'vlan_tci', Number.parseInt(tci, 16) & 0xffff);
  const match = packMatch(key, mask);
  const text = formatPackedMatch(match, { ports: portText });
  const builder = new MatchBuilder();
  for (const { name, value } of keyValues(text)) builder.take(name, value, portText);
  print(`${text} -> ${vlanText(builder.match)}\n`);
  print(`NXM: ${throughTlvs(match, 'NXM')}\nOXM: ${throughTlvs(match, 'OXM')}\n`);
  const fixed = match10Bytes(match);
  const back = readMatch10(new Reader(fixed)).match;
  print(`OF1.0: ${vlanOfFixed(fixed, { wildcards: 0, vlan: 18, pcpBit: 0x100000 })} -> ${vlanText(back)}\n`);
  const to = new Writer();
  writeMatch(to, match, 2);
  const back11 = decodeMatch(new Reader(to.written));
  print(`OF1.1: ${vlanOfFixed(to.written, { wildcards: 8, vlan: 36, pcpBit: 4 })} -> ${vlanText(back11)}\n`);
}

const four = (value: number): string => value.toString(16).padStart(4, '0');

function tagOf(match: Match): readonly [tci: number, bits: number] {
  return [getSlot(unpackKey(match), 'vlan_tci'), getSlot(match.mask.unpack(), 'vlan_tci')];
}

function vlanText(match: Match): string {
  const [tci, bits] = tagOf(match);
  return `${four(tci)}/${four(bits)}`;
}

const vidAndPresence = 0x1fff;

function throughTlvs(match: Match, form: 'NXM' | 'OXM'): string {
  const to = new Writer();
  try {
    if (form === 'NXM') {
      const size = writeNxMatch(to, match);
      const text = formatOxmText(to.written.subarray(0, size));
      return `${text} -> ${vlanText(readNxMatch(new Reader(to.written), size, { isStrict: true }).match)}`;
    }
    const size = writeOxm(to, match, firstWithOxm);
    const [tci, bits] = tagOf(readOxm(new Reader(to.written)));
    const hasPcp = (tci & vidAndPresence) !== 0 && bits >>> 13 !== 0;
    const pcp = hasPcp ? String(tci >>> 13).padStart(2, '0') : '--';
    const text = formatOxmText(to.written.subarray(headSize, size));
    return `${text} -> ${four(tci & vidAndPresence)}/${four(bits & vidAndPresence)},${pcp}`;
  } catch (why) {
    if (why instanceof OpenFlowError) return why.errorName;
    throw why;
  }
}

/** Where the VLAN is in a fixed structure, and what says that its priority does not count. */
interface VlanPlace {
  readonly wildcards: number;
  readonly vlan: number;
  readonly pcpBit: number;
}

const vlanBit = 2;

function vlanOfFixed(bytes: Uint8Array, { wildcards: at, vlan, pcpBit }: VlanPlace): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const wildcards = view.getUint32(at);
  const isWild = (bit: number): number => ((wildcards & bit) === 0 ? 0 : 1);
  const pcp = view
    .getUint8(vlan + 2)
    .toString(16)
    .padStart(2, '0');
  return `${four(view.getUint16(vlan))}/${isWild(vlanBit)},${pcp}/${isWild(pcpBit)}`;
}
