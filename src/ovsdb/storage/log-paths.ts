/** Names of files on the disk: links that lead to them, their locks, and making names safe. */
import * as nodeFiles from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { reasonOf } from '../../base/errno.ts';
import { linkStatusOf, openSync, readlinkSync, renameSync } from '../../base/files.ts';
import { logger } from '../../base/log.ts';
import { ioError } from '../engine/errors.ts';

const log = logger('ovsdb_log');

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
