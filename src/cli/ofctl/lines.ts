/** Files of flows, groups and packets, a line each: ovs-ofctl(8) add-flows, add-groups, bundle. */
import { readFileSync as readDescriptor } from 'node:fs';
import { reasonOf } from '../../base/errno.ts';
import { Malformed } from '../../base/errors.ts';
import { readFileSync } from '../../base/files.ts';
import { decodeText } from '../../base/text.ts';
import { Fatal } from '../../daemon/program.ts';
import type { FlowMod } from '../../openflow/messages/flow-mod.ts';
import { type ProtocolSet, protocolSets } from '../../openflow/protocols/protocols.ts';
import type { FlowSaid } from '../../openflow/text/flows.ts';
import type { NameText } from './names.ts';

const standardInput = 0;

/** Flows that are sent together. */
export interface Flows {
  readonly mods: readonly FlowMod[];
  /** The protocols that can say all of them. */
  readonly usable: ProtocolSet;
}

/** Lines that say something, without comments, and their numbers. */
function* linesOf(text: string): IterableIterator<readonly [line: string, number: number]> {
  let number = 0;
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at);
    const line = text.slice(at, end < 0 ? text.length : end);
    number++;
    at += line.length + 1;
    const [said = ''] = line.split(/[#\0]/, 1); // a NUL ends a line, as it does for the reference
    if (/[^ \t]/.test(said)) yield [said, number];
  }
}

/** "-" is standard input. Throws Fatal for a file that cannot be opened: "FILE: FAILURE (why)". */
export function readLines(file: string, failure = 'open failed'): string {
  try {
    return decodeText(file === '-' ? readDescriptor(standardInput) : readFileSync(file));
  } catch (why) {
    throw new Fatal(`${file}: ${failure} (${reasonOf(why)})`);
  }
}

/** A `NameReader`, or `withoutNames`. */
interface AnyNames {
  read<T>(read: (text: NameText) => T): T | Promise<T>;
}

/** Reads each line by `read`. Throws Fatal. */
export async function readEach<T>(
  file: string,
  text: string,
  names: AnyNames,
  read: (line: string, text: NameText) => T,
): Promise<T[]> {
  const all: T[] = [];
  for (const [line, number] of linesOf(text)) {
    try {
      const reading = names.read((nameText) => read(line, nameText));
      all.push(reading instanceof Promise ? await reading : reading);
    } catch (why) {
      throw why instanceof Malformed ? new Fatal(`${file}:${number}: ${why.why}`) : why;
    }
  }
  return all;
}

/** Reads each line by `read`. Throws Fatal. */
export async function readFlows(
  file: string,
  text: string,
  names: AnyNames,
  read: (line: string, text: NameText) => FlowSaid,
): Promise<Flows> {
  const flows = await readEach(file, text, names, read);
  return {
    mods: flows.map(({ mod }) => mod),
    usable: flows.reduce<ProtocolSet>((set, { usable }) => set & usable, protocolSets.any),
  };
}
