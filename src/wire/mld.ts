/**
 * Multicast Listener Discovery: which groups hosts want to hear over IPv6, in ICMPv6 messages. Versions 1 (RFC 2710) and
 * 2 (RFC 3810). Read by multicast snooping; `bytes` is what follows the IPv6 header and its extensions.
 */
import { formatIpv6, readIpv6 } from '../base/addresses.ts';
import { Malformed } from '../base/errors.ts';
import { bytes as byteField, header, u8, u16 } from '../base/header.ts';
import { foldSum, sumWords } from './checksum.ts';
import {
  emitGroupReport,
  type GroupRecord,
  groupReport,
  overIpv6,
  parseGroupReport,
} from './group-records.ts';

const plain = header('mld', {
  type: u8,
  code: u8,
  checksum: u16,
  maxDelay: u16,
  reserved: u16,
  group: byteField(16),
});

export const mldType = { query: 130, report1: 131, done: 132, report2: 143 } as const;

export type MldMessage =
  /** A router asks who is there; of `group`, where it is not "::". */
  | { readonly type: 'query'; readonly group: string }
  | { readonly type: 'report'; readonly group: string }
  | { readonly type: 'done'; readonly group: string }
  | { readonly type: 'records'; readonly records: readonly GroupRecord[] };

/**
 * `pseudoSum` is that of the IPv6 header. Throws Malformed for a message cut short, of no type that tells of groups, or
 * whose checksum is wrong.
 */
export function parseMld(bytes: Uint8Array, pseudoSum: number): MldMessage {
  if (bytes.length < groupReport.size) throw new Malformed('mld', bytes.length, 'cut short');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (foldSum(sumWords(view, 0, bytes.length, pseudoSum)) !== 0xffff)
    throw new Malformed('mld', plain.offset.checksum, 'bad checksum');
  switch (plain.get.type(view, 0)) {
    case mldType.query:
      return { type: 'query', group: groupOf(bytes) };
    case mldType.report1:
      return { type: 'report', group: groupOf(bytes) };
    case mldType.done:
      return { type: 'done', group: groupOf(bytes) };
    case mldType.report2:
      return { type: 'records', records: parseGroupReport(bytes, overIpv6) };
    default:
      throw new Malformed('mld', 0, 'a type that tells nothing of groups');
  }
}

function groupOf(bytes: Uint8Array): string {
  if (bytes.length < plain.size) throw new Malformed('mld', bytes.length, 'cut short');
  return formatIpv6(bytes.subarray(plain.offset.group, plain.size));
}

export function emitMld(message: MldMessage, pseudoSum: number): Uint8Array {
  const bytes =
    message.type === 'records'
      ? emitGroupReport(mldType.report2, message.records, overIpv6)
      : emitPlain(message);
  const view = new DataView(bytes.buffer);
  plain.set.checksum(view, 0, ~foldSum(sumWords(view, 0, bytes.length, pseudoSum)) & 0xffff);
  return bytes;
}

function emitPlain({ type, group }: Exclude<MldMessage, { type: 'records' }>): Uint8Array {
  const bytes = new Uint8Array(plain.size);
  plain.set.type(new DataView(bytes.buffer), 0, mldType[type === 'report' ? 'report1' : type]);
  bytes.set(readIpv6(group), plain.offset.group);
  return bytes;
}
