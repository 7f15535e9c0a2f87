/**
 * The tunnel that a packet came through, or is to leave by, in the text of a flow: tunnel(tun_id=0x1,src=..,flags(key)).
 * Options of Geneve stand in a datapath's key as on the wire: `tun_metadata` has their bytes, `tun_metadata_present`
 * says how many.
 */
import { Malformed } from '../../base/errors.ts';
import { formatFlags, readFlags, tunnelFlag, tunnelKeyFlagNames } from '../../flow/fields/flags.ts';
import { getSlot, readSlot, setSlot, writeSlot } from '../../flow/key.ts';
import { type SlotName, slots } from '../../flow/slots.ts';
import { hexNumber, TextCursor } from './cursor.ts';
import { decimal, fullHexadecimal, hexadecimal, ipv4Form, ipv6Form } from './forms.ts';
import { formatMember, type Member, type MemberOptions, member, type ReadKey, readMember } from './member.ts';

const allFlags = 0xf;

const outer: readonly Member[] = [
  member('tun_id', 'tun_id', fullHexadecimal),
  member('src', 'tun_src', ipv4Form),
  member('dst', 'tun_dst', ipv4Form),
  member('ipv6_src', 'tun_ipv6_src', ipv6Form),
  member('ipv6_dst', 'tun_ipv6_dst', ipv6Form),
  member('tos', 'tun_tos', hexadecimal),
  member('ttl', 'tun_ttl', decimal),
  member('tp_src', 'tun_tp_src', decimal),
  member('tp_dst', 'tun_tp_dst', decimal),
];

/** Members of one protocol, in parentheses of their own. */
interface Protocol {
  readonly name: string;
  readonly members: readonly Member[];
  /** Of a packet's key. */
  readonly isIn: (key: Uint32Array) => boolean;
  readonly open: string;
  readonly close: string;
}

const isSet =
  (...names: readonly SlotName[]) =>
  (key: Uint32Array): boolean =>
    names.some((name) => readSlot(key, name).some((byte) => byte !== 0));

const versionOf = (key: Uint32Array): number => getSlot(key, 'tun_erspan_ver');

const protocols: readonly Protocol[] = [
  {
    name: 'vxlan',
    open: 'vxlan(gbp(',
    close: '))',
    members: [member('id', 'tun_gbp_id', decimal), member('flags', 'tun_gbp_flags', hexadecimal)],
    isIn: isSet('tun_gbp_id', 'tun_gbp_flags'),
  },
  {
    name: 'erspan',
    open: 'erspan(',
    close: ')',
    members: [
      member('ver', 'tun_erspan_ver', decimal),
      member('idx', 'tun_erspan_idx', hexadecimal),
      member('dir', 'tun_erspan_dir', decimal),
      member('hwid', 'tun_erspan_hwid', hexadecimal),
    ],
    isIn: (key) => versionOf(key) === 1 || versionOf(key) === 2,
  },
  {
    name: 'gtpu',
    open: 'gtpu(',
    close: ')',
    members: [member('flags', 'tun_gtpu_flags', hexadecimal), member('msgtype', 'tun_gtpu_msgtype', decimal)],
    isIn: (key) => getSlot(key, 'tun_gtpu_flags') !== 0 && getSlot(key, 'tun_gtpu_msgtype') !== 0,
  },
];

const hasTunnel = isSet('tun_src', 'tun_dst', 'tun_ipv6_src', 'tun_ipv6_dst');

export const tunnelGroup = {
  name: 'tunnel',
  members: outer,
  isIn: hasTunnel,
  /** Of a packet: what a tunnel does not have, such as an address of the other family, is not there to be shown. */
  format(key: Uint32Array, mask: Uint32Array, options: MemberOptions): string {
    return format(key, mask, options, (m) => m.slot === 'tun_ttl' || isThere(m, key));
  },
  /** What the mask names, whole. */
  formatSet(key: Uint32Array, mask: Uint32Array): string {
    return format(key, mask, { isVerbose: true }, (m) => isSet(m.slot)(mask), true);
  },
  read: readTunnel,
};

function isThere(m: Member, key: Uint32Array): boolean {
  return isSet(m.slot)(key) || (m.slot === 'tun_id' && (getSlot(key, 'tun_flags') & tunnelFlag.key) !== 0);
}

function format(
  key: Uint32Array,
  mask: Uint32Array,
  options: MemberOptions,
  has: (m: Member) => boolean,
  isWhole = false,
): string {
  const exact = isWhole ? new Uint32Array(mask.length).fill(0xffffffff) : mask;
  const parts = outer.filter(has).map((m) => formatMember(m, key, exact, options));
  const [first] = protocols;
  for (const protocol of protocols) {
    if (isWhole ? protocol.members.some(has) : protocol.isIn(key))
      parts.push(formatProtocol(protocol, key, exact, { ...options, isWhole }));
    if (protocol === first) parts.push(formatGeneve(key, exact, options));
  }
  parts.push(formatTunnelFlags(key, mask, { ...options, isWhole, hasId: outer.slice(0, 1).some(has) }));
  return `tunnel(${parts.filter((text) => text !== '').join(',')})`;
}

