/** Sets of fields that tables can match on or set: as bits of OpenFlow 1.0 to 1.2, as OXM headers, and as text. */
import { type Field, type FieldName, fields } from '../../flow/fields/index.ts';
import type { Reader, Writer } from '../bytes.ts';
import { OpenFlowError } from '../errors.ts';
import { numberInActions, oxmPayloadSize, readOxmField, writeOxmHeader } from '../match/oxm.ts';
import type { WireVersion } from '../versions.ts';

/** In the order in which they are printed. */
export type FieldSet = readonly FieldName[];

/** Fields in the order of the reference: by what they are of. */
const groups = [
  /^(dp_hash|recirc_id|packet_type|conj_id)$/,
  /^tun_(?!metadata)/,
  /^tun_metadata/,
  /^(metadata|in_port|in_port_oxm|actset_output|skb_priority|pkt_mark)$/,
  /^ct_/,
  /^reg/,
  /^xreg/,
  /^xxreg/,
  /^(?!nsh_)/,
  /^nsh_/,
];
const groupOf = (name: string): number => groups.findIndex((pattern) => pattern.test(name));
const ordered: readonly Field[] = [...fields.values()].sort((a, b) => groupOf(a.name) - groupOf(b.name));
const rank = new Map(ordered.map(({ name }, n) => [name, n]));

export function fieldSet(names: Iterable<FieldName>): FieldSet {
  return [...new Set(names)].sort((a, b) => (rank.get(a) ?? 0) - (rank.get(b) ?? 0));
}

type BitTable = readonly (readonly [bits: number, name: FieldName])[];

/** Wildcards of OpenFlow 1.0. */
export const bits10: BitTable = [
  [0x1, 'in_port'],
  [0x2, 'vlan_vid'],
  [0x4, 'eth_src'],
  [0x8, 'eth_dst'],
  [0x10, 'eth_type'],
  [0x20, 'nw_proto'],
  [0x40, 'tcp_src'],
  [0x80, 'tcp_dst'],
  [0x3f00, 'ip_src'],
  [0xfc000, 'ip_dst'],
  [0x100000, 'vlan_pcp'],
  [0x200000, 'nw_tos'],
];

/** Fields of OpenFlow 1.1. */
export const bits11: BitTable = [
  [0x1, 'in_port'],
  [0x2, 'vlan_vid'],
  [0x4, 'vlan_pcp'],
  [0x8, 'eth_type'],
  [0x10, 'nw_tos'],
  [0x20, 'nw_proto'],
  [0x40, 'tcp_src'],
  [0x80, 'tcp_dst'],
  [0x100, 'mpls_label'],
  [0x200, 'mpls_tc'],
  [0x800, 'eth_src'],
  [0x1000, 'eth_dst'],
  [0x2000, 'ip_src'],
  [0x4000, 'ip_dst'],
  [0x8000, 'metadata'],
];

export function readFieldBits(bits: number, table: BitTable): FieldSet {
  return fieldSet(table.filter(([of]) => (bits & of) !== 0).map(([, name]) => name));
}

export function fieldBits(has: (name: FieldName) => boolean, table: BitTable): number {
  return table.reduce((bits, [of, name]) => (has(name) ? bits | of : bits), 0);
}

interface FieldBit12 {
  readonly bit: bigint;
  readonly name: FieldName;
  /** A later version brought it: the reference sends its bit all the same. */
  readonly isLater: boolean;
}

/** Fields with their bit in the sets of OpenFlow 1.2: the number of the standard's own. */
const bits12 = ordered.flatMap((field): FieldBit12[] => {
  const number = field.numbers.length === 0 ? undefined : numberInActions(field, 3);
  if (number?.oxmClass !== 0x8000) return [];
  return [{ bit: 1n << BigInt(number.number), name: field.name, isLater: number.since > 3 }];
});

export function readFieldBits12(bits: bigint): FieldSet {
  return bits12.filter(({ bit }) => (bits & bit) !== 0n).map(({ name }) => name);
}

/** Of those that can be set, without what only later versions have. */
export function readSetFieldBits12(bits: bigint): FieldSet {
  return bits12.filter(({ bit, isLater }) => !isLater && (bits & bit) !== 0n).map(({ name }) => name);
}

