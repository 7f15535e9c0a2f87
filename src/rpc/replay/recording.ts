/**
 * The files of `--record` and `--replay`: one for each stream, listener and source of chance, each a sequence of
 * records "number, length, data" (32-bit words in host order). Numbers count over all files of a folder; a negative
 * one marks what was sent, of which only the length is kept. A negative length is an errno. The reference's
 * record-replay documentation and lib/ovs-replay.h describe the form.
 */
import { endianness } from 'node:os';
import { Malformed } from '../../base/errors.ts';
import { readdirSync, readFileSync } from '../../base/files.ts';
import { byteLength } from '../../base/text.ts';

export interface RecordedItem {
  /** Its place among the records and openings of the whole recording. */
  readonly number: number;
  readonly isSent: boolean;
  /** Bytes, or a negated errno. */
  readonly length: number;
  /** Empty for what was sent. */
  readonly data: Buffer;
}

export interface Recording {
  /** Its name without what may differ from one run to the next: see `recordingName`. */
  readonly name: string;
  /** When it was begun. */
  readonly number: number;
  readonly records: readonly RecordedItem[];
}

const prefix = 'replay_';
const headerSize = 8;
const isLittle = endianness() === 'LE';

/** Numbers, such as ports and process ids, may be others in another run; what is no letter is no part of the name. */
export function recordingName(stream: string): string {
  return stream.replace(/[^a-zA-Z]+/g, '_').replace(/_$/, '');
}

export function recordingFile(stream: string, number: number): string {
  return `${prefix}${recordingName(stream)}_${number}`;
}

export function emitRecordHeader(number: number, length: number): Buffer {
  const bytes = Buffer.alloc(headerSize);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setInt32(0, number, isLittle);
  view.setInt32(4, length, isLittle);
  return bytes;
}

/** Throws Malformed for a record that is cut short. */
export function parseRecords(bytes: Buffer): RecordedItem[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const records: RecordedItem[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (bytes.length - at < headerSize) throw new Malformed('replay file', at, 'cut short');
    const signed = view.getInt32(at, isLittle);
    const length = view.getInt32(at + 4, isLittle);
    const isSent = signed < 0;
    const start = at + headerSize;
    const end = isSent ? start : start + Math.max(0, length);
    if (end > bytes.length) throw new Malformed('replay file', at, 'cut short');
    records.push({ number: Math.abs(signed), isSent, length, data: bytes.subarray(start, end) });
    at = end;
  }
  return records;
}

/** All recordings of a folder in the order of their beginnings. Throws Malformed, or what the file system says. */
export function readRecordings(folder: string): Recording[] {
  const recordings = readdirSync(folder).flatMap((file) => {
    const [, name, number] = /^replay_(.*)_([0-9]+)$/s.exec(file) ?? [];
    if (name === undefined) return [];
    return [{ name, number: Number(number), records: parseRecords(readFileSync(`${folder}/${file}`)) }];
  });
  return recordings.sort((a, b) => a.number - b.number);
}

/** How much a write carries. */
export function writtenSize(bytes: string | Uint8Array | readonly Uint8Array[]): number {
  if (typeof bytes === 'string') return byteLength(bytes);
  if (bytes instanceof Uint8Array) return bytes.length;
  return bytes.reduce((sum, piece) => sum + piece.length, 0);
}