function formatProtocol(
  { open, close, members, name }: Protocol,
  key: Uint32Array,
  mask: Uint32Array,
  options: MemberOptions & { isWhole: boolean },
): string {
  const shown = name === 'erspan' ? erspanMembers(members, key) : members;
  const texts = shown.map((m) => {
    // Of a packet, an index is shown with its mask, whatever that is.
    if (m.slot !== 'tun_erspan_idx' || options.isWhole) return formatMember(m, key, mask, options);
    return `idx=${hexadecimal.format(readSlot(key, m.slot))}/${hexadecimal.formatMask(readSlot(mask, m.slot))}`;
  });
  return open + texts.filter((text) => text !== '').join(',') + close;
}

/** Differs: of a hardware id the reference's text has the lower four bits only. */
function erspanMembers(members: readonly Member[], key: Uint32Array): readonly Member[] {
  const names = versionOf(key) === 1 ? ['ver', 'idx'] : ['ver', 'dir', 'hwid'];
  return members.filter(({ name }) => names.includes(name));
}

function formatTunnelFlags(
  key: Uint32Array,
  mask: Uint32Array,
  { isVerbose, isWhole, hasId }: MemberOptions & { isWhole: boolean; hasId: boolean },
): string {
  const id = hasId ? tunnelFlag.key : 0;
  const value = (getSlot(key, 'tun_flags') & allFlags & ~tunnelFlag.key) | id;
  if (isWhole) return `flags(${formatFlags(tunnelKeyFlagNames, value, allFlags, allFlags)})`;
  const bits = (getSlot(mask, 'tun_flags') & allFlags & ~tunnelFlag.key) | id;
  if (bits === 0 && isVerbose !== true) return '';
  return `flags(${formatFlags(tunnelKeyFlagNames, value, bits, allFlags)})`;
}

const optionHeadSize = 4;
/** Bits of the byte that ends an option's head which say its length in words. */
const lengthBits = 0x1f;

/** The bytes of all options. */
function geneveOptionBytes(key: Uint32Array): Uint8Array {
  return readSlot(key, 'tun_metadata').subarray(0, geneveSize(key));
}

function geneveSize(key: Uint32Array): number {
  return key[slots.tun_metadata_present.word + 1] ?? 0;
}

function formatGeneve(key: Uint32Array, mask: Uint32Array, options: MemberOptions): string {
  const size = geneveSize(key);
  if (size === 0) return '';
  const value = geneveOptionBytes(key);
  const masks = readSlot(mask, 'tun_metadata').subarray(0, size);
  return `geneve(${formatGeneveOptions(value, masks, options.isVerbose === true)})`;
}

/** Options as they lie on the wire, as {class=..,type=..,len=..,data}. */
export function formatGeneveOptions(value: Uint8Array, mask: Uint8Array, isVerbose: boolean): string {
  let text = '';
  for (let at = 0; at + optionHeadSize <= value.length; ) {
    const dataSize = ((value[at + 3] ?? 0) & lengthBits) * 4;
    const end = Math.min(at + optionHeadSize + dataSize, value.length);
    text += `{${formatOption(value.subarray(at, end), mask.subarray(at, end), isVerbose)}}`;
    at = end;
  }
  return text;
}

function formatOption(value: Uint8Array, mask: Uint8Array, isVerbose: boolean): string {
  const dataSize = value.length - optionHeadSize;
  const lengthMask = ((mask[3] ?? 0) & lengthBits) === lengthBits ? 0xff : (mask[3] ?? 0) & lengthBits;
  const parts: string[] = [];
  const put = (name: string, text: string, bits: Uint8Array): void => {
    if (!isVerbose && bits.every((b) => b === 0)) return;
    const isExact = bits.every((b) => b === 0xff);
    parts.push(`${name}=${text}${isExact ? '' : `/${hexadecimal.formatMask(bits)}`}`);
  };
  put('class', hexadecimal.format(value.subarray(0, 2)), mask.subarray(0, 2));
  put('type', hexadecimal.format(value.subarray(2, 3)), mask.subarray(2, 3));
  put('len', String(dataSize), Uint8Array.of(lengthMask));
  const dataMask = mask.subarray(optionHeadSize);
  if (dataSize > 0 && (isVerbose || dataMask.some((b) => b !== 0))) {
    const isExact = dataMask.every((b) => b === 0xff);
    const bits = isExact ? '' : `/${hexNumber([...dataMask])}`;
    parts.push(hexNumber([...value.subarray(optionHeadSize)]) + bits);
  }
  return parts.join(',');
}