const later12: ReadonlySet<FieldName> = new Set(
  bits12.filter(({ isLater }) => isLater).map(({ name }) => name),
);

/** Without what only later versions have: the reference does not print what it was told of those. */
export function knownIn12(set: FieldSet): FieldSet {
  return set.filter((name) => !later12.has(name));
}

export function fieldBits12(set: FieldSet): bigint {
  return bits12.reduce((bits, { bit, name }) => (set.includes(name) ? bits | bit : bits), 0n);
}

/** Reads OXM headers up to the end, and passes over those that nobody knows, or throws OpenFlowError where `isStrict`. */
export function readFieldHeaders(body: Reader, isStrict: boolean): { exact: FieldSet; masked: FieldSet } {
  const from = body.rest('OFPBMC_BAD_LEN');
  const exact: FieldName[] = [];
  const masked: FieldName[] = [];
  while (from.left > 0) {
    const header = from.u32();
    oxmPayloadSize(header);
    const field = readOxmField(from, header);
    if (field !== undefined) ((header & 0x100) === 0 ? exact : masked).push(field.name);
    else if (isStrict) throw new OpenFlowError('OFPBMC_BAD_FIELD', `no field has header ${header}`);
  }
  return { exact: fieldSet(exact), masked: fieldSet(masked) };
}

/** Of a property whose headers may not have masks. */
export function readExactHeaders(from: Reader, isStrict: boolean): FieldSet {
  const { exact, masked } = readFieldHeaders(from, isStrict);
  if (masked.length > 0) throw new OpenFlowError('OFPBMC_BAD_MASK', `a mask for ${masked[0]}`);
  return exact;
}

export function writeFieldHeaders(to: Writer, set: FieldSet, masked: FieldSet, version: WireVersion): void {
  for (const name of set) {
    const field = fields.get(name);
    // As in actions, what has no number in the version has that of a later one.
    if (field !== undefined)
      writeOxmHeader(to, numberInActions(field, version), field.bytes, masked.includes(name));
  }
}

/** " eth_{src,dst,type} reg0...reg15"; empty for none. */
export function formatFieldSet(set: FieldSet): string {
  return set.length === 0 ? '' : ` ${formatNames(set, 0)}`;
}

/** What begins each of them was said; runs of numbers and common beginnings are said once. */
function formatNames(names: readonly string[], said: number): string {
  const parts: string[] = [];
  for (let at = 0; at < names.length; ) {
    const rest = names.slice(at);
    const first = rest[0] ?? '';
    const numbered = numberedRun(rest);
    const { count, prefix } = prefixRun(rest, said);
    if (numbered >= count) {
      const last = numbered > 1 ? `...${(rest[numbered - 1] ?? '').slice(said)}` : '';
      parts.push(first.slice(said) + last);
    } else {
      parts.push(`${first.slice(said, said + prefix)}{${formatNames(rest.slice(0, count), said + prefix)}}`);
    }
    at += Math.max(numbered, count);
  }
  return parts.join(said === 0 ? ' ' : ',');
}

/** How many of the first names differ by a number that counts up; never 2, which is not worth it. */
function numberedRun(names: readonly string[]): number {
  let count = 1;
  while (count < names.length && isNext(names[count - 1] ?? '', names[count] ?? '')) count++;
  return count === 2 ? 1 : count;
}

function isNext(a: string, b: string): boolean {
  const [, stem, digits] = /^(.*?)(\d+)$/.exec(a) ?? [];
  return digits !== undefined && b === `${stem}${Number(digits) + 1}`;
}

/** How many of the first names have the same beginning up to a "_", and how long the first two's is. */
function prefixRun(names: readonly string[], said: number): { count: number; prefix: number } {
  const common = (n: number): number => {
    const [a = '', b = ''] = [names[0]?.slice(said), names[n]?.slice(said)];
    let length = 0;
    for (let at = 0; at < a.length && a[at] === b[at]; at++) if (a[at] === '_') length = at + 1;
    return length;
  };
  const prefix = names.length < 2 ? 0 : common(1);
  let count = prefix === 0 ? 1 : 2;
  while (prefix !== 0 && count < names.length && common(count) !== 0) count++;
  return { count, prefix };
}
