/**
 * The calls of `node:fs` that take a path, for paths that are text of ours (`text.ts`): for a byte that belongs to no
 * character Node would put U+FFFD, and use another file. All of the project calls these; calls that take a descriptor
 * come from `node:fs`.
 */
import * as fs from 'node:fs';
import { dirname } from 'node:path';
import { decodeText, encodeText } from './text.ts';

export const openSync = withExactPath(fs.openSync);
export const readFileSync = withExactPath(fs.readFileSync);
export const writeFileSync = withExactPath(fs.writeFileSync);
export const statSync = withExactPath(fs.statSync);
const lstatSync = withExactPath(fs.lstatSync);
export const statfsSync = withExactPath(fs.statfsSync);
export const accessSync = withExactPath(fs.accessSync);
export const existsSync = withExactPath(fs.existsSync);
const mkdirSync = withExactPath(fs.mkdirSync);
export const unlinkSync = withExactPath(fs.unlinkSync);
export const rmSync = withExactPath(fs.rmSync);

export function renameSync(from: string, to: string): void {
  fs.renameSync(exact(from), exact(to));
}

export function copyFileSync(from: string, to: string): void {
  fs.copyFileSync(exact(from), exact(to));
}

export function readlinkSync(path: string): string {
  return decodeText(fs.readlinkSync(exact(path), 'buffer'));
}

/** Makes a folder, and those above it that are missing, that all may read. Throws Node's error. */
export function makeFolders(path: string): void {
  if (statusOf(path)?.isDirectory() === true) return;
  const parent = dirname(path);
  if (parent !== path) makeFolders(parent);
  try {
    mkdirSync(path, 0o755); // with `recursive`, Node says ENOENT whatever it is that hinders it
  } catch (why) {
    if (statusOf(path)?.isDirectory() !== true) throw why;
  }
}

/** The names in a folder. */
export function readdirSync(path: string): string[] {
  return fs.readdirSync(exact(path), 'buffer').map(decodeText);
}

/** What the file holds, as text. Throws Node's error. */
export function readTextSync(path: string): string {
  return decodeText(readFileSync(path));
}

/**
 * The text of a file that others make and remove at any time, such as a pid file or one below /proc; '' when it is
 * missing or can't be read. Asking first whether it exists would race with its removal.
 */
export function readTextOrEmpty(path: string): string {
  try {
    return readTextSync(path);
  } catch {
    return '';
  }
}

/**
 * What a path names, for a question about a file that is to be opened next; undefined when nothing can be seen there,
 * for whatever reason: no such file, a folder above it that is none or may not be searched. Opening it tells which, with
 * the error that the user is to read.
 */
export function statusOf(path: string): fs.Stats | undefined {
  return statusBy(statSync, path);
}

/** `statusOf` a symbolic link itself. */
export function linkStatusOf(path: string): fs.Stats | undefined {
  return statusBy(lstatSync, path);
}

function statusBy(look: (path: string) => fs.Stats, path: string): fs.Stats | undefined {
  try {
    return look(path);
  } catch {
    return undefined;
  }
}

/** What is given instead of a path (a descriptor, a Buffer) stays as it is. */
function exact<P>(path: P): P | Buffer {
  return typeof path === 'string' && !path.isWellFormed() ? encodeText(path) : path;
}

/** The cast holds because the call takes a Buffer wherever it takes a string as its path. */
function withExactPath<F>(call: F & ((path: never, ...rest: never[]) => unknown)): F {
  const plain = call as (path: unknown, ...rest: unknown[]) => unknown;
  return ((path: unknown, ...rest: unknown[]) => plain(exact(path), ...rest)) as F;
}
