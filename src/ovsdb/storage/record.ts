/**
 * Records of the reference's log files, as ovsdb(5) describes them: a line "OVSDB MAGIC LENGTH SHA1", then LENGTH bytes
 * of JSON that end with a new-line. Used by `log-file.ts`.
 */
import { createHash, hash } from 'node:crypto';
import { encodeText } from '../../base/text.ts';

/** Magic of a standalone database's file. */
export const standaloneMagic = 'JSON';
/** Magic of a clustered one, which we recognise to refuse it. */
export const clusterMagic = 'CLUSTER';

export interface RecordHeader {
  readonly magic: string;
  /** Bytes of the JSON text with its new-line. */
  readonly length: number;
  /** 40 hexadecimal digits. */
  readonly sha1: string;
}

const headerPattern = /^OVSDB ([^ ]*) [ \t-\r]*\+?([0-9]+) ([0-9a-f]{40})\n$/i;

/** Reads a header line with its new-line; undefined when it is none. */
export function readHeader(line: string): RecordHeader | undefined {
  return readPlainHeader(line) ?? readAnyHeader(line);
}

const hexPattern = /^[0-9a-f]{40}$/;

/** The form that every record of a standalone file has. */
function readPlainHeader(line: string): RecordHeader | undefined {
  const end = line.length - 42;
  if (
    !line.startsWith('OVSDB JSON ') ||
    line.charCodeAt(end) !== 0x20 ||
    line.charCodeAt(end + 41) !== 0x0a
  ) {
    return undefined;
  }
  let length = 0;
  for (let at = 11; at < end; at++) {
    const digit = line.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    length = length * 10 + digit;
  }
  const sha1 = line.slice(end + 1, -1);
  return length > 0 && end < 26 && hexPattern.test(sha1)
    ? { magic: standaloneMagic, length, sha1 }
    : undefined;
}

function readAnyHeader(line: string): RecordHeader | undefined {
  const [, magic, digits, sha1] = headerPattern.exec(line) ?? [];
  const length = Number(digits);
  if (magic === undefined || sha1 === undefined || length === 0 || !Number.isSafeInteger(length))
    return undefined;
  if (!line.startsWith('OVSDB ')) return undefined;
  return { magic, length, sha1: sha1.toLowerCase() };
}

export function sha1Of(data: Uint8Array): string {
  return hash('sha1', data, 'hex');
}

/** Header lines are shorter: the digits of the length are at most 16. */
const maxHeaderLength = 72;

/** One record of a standalone file with that JSON text. */
export function emitRecord(text: string): Buffer {
  if (!text.isWellFormed()) return Buffer.concat(emitLongRecord([encodeText(text)]));
  // A UTF-16 unit becomes three bytes at most, so a short text need not be measured.
  const size = text.length < 1000 ? 3 * text.length : Buffer.byteLength(text);
  // The header goes in front of the text, once that is known.
  const block = Buffer.allocUnsafe(maxHeaderLength + size + 1);
  const end = maxHeaderLength + block.write(text, maxHeaderLength) + 1;
  block[end - 1] = 0x0a;
  const data = block.subarray(maxHeaderLength, end);
  const header = `OVSDB ${standaloneMagic} ${data.length} ${sha1Of(data)}\n`;
  const start = maxHeaderLength - header.length;
  block.write(header, start, 'latin1');
  return block.subarray(start, end);
}

/** The same for a text that comes in pieces: header first, then the pieces, then the new-line. */
export function emitLongRecord(pieces: readonly Buffer[]): Buffer[] {
  const end = Buffer.from('\n');
  const sha1 = createHash('sha1');
  let length = 0;
  for (const piece of [...pieces, end]) {
    sha1.update(piece);
    length += piece.length;
  }
  return [
    Buffer.from(`OVSDB ${standaloneMagic} ${length} ${sha1.digest('hex')}\n`, 'latin1'),
    ...pieces,
    end,
  ];
}
