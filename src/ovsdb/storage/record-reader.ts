/** Reads the records of a log file, one after the other, by large blocks. Messages are those of the reference. */
import { readSync } from 'node:fs';
import { reasonOf } from '../../base/errno.ts';
import { ioError, syntaxError } from '../engine/errors.ts';
import { type RecordHeader, readHeader, sha1Of } from './record.ts';

const blockSize = 4 * 1024 * 1024;

/** A record, valid until the next one is read, and where the file goes on behind it. */
interface ReadRecord {
  readonly data: Buffer;
  readonly end: number;
}

export class RecordReader {
  readonly #name: string;
  readonly #magic: string;
  #fd = -1;
  /** Bytes read of the file and not yet used, and where they start. */
  #buffer = Buffer.alloc(0);
  #bufferAt = 0;

  /** `name`: of the file, for messages. */
  constructor(name: string, magic: string) {
    this.#name = name;
    this.#magic = magic;
  }

  /** The record that starts at `at`, its checksum right; undefined at the end of the file. Throws OvsdbError. */
  read(fd: number, at: number): ReadRecord | undefined {
    this.#fd = fd;
    const line = this.#peekLine(at);
    if (line.length === 0) return undefined;
    const header = readHeader(line);
    if (header === undefined || header.magic !== this.#magic) {
      const shown = line.replace(/\n.*$/s, '');
      throw syntaxError(undefined, `${this.#name}: parse error at offset ${at} in header line "${shown}"`);
    }
    const dataAt = at + line.length;
    return { data: this.#readBody(header, dataAt), end: dataAt + header.length };
  }

  /** What was read ahead does not count any more. */
  forget(): void {
    this.#buffer = Buffer.alloc(0);
  }

  #readBody(header: RecordHeader, at: number): Buffer {
    const { length } = header;
    const data = this.#peek(at, length);
    if (data.length < length) {
      // The reference reads blocks of 8192 bytes and names what was left when one came short.
      const left = length - Math.floor(data.length / 8192) * 8192;
      throw ioError(`${this.#name}: error reading ${left} bytes starting at offset ${at}`, 'End of file');
    }
    const sha1 = sha1Of(data);
    if (sha1 === header.sha1) return data;
    const where = `${this.#name}: ${length} bytes starting at offset ${at}`;
    throw syntaxError(undefined, `${where} have SHA-1 hash ${sha1} but should have hash ${header.sha1}`);
  }

  /** The line that starts at `at`, with its new-line, or its first 127 bytes. */
  #peekLine(at: number): string {
    const start = this.#fill(at, 127);
    const end = this.#buffer.indexOf(0x0a, start);
    const limit = start + 127;
    return this.#buffer.toString('latin1', start, end < 0 || end >= limit ? limit : end + 1);
  }

  /** `length` bytes from `at` on, or fewer at the end of the file. Valid until the next call. */
  #peek(at: number, length: number): Buffer {
    const start = this.#fill(at, length);
    return this.#buffer.subarray(start, start + length);
  }

  /**
   * Sees to it that `length` bytes from `at` on are in the buffer, as far as the file has them; returns their offset in
   * it.
   */
  #fill(at: number, length: number): number {
    const from = at - this.#bufferAt;
    if (from >= 0 && from + length <= this.#buffer.length) return from;
    const kept = from >= 0 ? this.#buffer.subarray(from) : Buffer.alloc(0);
    const block = Buffer.allocUnsafe(Math.max(blockSize, length));
    kept.copy(block);
    let filled = Math.min(kept.length, block.length);
    while (filled < block.length) {
      const count = this.#readAt(block, filled, at + filled);
      if (count === 0) break;
      filled += count;
    }
    this.#buffer = block.subarray(0, filled);
    this.#bufferAt = at;
    return 0;
  }

  #readAt(block: Buffer, from: number, at: number): number {
    try {
      return readSync(this.#fd, block, from, block.length - from, at);
    } catch (error) {
      throw ioError(`${this.#name}: read failed`, reasonOf(error));
    }
  }
}
