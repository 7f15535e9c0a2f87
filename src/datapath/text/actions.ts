/** Datapath actions as text, as `dpctl/dump-flows` prints and `dpctl/add-flow` takes them (ovs-dpctl(8)). */
import { Malformed } from '../../base/errors.ts';
import { trimSpaces } from '../../base/text.ts';
import { dpPort } from '../../base/units.ts';
import { newKey } from '../../flow/key.ts';
import { type SlotName, slots } from '../../flow/slots.ts';
import { etherType, vlanPresent } from '../../wire/ethernet.ts';
import { type DpAction, type DpActionName, isSetHeader, userspaceReasons } from '../actions.ts';
import { closingOf, formatOneGroup, type KeyTextOptions, readKey } from './key.ts';

type Formats = {
  readonly [N in DpActionName]: (action: Extract<DpAction, { do: N }>, options: KeyTextOptions) => string;
};

const formats: Formats = {
  output: ({ port }, options) => options.portName?.(port) ?? String(port),
  userspace: ({ reason }) => `userspace(pid=0,${reason})`,
  push_vlan({ tpid, tci }) {
    const type = tpid === etherType.vlan ? '' : `tpid=0x${tpid.toString(16).padStart(4, '0')},`;
    const cfi = (tci & vlanPresent) === 0 ? ',cfi=0' : '';
    return `push_vlan(${type}vid=${tci & 0xfff},pcp=${tci >>> 13}${cfi})`;
  },
  pop_vlan: () => 'pop_vlan',
  set({ header, fields }) {
    const key = newKey();
    const mask = newKey();
    for (const { slot, value, mask: bits } of fields) {
      const { word } = slots[slot];
      for (let n = 0; n < bits.length; n++) {
        key[word + n] = (key[word + n] ?? 0) | (value[n] ?? 0);
        mask[word + n] = (mask[word + n] ?? 0) | (bits[n] ?? 0);
      }
    }
    return `set(${formatOneGroup(header, key, mask)})`;
  },
  trunc: ({ maxSize }) => `trunc(${maxSize})`,
};

/** An empty list is "drop". */
export function formatActions(actions: readonly DpAction[], options: KeyTextOptions = {}): string {
  return actions.map((action) => formatAction(action, options)).join(',') || 'drop';
}

function formatAction<N extends DpActionName>(
  action: Extract<DpAction, { do: N }>,
  options: KeyTextOptions,
): string {
  const name: N = action.do;
  return formats[name](action, options);
}

/** Reads what `formatActions` writes; ports may be names that `portNumber` knows. Throws Malformed. */
export function readActions(
  text: string,
  portNumber: (name: string) => number | undefined = () => undefined,
): DpAction[] {
  if (trimSpaces(text) === 'drop') return [];
  return splitActions(text).map((item) => readAction(item, portNumber));
}

/** At commas outside parentheses. */
function splitActions(text: string): string[] {
  const items: string[] = [];
  for (let at = 0; at < text.length; ) {
    const [delimiter = ''] = /^[, \t-\r]*/.exec(text.slice(at)) ?? [];
    at += delimiter.length;
    const [word = ''] = /^[^(, \t-\r]*/.exec(text.slice(at)) ?? [];
    const end =
      text[at + word.length] === '(' ? closingOf(text, at + word.length, text.length) + 1 : at + word.length;
    if (end > at) items.push(text.slice(at, end));
    else if (at < text.length) throw new Malformed('actions', at, `"${text.slice(at)}" is no action`);
    at = end;
  }
  return items;
}

function readAction(text: string, portNumber: (name: string) => number | undefined): DpAction {
  const [, name = '', body] = /^([^(]*)(?:\((.*)\))?$/s.exec(text) ?? [];
  const port = /^\d+$/.test(text) ? Number(text) : portNumber(text);
  if (port !== undefined) return { do: 'output', port: dpPort(port) };
  if (name === 'pop_vlan' && body === undefined) return { do: 'pop_vlan' };
  if (name === 'push_vlan') return readPush(body ?? '');
  if (name === 'trunc' && /^\d{1,9}$/.test(body ?? '')) return { do: 'trunc', maxSize: Number(body) };
  if (name === 'set') return readSet(body ?? '');
  const reason = userspaceReasons.find((known) => body?.split(',').includes(known));
  if (name === 'userspace' && reason !== undefined) return { do: 'userspace', reason };
  throw new Malformed('actions', 0, `"${text}" is no action`);
}

function readPush(body: string): DpAction {
  const values = new Map(body.split(',').map((item) => [item.split('=')[0], Number(item.split('=')[1])]));
  const { tpid = etherType.vlan, vid, pcp = 0, cfi = 1 } = Object.fromEntries(values);
  const isGood = [...values.values()].every((value) => Number.isInteger(value)) && vid !== undefined;
  if (!isGood || vid > 0xfff || pcp > 7) throw new Malformed('actions', 0, `push_vlan(${body}): no such tag`);
  return { do: 'push_vlan', tpid, tci: (pcp << 13) | (cfi === 0 ? 0 : vlanPresent) | vid };
}

/** set(HEADER(FIELDS)) */
function readSet(body: string): DpAction {
  const header = /^[a-z0-9]+/.exec(body)?.[0] ?? '';
  if (!isSetHeader(header)) throw new Malformed('actions', 0, `set(${body}): this header cannot be set`);
  const { key, mask } = readKey(body);
  const fields = Object.entries(slots).flatMap(([slot, { word, size, at }]) => {
    const words = Math.ceil(((at & 3) + size) / 4);
    const own = ownBits(at, size, words);
    const take = (from: Uint32Array): number[] => own.map((bits, n) => ((from[word + n] ?? 0) & bits) >>> 0);
    const bits = take(mask);
    return bits.every((part) => part === 0) ? [] : [{ slot: slot as SlotName, value: take(key), mask: bits }]; // keys of `slots` are slot names
  });
  return { do: 'set', header, fields };
}

/** Which bits of its words are the slot's. */
function ownBits(at: number, size: number, words: number): number[] {
  return Array.from({ length: words }, (_, n) => {
    let bits = 0;
    for (let byte = 0; byte < 4; byte++) {
      const position = (at & ~3) + 4 * n + byte;
      if (position >= at && position < at + size) bits |= 0xff << (24 - 8 * byte);
    }
    return bits >>> 0;
  });
}
