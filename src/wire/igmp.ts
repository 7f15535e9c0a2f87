/**
 * Internet Group Management Protocol: which groups hosts want to hear over IPv4. Versions 1 (RFC 1112 appendix I), 2
 * (RFC 2236) and 3 (RFC 3376). Read by multicast snooping; `bytes` is what follows the IPv4 header.
 */
import { formatIpv4, readIpv4 } from '../base/addresses.ts';
import { Malformed } from '../base/errors.ts';
import { foldSum, internetChecksum, sumWords } from './checksum.ts';
import { emitGroupReport, type GroupRecord, overIpv4, parseGroupReport } from './group-records.ts';
import { igmp } from './transport.ts';

export const igmpType = { query: 0x11, report1: 0x12, report2: 0x16, leave: 0x17, report3: 0x22 } as const;

export type IgmpMessage =
  /** A router asks who is there; of `group`, where it is not 0.0.0.0. */
  | { readonly type: 'query'; readonly group: string }
  | { readonly type: 'report'; readonly version: 1 | 2; readonly group: string }
  | { readonly type: 'leave'; readonly group: string }
  | { readonly type: 'records'; readonly records: readonly GroupRecord[] };

/** Throws Malformed for a message cut short, of no type that tells of groups, or whose checksum is wrong. */
export function parseIgmp(bytes: Uint8Array): IgmpMessage {
  if (bytes.length < igmp.size) throw new Malformed('igmp', bytes.length, 'cut short');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (foldSum(sumWords(view, 0, bytes.length)) !== 0xffff)
    throw new Malformed('igmp', igmp.offset.checksum, 'bad checksum');
  const group = formatIpv4(bytes.subarray(igmp.offset.group, igmp.size));
  switch (igmp.get.type(view, 0)) {
    case igmpType.query:
      return { type: 'query', group };
    case igmpType.report1:
      return { type: 'report', version: 1, group };
    case igmpType.report2:
      return { type: 'report', version: 2, group };
    case igmpType.leave:
      return { type: 'leave', group };
    case igmpType.report3:
      return { type: 'records', records: parseGroupReport(bytes, overIpv4) };
    default:
      throw new Malformed('igmp', 0, 'a type that tells nothing of groups');
  }
}

export function emitIgmp(message: IgmpMessage): Uint8Array {
  const bytes =
    message.type === 'records'
      ? emitGroupReport(igmpType.report3, message.records, overIpv4)
      : emitPlain(message);
  const view = new DataView(bytes.buffer);
  igmp.set.checksum(view, 0, internetChecksum(view, 0, bytes.length));
  return bytes;
}

function emitPlain(message: Exclude<IgmpMessage, { type: 'records' }>): Uint8Array {
  const bytes = new Uint8Array(igmp.size);
  const type =
    message.type === 'report'
      ? igmpType[message.version === 1 ? 'report1' : 'report2']
      : igmpType[message.type];
  igmp.set.type(new DataView(bytes.buffer), 0, type);
  bytes.set(readIpv4(message.group), igmp.offset.group);
  return bytes;
}
