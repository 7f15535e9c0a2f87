/** Files of flows, groups and packets, a line each: ovs-ofctl(8) add-flows, add-groups, bundle. */
import { closeSync, readSync } from 'node:fs';
import { reasonOf } from '../../base/errno.ts';
import { Malformed } from '../../base/errors.ts';
import { openSync } from '../../base/files.ts';
import { decodeText } from '../../base/text.ts';
import { Fatal } from '../../daemon/program.ts';
import { type ProtocolSet, protocolSets } from '../../openflow/protocols/protocols.ts';
import type { FlowSaid } from '../../openflow/text/flows.ts';
import type { NameText } from './names.ts';
import { PackedFlows } from './packed-flows.ts';

const standardInput = 0;

/** Flows that are sent together. */
export interface Flows {
  readonly mods: PackedFlows;
  /** The protocols that can say all of them. */
  readonly usable: ProtocolSet;
}

/**
 * Lines that say something, without comments, and their numbers. Reading one throws Fatal where the file cannot be
 * read.
 */
export type Lines = IterableIterator<readonly [line: string, number: number]>;

/** Says what is wrong with a file. */
type OrFatal = <T>(read: () => T) => T;

/**
 * Lines are read as they are asked for. "-" is standard input. Throws Fatal for a file that cannot be opened: "FILE:
 * FAILURE (why)".
 */
export function readLines(file: string, failure = 'open failed'): Lines {
  const orFatal: OrFatal = (read) => {
    try {
      return read();
    } catch (why) {
      throw new Fatal(`${file}: ${failure} (${reasonOf(why)})`);
    }
  };
  return linesOf(file === '-' ? standardInput : orFatal(() => openSync(file, 'r')), orFatal);
}

function* linesOf(fd: number, orFatal: OrFatal): Lines {
  let number = 0;
  try {
    for (const text of piecesOf(fd, orFatal)) {
      for (let at = 0; at < text.length; ) {
        const end = text.indexOf('\n', at);
        const line = saidIn(text.slice(at, end < 0 ? text.length : end));
        number++;
        at = end < 0 ? text.length : end + 1;
        if (line !== undefined) yield [line, number];
      }
    }
  } finally {
    if (fd !== standardInput) closeSync(fd);
  }
}

/** Without a comment; undefined where it says nothing. */
function saidIn(line: string): string | undefined {
  const comment = line.indexOf('#');
  const text = comment < 0 ? line : line.slice(0, comment);
  const nul = text.indexOf('\0'); // it ends a line, as it does for the reference
  const said = nul < 0 ? text : text.slice(0, nul);
  let at = 0;
  while (at < said.length && (said[at] === ' ' || said[at] === '\t')) at++;
  return at < said.length ? said : undefined;
}

const pieceSize = 64 * 1024;
const newline = 0x0a;

/** The text in pieces of whole lines. */
function* piecesOf(fd: number, orFatal: OrFatal): IterableIterator<string> {
  let bytes = Buffer.allocUnsafe(pieceSize);
  let size = 0;
  for (;;) {
    if (size === bytes.length) bytes = Buffer.concat([bytes], 2 * size);
    const count = orFatal(() => readSync(fd, bytes, size, bytes.length - size, null));
    size += count;
    const end = count === 0 ? size : bytes.subarray(0, size).lastIndexOf(newline) + 1;
    if (end > 0) yield decodeText(bytes.subarray(0, end));
    bytes.copyWithin(0, end, size);
    size -= end;
    if (count === 0) return;
  }
}

/** A `NameReader`, or `withoutNames`. */
interface AnyNames {
  read<T>(read: (text: NameText) => T): T | Promise<T>;
}

/** Gives `take` what `read` makes of each line. Throws Fatal. */
async function forEach<T>(
  file: string,
  lines: Lines,
  names: AnyNames,
  read: (line: string, text: NameText) => T,
  take: (said: T) => void,
): Promise<void> {
  for (const [line, number] of lines) {
    try {
      const reading = names.read((nameText) => read(line, nameText));
      take(reading instanceof Promise ? await reading : reading);
    } catch (why) {
      throw why instanceof Malformed ? new Fatal(`${file}:${number}: ${why.why}`) : why;
    }
  }
}

/** Reads each line by `read`. Throws Fatal. */
export async function readEach<T>(
  file: string,
  lines: Lines,
  names: AnyNames,
  read: (line: string, text: NameText) => T,
): Promise<T[]> {
  const all: T[] = [];
  await forEach(file, lines, names, read, (one) => all.push(one));
  return all;
}

/** Reads each line by `read`. Throws Fatal. */
export async function readFlows(
  file: string,
  lines: Lines,
  names: AnyNames,
  read: (line: string, text: NameText) => FlowSaid,
): Promise<Flows> {
  const mods = new PackedFlows();
  let usable: ProtocolSet = protocolSets.any;
  await forEach(file, lines, names, read, (said) => {
    mods.push(said.mod);
    usable &= said.usable;
  });
  return { mods, usable };
}
