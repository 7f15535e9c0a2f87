/**
 * Reports of IGMPv3 and MLDv2, laid out alike but for the size of addresses, and what they say of each group: RFC 3376
 * section 4.2, RFC 3810 section 5.2. Part of `igmp.ts` and `mld.ts`.
 */
import { formatIpv4, formatIpv6, readIpv4, readIpv6 } from '../base/addresses.ts';
import { header, u8, u16 } from '../base/header.ts';

/** Records follow. */
export const groupReport = header('group report', {
  type: u8,
  reserved1: u8,
  checksum: u16,
  reserved2: u16,
  recordCount: u16,
});

/** In the order of their numbers, which begin with 1. */
export const recordModes = [
  'isInclude',
  'isExclude',
  'changeToInclude',
  'changeToExclude',
  'allowNewSources',
  'blockOldSources',
] as const;

export interface GroupRecord {
  readonly mode: (typeof recordModes)[number];
  readonly group: string;
  readonly sources: readonly string[];
}

/** Of one version of IP. */
interface Family {
  readonly addressSize: number;
  readonly format: (bytes: Uint8Array) => string;
  readonly read: (text: string) => Uint8Array;
}

export const overIpv4: Family = { addressSize: 4, format: formatIpv4, read: readIpv4 };
export const overIpv6: Family = { addressSize: 16, format: formatIpv6, read: readIpv6 };

/** The group, and then the sources, follow. */
const record = header('group record', {
  type: u8,
  auxiliarySize: u8, // in words of 4 bytes, behind the sources
  sourceCount: u16,
});

/** No data are auxiliary in these versions; readers pass over what is there. */
const auxiliaryWord = 4;

/** What a report that is as long as its header says. */
export function parseGroupReport(report: Uint8Array, family: Family): GroupRecord[] {
  const view = new DataView(report.buffer, report.byteOffset, report.byteLength);
  return parseRecords(report, groupReport.size, groupReport.get.recordCount(view, 0), family);
}

/** With a checksum of 0 yet. */
export function emitGroupReport(type: number, records: readonly GroupRecord[], family: Family): Uint8Array {
  const head = new Uint8Array(groupReport.size);
  const view = new DataView(head.buffer);
  groupReport.set.type(view, 0, type);
  groupReport.set.recordCount(view, 0, records.length);
  return Uint8Array.from(Buffer.concat([head, ...records.map((one) => emitRecord(one, family))]));
}

/**
 * At most `count` of them, as far as they are there; those of unknown types are passed over.
 * Differs: in reports of IGMPv3 and MLDv2, the size of auxiliary data is in words, as the standards say; a record of an
 * unknown type is skipped; one whose sources are cut short is ignored. The reference takes the size as bytes, stops at an
 * unknown type in IGMP, and does not read sources.
 */
function parseRecords(payload: Uint8Array, start: number, count: number, family: Family): GroupRecord[] {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const { addressSize } = family;
  const addressAt = (at: number): string => family.format(payload.subarray(at, at + addressSize));
  const records: GroupRecord[] = [];
  let at = start;
  for (let n = 0; n < count && payload.length - at >= record.size + addressSize; n++) {
    const sourceCount = record.get.sourceCount(view, at);
    const mode = recordModes[record.get.type(view, at) - 1];
    const first = at + record.size + addressSize;
    const end = first + sourceCount * addressSize;
    if (mode !== undefined && end <= payload.length) {
      const sources = Array.from({ length: sourceCount }, (_, i) => addressAt(first + i * addressSize));
      records.push({ mode, group: addressAt(at + record.size), sources });
    }
    at = end + record.get.auxiliarySize(view, at) * auxiliaryWord;
  }
  return records;
}

function emitRecord({ mode, group, sources }: GroupRecord, { read }: Family): Uint8Array {
  const head = new Uint8Array(record.size);
  const view = new DataView(head.buffer);
  record.set.type(view, 0, recordModes.indexOf(mode) + 1);
  record.set.sourceCount(view, 0, sources.length);
  return Buffer.concat([head, read(group), ...sources.map(read)]);
}
