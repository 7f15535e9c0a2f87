/**
 * A log file: records read in order, then appended; replaced as a whole by a compacted copy. Knows files and records,
 * not what they mean. States and messages are those of the reference, so that a broken file is explained alike.
 * Used by `store.ts` and ovsdb-tool.
 */

import * as nodeFiles from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { reasonOf } from '../../base/errno.ts';
import { existsSync, linkStatusOf, openSync, readlinkSync, renameSync, rmSync } from '../../base/files.ts';
import { LimitedSite, logger } from '../../base/log.ts';
import type { JsonObject } from '../../rpc/channel.ts';
import { JsonError, parseJson } from '../../rpc/json.ts';
import { isObject } from '../../rpc/json-value.ts';
import { ioError, OvsdbError, syntaxError } from '../engine/errors.ts';
import { emitRecord, type RecordHeader, readHeader, sha1Of } from './record.ts';

const log = logger('ovsdb_log');
const writeFailed = new LimitedSite();

/** A lock on a database's file, held until released. */
export interface FileLock {
  release(): void;
}

/** Locks the database file of that name, by its lock file (`lockPath`). Throws OvsdbError when another process has it. */
export type LockFile = (path: string) => FileLock;

/** The file operations that a log uses; tests make them fail. */
export type LogFiles = Pick<
  typeof nodeFiles,
  'openSync' | 'writeSync' | 'ftruncateSync' | 'fdatasync' | 'fdatasyncSync'
>;

const systemFiles: LogFiles = { ...nodeFiles, openSync };

type OpenMode = 'read' | 'write' | 'create' | 'create-new';

export interface LogFileOptions {
  readonly mode: OpenMode;
  /** Absent: the file is not locked. */
  readonly lock?: LockFile;
  readonly files?: LogFiles;
}

const flagsOf: Readonly<Record<OpenMode, number>> = {
  read: nodeFiles.constants.O_RDONLY,
  write: nodeFiles.constants.O_RDWR,
  create: nodeFiles.constants.O_RDWR | nodeFiles.constants.O_CREAT,
  'create-new': nodeFiles.constants.O_RDWR | nodeFiles.constants.O_CREAT | nodeFiles.constants.O_EXCL,
};

const blockSize = 4 * 1024 * 1024;

