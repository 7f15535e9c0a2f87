/**
 * A log file: records read in order, then appended; replaced as a whole by a compacted copy. Knows files and records,
 * not what they mean. States and messages are those of the reference, so that a broken file is explained alike.
 * Used by `store.ts` and ovsdb-tool.
 */
import * as nodeFiles from 'node:fs';
import { resolve } from 'node:path';
import { reasonOf } from '../../base/errno.ts';
import { rmSync } from '../../base/files.ts';
import { LimitedSite, logger } from '../../base/log.ts';
import type { JsonObject } from '../../rpc/channel.ts';
import { JsonError, parseJson } from '../../rpc/json.ts';
import { isObject } from '../../rpc/json-value.ts';
import { ioError, OvsdbError, syntaxError } from '../engine/errors.ts';
import { type LogFiles, type OpenMode, openFile, readMagic, systemFiles } from './log-opening.ts';
import { followSymlinks, renameFile, syncFolder } from './log-paths.ts';
import { emitRecord } from './record.ts';
import { RecordReader } from './record-reader.ts';

const log = logger('ovsdb_log');
const writeFailed = new LimitedSite();

/** A lock on a database's file, held until released. */
export interface FileLock {
  release(): void;
}

/** Locks the database file of that name, by its lock file (`lockPath`). Throws OvsdbError when another process has it. */
export type LockFile = (path: string) => FileLock;

export interface LogFileOptions {
  readonly mode: OpenMode;
  /** Absent: the file is not locked. */
  readonly lock?: LockFile;
  readonly files?: LogFiles;
}

export class LogFile {
  /** As the user called it, for messages. */
  readonly name: string;
  /** Of the first record. */
  readonly magic: string;
  readonly #path: string;
  readonly #files: LogFiles;
  readonly #lock: FileLock | undefined;
  #fd: number;
  readonly #reader: RecordReader;
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
    this.#reader = new RecordReader(name, magic);
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
    const record = this.#reader.read(this.#fd, this.#offset);
    if (record === undefined) {
      this.#isAtEnd = true;
      return undefined;
    }
    this.#previousOffset = this.#offset;
    this.#offset = record.end;
    this.#recordCount++;
    return record.data;
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
    this.#reader.forget();
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

function writeAll(files: LogFiles, fd: number, bytes: Buffer, at: number): void {
  let written = 0;
  while (written < bytes.length) {
    written += files.writeSync(fd, bytes, written, bytes.length - written, at + written);
  }
}
