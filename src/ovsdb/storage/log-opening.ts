/** Opens log files: how, for each mode, and of which kind they are. Messages are those of the reference. */
import * as nodeFiles from 'node:fs';
import { resolve } from 'node:path';
import { reasonOf } from '../../base/errno.ts';
import { existsSync, linkStatusOf, openSync } from '../../base/files.ts';
import { ioError, OvsdbError } from '../engine/errors.ts';
import { syncFolder } from './log-paths.ts';
import { readHeader } from './record.ts';

/** The file operations that a log uses; tests make them fail. */
export type LogFiles = Pick<
  typeof nodeFiles,
  'openSync' | 'writeSync' | 'ftruncateSync' | 'fdatasync' | 'fdatasyncSync'
>;

export const systemFiles: LogFiles = { ...nodeFiles, openSync };

export type OpenMode = 'read' | 'write' | 'create' | 'create-new';

const flagsOf: Readonly<Record<OpenMode, number>> = {
  read: nodeFiles.constants.O_RDONLY,
  write: nodeFiles.constants.O_RDWR,
  create: nodeFiles.constants.O_RDWR | nodeFiles.constants.O_CREAT,
  'create-new': nodeFiles.constants.O_RDWR | nodeFiles.constants.O_CREAT | nodeFiles.constants.O_EXCL,
};

const openWords: Readonly<Record<OpenMode, string>> = {
  read: 'open',
  write: 'open',
  create: 'create or open',
  'create-new': 'create',
};

export function openFile(name: string, mode: OpenMode, files: LogFiles): number {
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
export function readMagic(name: string, fd: number, magics: readonly string[]): string {
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