export class LogFile {
  /** As the user called it, for messages. */
  readonly name: string;
  /** Of the first record. */
  readonly magic: string;
  readonly #path: string;
  readonly #files: LogFiles;
  readonly #lock: FileLock | undefined;
  #fd: number;
  /** Bytes read of the file and not yet used, and where they start. */
  #buffer = Buffer.alloc(0);
  #bufferAt = 0;
  /** Ends of the last record and of the one before it. */
  #offset = 0;
  #previousOffset = 0;
  #recordCount = 0;
  /** Set once reading failed; the next append cuts the file off there. */
  #readError: OvsdbError | undefined;
  #isAtEnd = false;
  /** Nothing stands after `#offset`: the next append need not cut anything off. */
  #isCut = false;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  private constructor(name: string, magic: string, fd: number, lock: FileLock | undefined, files: LogFiles) {
    this.name = name;
    this.magic = magic;
    this.#path = resolve(name);
    this.#fd = fd;
    this.#lock = lock;
    this.#files = files;
  }

  /** Opens a file whose magic is one of `magics`; the first is that of a new file. Throws OvsdbError. */
  static open(name: string, magics: readonly string[], options: LogFileOptions): LogFile {
    const files = options.files ?? systemFiles;
    const lock = options.lock?.(name);
    let fd: number | undefined;
    try {
      fd = openFile(name, options.mode, files);
      return new LogFile(name, readMagic(name, fd, magics), fd, lock, files);
    } catch (error) {
      if (fd !== undefined) nodeFiles.closeSync(fd);
      lock?.release();
      throw error;
    }
  }

  /** Bytes of all records read or appended. */
  get size(): number {
    return this.#offset;
  }

  /** Records read or appended. */
  get recordCount(): number {
    return this.#recordCount;
  }

  /** Bytes after the last good record: what an append would cut off. */
  get strayBytes(): number {
    return Math.max(0, nodeFiles.fstatSync(this.#fd).size - this.#offset);
  }

  /** The next record; undefined at the end of the file. Throws OvsdbError, the same one from then on. */
  read(): JsonObject | undefined {
    const data = this.readBytes();
    return data === undefined ? undefined : this.parse(data);
  }

  /** The same as bytes whose checksum is right, valid until the next call; `parse` makes them JSON. */
  readBytes(): Buffer | undefined {
    if (this.#readError !== undefined) throw this.#readError;
    if (this.#isAtEnd) return undefined;
    try {
      return this.#readRecord();
    } catch (error) {
      if (error instanceof OvsdbError) this.#readError = error;
      throw error;
    }
  }

  /** What `readBytes` returned last, as JSON. Throws OvsdbError, after which nothing more can be read. */
  parse(data: Buffer): JsonObject {
    const where = `${this.name}: ${data.length} bytes starting at offset ${this.#offset - data.length}`;
    try {
      const json = parseJson(data);
      if (isObject(json)) return json;
      this.#readError = syntaxError(undefined, `${where} are not a JSON object`);
    } catch (error) {
      if (!(error instanceof JsonError)) throw error;
      this.#readError = syntaxError(undefined, `${where} are not valid JSON (${error.reason})`);
    }
    this.unread();
    throw this.#readError;
  }

  /** Takes back the last record that was read: the next append overwrites it. */
  unread(): void {
    this.#offset = this.#previousOffset;
  }

  /** Appends a record with that JSON text, after cutting off what was not read. Throws OvsdbError. */
  append(text: string): void {
    this.appendRecords([emitRecord(text)]);
  }

  /** Appends all of them or, when it throws, none. */
  appendRecords(records: readonly Buffer[]): void {
    if (!this.#isCut) this.#truncate();
    const [first] = records;
    const bytes = first !== undefined && records.length === 1 ? first : Buffer.concat(records);
    try {
      writeAll(this.#files, this.#fd, bytes, this.#offset);
    } catch (error) {
      const reason = reasonOf(error);
      log.limited('warn', writeFailed, `${this.#path}: write failed (${reason})`);
      this.#isCut = false;
      this.#cutOff();
      throw ioError(`${this.name}: write failed`, reason);
    }
    this.#offset += bytes.length;
    this.#recordCount += records.length;
  }

  /**
   * Resolves when all that was appended before the call is on the disk; calls that come while the disk works share
   * the next round. Rejects with OvsdbError.
   */
  sync(): Promise<void> {
    if (this.#running === undefined) {
      this.#running = this.#syncNow().finally(() => {
        this.#running = undefined;
      });
      return this.#running;
    }
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.sync();
      });
    return this.#next;
  }

  syncBlocking(): void {
    try {
      this.#files.fdatasyncSync(this.#fd);
    } catch (error) {
      throw ioError(`${this.name}: fsync failed`, reasonOf(error));
    }
  }

  /** A new file beside this one, to be filled and then put in its place. Throws OvsdbError. */
  openReplacement(): LogFile {
    const temporary = `${followSymlinks(this.#path)}.tmp`;
    try {
      rmSync(temporary, { force: true });
    } catch (error) {
      throw ioError(`failed to remove ${temporary}`, reasonOf(error));
    }
    return LogFile.open(temporary, [this.magic], { mode: 'create-new', files: this.#files });
  }

  /** Puts `replacement`, whose contents are on the disk already, in this file's place. Throws OvsdbError. */
  replaceBy(replacement: LogFile): void {
    const target = followSymlinks(this.#path);
    renameFile(replacement.#path, target);
    syncFolder(target);
    const old = this.#fd;
    const close = () => nodeFiles.closeSync(old);
    if (this.#running === undefined) close();
    else this.#running.then(close, close);
    this.#fd = replacement.#fd;
    this.#offset = replacement.#offset;
    this.#recordCount = replacement.#recordCount;
    this.#isCut = true;
    this.#isAtEnd = true;
    this.#readError = undefined;
  }

  /** Gives up a replacement. */
  remove(): void {
    this.close();
    rmSync(this.#path, { force: true });
  }

  close(): void {
    const fd = this.#fd;
    const close = () => nodeFiles.closeSync(fd);
    if (this.#running === undefined) close();
    else this.#running.then(close, close);
    this.#lock?.release();
  }

  #syncNow(): Promise<void> {
    return new Promise((done, failed) => {
      this.#files.fdatasync(this.#fd, (error) => {
        if (error === null) done();
        else failed(ioError(`${this.name}: fsync failed`, reasonOf(error)));
      });
    });
  }

  #readRecord(): Buffer | undefined {
    const start = this.#offset;
    const line = this.#peekLine(start);
    if (line.length === 0) {
      this.#isAtEnd = true;
      return undefined;
    }
    const header = readHeader(line);
    if (header === undefined || header.magic !== this.magic) {
      const shown = line.replace(/\n.*$/s, '');
      throw syntaxError(undefined, `${this.name}: parse error at offset ${start} in header line "${shown}"`);
    }
    const dataAt = start + line.length;
    const data = this.#readBody(header, dataAt);
    this.#previousOffset = start;
    this.#offset = dataAt + header.length;
    this.#recordCount++;
    return data;
  }

  #readBody(header: RecordHeader, at: number): Buffer {
    const { length } = header;
    const data = this.#peek(at, length);
    if (data.length < length) {
      // The reference reads blocks of 8192 bytes and names what was left when one came short.
      const left = length - Math.floor(data.length / 8192) * 8192;
      throw ioError(`${this.name}: error reading ${left} bytes starting at offset ${at}`, 'End of file');
    }
    const sha1 = sha1Of(data);
    if (sha1 === header.sha1) return data;
    const where = `${this.name}: ${length} bytes starting at offset ${at}`;
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

  /** Sees to it that `length` bytes from `at` on are in the buffer, as far as the file has them; returns their offset in it. */
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
      return nodeFiles.readSync(this.#fd, block, from, block.length - from, at);
    } catch (error) {
      throw ioError(`${this.name}: read failed`, reasonOf(error));
    }
  }

  #truncate(): void {
    try {
      this.#files.ftruncateSync(this.#fd, this.#offset);
    } catch (error) {
      throw ioError(`${this.name}: cannot truncate to length ${this.#offset}`, reasonOf(error));
    }
    this.#isCut = true;
    this.#isAtEnd = true;
    this.#readError = undefined;
    this.#buffer = Buffer.alloc(0);
  }

  /** Removes a half-written record; if even that fails, the next append tries again. */
  #cutOff(): void {
    try {
      this.#files.ftruncateSync(this.#fd, this.#offset);
    } catch (error) {
      log.warn(`${this.#path}: cannot remove a partial record (${reasonOf(error)})`);
    }
  }
}

const openWords: Readonly<Record<OpenMode, string>> = {
  read: 'open',
  write: 'open',
  create: 'create or open',
  'create-new': 'create',
};

function openFile(name: string, mode: OpenMode, files: LogFiles): number {
  try {
    // A link to nowhere means "make the file there", which O_EXCL would refuse.
    const flags = mode === 'create-new' && isDanglingLink(name) ? flagsOf.create : flagsOf[mode];
    return files.openSync(name, flags, 0o660);
  } catch (error) {
    throw ioError(`${name}: ${openWords[mode]} failed`, reasonOf(error));
  }
}

function isDanglingLink(name: string): boolean {
  const own = linkStatusOf(name);
  return own?.isSymbolicLink() === true && !existsSync(name);
}

/** The magic of the file's first record, or that of a new file when it is empty. */
function readMagic(name: string, fd: number, magics: readonly string[]): string {
  const start = Buffer.alloc(127);
  let length: number;
  try {
    length = nodeFiles.readSync(fd, start, 0, start.length, 0);
  } catch (error) {
    throw ioError(`${name}: read error`, reasonOf(error));
  }
  if (length === 0) {
    const [only] = magics;
    if (only === undefined || magics.length > 1)
      throw new OvsdbError('ovsdb error', `${name}: cannot identify file type`);
    syncFolder(resolve(name));
    return only;
  }
  const text = start.toString('latin1', 0, length);
  const header = readHeader(text.slice(0, text.indexOf('\n') + 1));
  if (header === undefined) throw new OvsdbError('ovsdb error', `${name}: unexpected file format`);
  if (!magics.includes(header.magic))
    throw new OvsdbError('ovsdb error', `${name}: cannot identify file type`);
  return header.magic;
}

function writeAll(files: LogFiles, fd: number, bytes: Buffer, at: number): void {
  let written = 0;
  while (written < bytes.length) {
    written += files.writeSync(fd, bytes, written, bytes.length - written, at + written);
  }
}

/** Throws OvsdbError. */
export function renameFile(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    throw ioError(`failed to rename "${from}" to "${to}"`, reasonOf(error));
  }
}

/** Makes a new or renamed file's name safe on the disk. A file system that cannot do so is only warned about. */
export function syncFolder(path: string): void {
  const folder = dirname(path);
  try {
    const fd = openSync(folder, 'r');
    try {
      nodeFiles.fsyncSync(fd);
    } finally {
      nodeFiles.closeSync(fd);
    }
  } catch (error) {
    log.warn(`${folder}: fsync failed (${reasonOf(error)})`);
  }
}

/** The path that `path` leads to when it is a symbolic link, or a chain of them. */
export function followSymlinks(path: string): string {
  let target = path;
  for (let hops = 0; hops < 10; hops++) {
    if (linkStatusOf(target)?.isSymbolicLink() !== true) return target;
    const link = readlinkSync(target);
    target = link.startsWith('/') ? link : join(dirname(target), link);
  }
  return path;
}

/** Where the reference locks the file `path`: ".NAME.~lock~" beside what it leads to. */
export function lockPath(path: string): string {
  const target = followSymlinks(path);
  const name = `.${basename(target)}.~lock~`;
  return target.includes('/') ? `${dirname(target)}/${name}` : name;
}
