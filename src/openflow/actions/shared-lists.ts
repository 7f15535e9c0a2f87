/**
 * Lists of actions that many flows have are one list, and what follows from a list alone is worked out once for it: its
 * bytes and its text. Few lists are kept so, which is enough where flows are many; all others are as if this were not.
 */
import type { PortText } from '../../flow/fields/text.ts';
import type { TableText } from '../text/names.ts';
import type { AnyAction } from './declare.ts';
import { fieldOf } from './subfield.ts';
import { someField } from './used-fields.ts';

/** What is known of one. */
export interface SharedList {
  /** By version, as a flow has it, where no match makes a difference. */
  readonly bytes: (Uint8Array | undefined)[];
  /** For the ports and tables that it was asked for last. */
  text?: { readonly ports: PortText; readonly tables: TableText | undefined; readonly text: string };
}

const shared = new WeakMap<readonly AnyAction[], SharedList>();

export function shareList(list: readonly AnyAction[]): void {
  shared.set(list, { bytes: [] });
}

/** undefined for a list that is not shared. */
export function sharedList(list: readonly AnyAction[]): SharedList | undefined {
  return shared.get(list);
}

const mostLists = 1024;
const longest = 256;

interface Entry<L> {
  readonly bytes: Uint8Array;
  readonly list: L;
}

/** Lists by the bytes that they were read from. */
export class ListsByBytes<L extends readonly AnyAction[]> {
  readonly #entries = new Map<number, Entry<L>>();

  find(bytes: Uint8Array, from: number, to: number): L | undefined {
    if (to - from > longest) return undefined;
    const entry = this.#entries.get(hashOf(bytes, from, to));
    return entry !== undefined && isSame(entry.bytes, bytes, from, to) ? entry.list : undefined;
  }

  add(bytes: Uint8Array, from: number, to: number, list: L): void {
    if (to - from > longest || this.#entries.size >= mostLists || namesOption(list)) return;
    this.#entries.set(hashOf(bytes, from, to), { bytes: bytes.slice(from, to), list });
    shareList(list);
  }
}

/** Which options are known when it is read may be others the next time. */
function namesOption(list: readonly AnyAction[]): boolean {
  return someField(list, ({ field }) => fieldOf(field).option !== undefined);
}

/** Who makes two lists collide only gets them read again. */
function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = to - from;
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
  return hash;
}

function isSame(known: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  if (known.length !== to - from) return false;
  for (let n = 0; n < known.length; n++) if (known[n] !== bytes[from + n]) return false;
  return true;
}