function readTunnel(body: string, into: ReadKey): void {
  const cursor = new TextCursor(body, 'flow');
  while (!cursor.isAtEnd) {
    readItem(cursor, into);
    if (!cursor.isAtEnd) cursor.expect(',');
  }
}

function readItem(cursor: TextCursor, into: ReadKey): void {
  const protocol = protocols.find(({ open }) => cursor.take(open));
  if (protocol !== undefined) readProtocol(protocol, cursor, into);
  else if (cursor.take('geneve(')) {
    readGeneve(cursor, into);
    cursor.expect(')');
  } else if (cursor.take('flags(')) readTunnelFlags(cursor, into);
  else readNamed(outer, cursor, into);
}

function readNamed(members: readonly Member[], cursor: TextCursor, into: ReadKey): void {
  const m = members.find(({ name }) => cursor.take(`${name}=`));
  if (m === undefined) throw cursor.wrong(`"${cursor.text.slice(cursor.at)}" is no member of a tunnel`);
  readMember(m, cursor.match(/[^,()]*/y) ?? '', into);
  if (m.slot !== 'tun_id') return;
  setSlot(into.key, 'tun_flags', getSlot(into.key, 'tun_flags') | tunnelFlag.key);
  setSlot(into.mask, 'tun_flags', getSlot(into.mask, 'tun_flags') | tunnelFlag.key);
}

function readProtocol({ members, close, name }: Protocol, cursor: TextCursor, into: ReadKey): void {
  while (!cursor.take(close)) {
    const shown = name === 'erspan' && versionOf(into.key) !== 0 ? erspanMembers(members, into.key) : members;
    readNamed(shown, cursor, into);
    cursor.take(',');
  }
  if (name === 'erspan' && versionOf(into.key) !== 1 && versionOf(into.key) !== 2)
    throw cursor.wrong('erspan is of version 1 or 2');
}

function readTunnelFlags(cursor: TextCursor, into: ReadKey): void {
  const { value, mask } = readFlags(cursor.match(/[^)]*/y) ?? '', tunnelKeyFlagNames, allFlags);
  const add = (key: Uint32Array, bits: number): void =>
    // That there is a key is said by tun_id.
    setSlot(key, 'tun_flags', getSlot(key, 'tun_flags') | (bits & ~tunnelFlag.key));
  add(into.key, value);
  add(into.mask, mask);
  cursor.expect(')');
}

function readGeneve(cursor: TextCursor, into: ReadKey): void {
  const { value, mask } = readGeneveOptions(cursor);
  const size = slots.tun_metadata.size;
  const padded = (bytes: readonly number[]): number[] => [
    ...bytes,
    ...new Array<number>(size - bytes.length).fill(0),
  ];
  writeSlot(into.key, 'tun_metadata', padded(value));
  writeSlot(into.mask, 'tun_metadata', padded(mask));
  into.key[slots.tun_metadata_present.word + 1] = value.length;
  into.mask[slots.tun_metadata_present.word + 1] = 0xffffffff;
}

/** The most bytes that all options of a header may have. */
const optionsLimit = 252;

/** Options up to what is none, as bytes of the wire. Throws Malformed. */
export function readGeneveOptions(cursor: TextCursor): { value: number[]; mask: number[] } {
  const value: number[] = [];
  const mask: number[] = [];
  while (cursor.take('{')) {
    const option = readOption(cursor);
    value.push(...option.value);
    mask.push(...option.mask);
    cursor.expect('}');
  }
  if (value.length > optionsLimit) throw cursor.wrong(`options of ${value.length} bytes do not fit a header`);
  return { value, mask };
}

function readOption(cursor: TextCursor): { value: number[]; mask: number[] } {
  const kind = readPart(cursor, 'class=', 16);
  cursor.take(',');
  const type = readPart(cursor, 'type=', 8);
  cursor.take(',');
  const length = readPart(cursor, 'len=', 8);
  const size = length.value;
  if (size > 124 || size % 4 !== 0)
    throw new Malformed('flow', cursor.at, `${size} is no length of an option`);
  let data: number[] = new Array<number>(size).fill(0);
  let dataMask: number[] = new Array<number>(size).fill(length.mask === 0 ? 0 : 0xff);
  if (cursor.take(',')) {
    data = cursor.bytes(size);
    dataMask = new Array<number>(size).fill(0xff);
  }
  if (cursor.take('/')) dataMask = cursor.bytes(size);
  return {
    value: [kind.value >> 8, kind.value & 0xff, type.value, size / 4, ...data],
    mask: [kind.mask >> 8, kind.mask & 0xff, type.mask, length.mask & lengthBits, ...dataMask],
  };
}

function readPart(cursor: TextCursor, name: string, bits: number): { value: number; mask: number } {
  if (!cursor.take(name)) return { value: 0, mask: 0 };
  const value = cursor.number(bits);
  return { value, mask: cursor.take('/') ? cursor.number(bits) : 2 ** bits - 1 };
}
