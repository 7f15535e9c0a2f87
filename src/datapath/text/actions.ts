/**
 * Datapath actions as text, as `dpctl/dump-flows` prints and `dpctl/add-flow` takes them (ovs-dpctl(8)). One table says
 * how each action prints, one how it reads; what has members of its own is in `cookie.ts`, `conntrack.ts` and
 * `tunnel-header.ts`.
 */

import { formatMac } from '../../base/addresses.ts';
import type { Malformed } from '../../base/errors.ts';
import { hexOrZero } from '../../base/numbers.ts';
import { dpPort } from '../../base/units.ts';
import { newKey } from '../../flow/key.ts';
import { type SlotName, slots } from '../../flow/slots.ts';
import { etherType, vlanPresent } from '../../wire/ethernet.ts';
import {
  type DpAction,
  type DpActionName,
  type DpActionOf,
  isSetHeader,
  type NshHeader,
  type SlotWrite,
} from '../actions.ts';
import { formatConntrack, readConntrack } from './conntrack.ts';
import { formatUserspace, readUserspace } from './cookie.ts';
import { hexNumber, TextCursor } from './cursor.ts';
import { formatSet, type KeyTextOptions } from './groups.ts';
import { closingOf, readKey } from './key.ts';
import { formatTunnelPush, readTunnelPush } from './tunnel-header.ts';

type Formats = {
  readonly [N in DpActionName]: (action: DpActionOf<N>, options: KeyTextOptions) => string;
};

const formats: Formats = {
  output: ({ port }, options) => options.portName?.(port) ?? String(port),
  lb_output: ({ bond }) => `lb_output(${bond})`,
  userspace: formatUserspace,
  hash: ({ algorithm, basis }) => `hash(${algorithm}(${basis}))`,
  recirc: ({ id }) => `recirc(${hexOrZero(id)})`,
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
    return `set(${formatSet(header, key, mask)})`;
  },
  push_vlan({ tpid, tci }) {
    const type = tpid === etherType.vlan ? '' : `tpid=0x${tpid.toString(16).padStart(4, '0')},`;
    const cfi = (tci & vlanPresent) === 0 ? ',cfi=0' : '';
    return `push_vlan(${type}vid=${tci & 0xfff},pcp=${tci >>> 13}${cfi})`;
  },
  pop_vlan: () => 'pop_vlan',
  push_mpls: ({ lse, etherType: type }) => `push_mpls(${formatLse(lse)},eth_type=0x${type.toString(16)})`,
  add_mpls: ({ lse, etherType: type }) => `add_mpls(${formatLse(lse)},eth_type=0x${type.toString(16)})`,
  pop_mpls: ({ etherType: type }) => `pop_mpls(eth_type=0x${type.toString(16)})`,
  push_eth: ({ src, dst }) => `push_eth(src=${formatMac(src)},dst=${formatMac(dst)})`,
  pop_eth: () => 'pop_eth',
  push_nsh: formatPushNsh,
  pop_nsh: () => 'pop_nsh()',
  sample({ probability, actions }, options) {
    const percentage = ((100 * probability) / certainty).toFixed(1);
    return `sample(sample=${percentage}%,actions(${formatDpActions(actions, options)}))`;
  },
  clone: ({ actions }, options) => `clone(${formatDpActions(actions, options)})`,
  check_pkt_len({ size, ifGreater, ifLessEqual }, options) {
    const [gt, le] = [ifGreater, ifLessEqual].map((actions) => formatDpActions(actions, options));
    return `check_pkt_len(size=${size},gt(${gt}),le(${le}))`;
  },
  trunc: ({ maxSize }) => `trunc(${maxSize})`,
  meter: ({ id }) => `meter(${id})`,
  ct: formatConntrack,
  ct_clear: () => 'ct_clear',
  tnl_push: formatTunnelPush,
  tnl_pop: ({ port }, options) => `tnl_pop(${options.portName?.(port) ?? port})`,
  drop: () => 'drop',
};

/** Of a sample. */
const certainty = 0xffffffff;

/** An empty list is "drop". */
export function formatDpActions(actions: readonly DpAction[], options: KeyTextOptions = {}): string {
  return actions.map((action) => formatAction(action, options)).join(',') || 'drop';
}

function formatAction<N extends DpActionName>(action: DpActionOf<N>, options: KeyTextOptions): string {
  // The table's line for `action.do` takes exactly this variant; the compiler cannot relate the two by itself.
  const format = formats[action.do] as (action: DpAction, options: KeyTextOptions) => string;
  return format(action, options);
}

function formatLse(lse: number): string {
  return `label=${lse >>> 12},tc=${(lse >>> 9) & 7},ttl=${lse & 0xff},bos=${(lse >>> 8) & 1}`;
}

function formatPushNsh({ flags, ttl, mdType, nextProtocol, spi, si, metadata }: NshHeader): string {
  const head = `flags=${flags},ttl=${ttl},mdtype=${mdType},np=${nextProtocol},spi=0x${spi.toString(16)},si=${si}`;
  if (mdType === 2) return `push_nsh(${head},md2=${hexNumber(metadata)})`;
  const context = [0, 4, 8, 12].map((at, n) => `c${n + 1}=0x${wordAt(metadata, at).toString(16)}`);
  return `push_nsh(${head},${context.join(',')})`;
}

function wordAt(bytes: readonly number[], at: number): number {
  return bytes.slice(at, at + 4).reduce((word, byte) => word * 256 + byte, 0);
}

/** What readers of actions know besides the text. */
interface ActionReading {
  readonly portNumber: (name: string) => number | undefined;
  depth: number;
}

/** Lists inside each other. */
const maxDepth = 32;

/** Each begins behind the action's name. */
type Readers = {
  readonly [N in Exclude<DpActionName, 'output' | 'drop'>]: (
    cursor: TextCursor,
    reading: ActionReading,
  ) => DpActionOf<N>;
};

const readers: Readers = {
  lb_output: (cursor) => ({ do: 'lb_output', bond: numberIn(cursor, 32, 'decimal') }),
  userspace: readUserspace,
  hash(cursor) {
    const algorithm = cursor.take('(l4(') ? 'l4' : 'sym_l4';
    if (algorithm === 'sym_l4') cursor.expect('(sym_l4(');
    const basis = cursor.number(32);
    cursor.expect('))');
    return { do: 'hash', algorithm, basis };
  },
  recirc: (cursor) => ({ do: 'recirc', id: numberIn(cursor, 32) }),
  set: readSet,
  push_vlan: readPushVlan,
  pop_vlan: () => ({ do: 'pop_vlan' }),
  push_mpls: (cursor) => ({ do: 'push_mpls', ...readLse(cursor) }),
  add_mpls: (cursor) => ({ do: 'add_mpls', ...readLse(cursor) }),
  pop_mpls(cursor) {
    cursor.expect('(eth_type=0x');
    const type = cursor.number(16, 'hexadecimal');
    cursor.expect(')');
    return { do: 'pop_mpls', etherType: type };
  },
  push_eth(cursor) {
    cursor.expect('(src=');
    const src = cursor.mac();
    cursor.expect(',dst=');
    const dst = cursor.mac();
    cursor.expect(')');
    return { do: 'push_eth', src, dst };
  },
  pop_eth: () => ({ do: 'pop_eth' }),
  push_nsh: readPushNsh,
  pop_nsh(cursor) {
    cursor.expect('()');
    return { do: 'pop_nsh' };
  },
  sample(cursor, reading) {
    cursor.expect('(sample=');
    const percentage = Number(cursor.match(/[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?/iy) ?? Number.NaN);
    if (!(percentage >= 0 && percentage <= 100)) throw cursor.wrong('a sample is of 0% to 100%');
    cursor.expect('%,actions(');
    const actions = readList(cursor, reading);
    cursor.expect('))');
    return { do: 'sample', probability: Math.floor(certainty * (percentage / 100) + 0.5), actions };
  },
  clone(cursor, reading) {
    cursor.expect('(');
    const actions = readList(cursor, reading);
    cursor.expect(')');
    return { do: 'clone', actions };
  },
  check_pkt_len(cursor, reading) {
    cursor.expect('(size=');
    const size = cursor.number(16);
    cursor.expect(',gt(');
    const ifGreater = readList(cursor, reading);
    cursor.expect('),le(');
    const ifLessEqual = readList(cursor, reading);
    cursor.expect('))');
    return { do: 'check_pkt_len', size, ifGreater, ifLessEqual };
  },
  trunc: (cursor) => ({ do: 'trunc', maxSize: numberIn(cursor, 32) }),
  meter: (cursor) => ({ do: 'meter', id: numberIn(cursor, 32) }),
  ct: readConntrack,
  ct_clear: () => ({ do: 'ct_clear' }),
  tnl_push: readTunnelPush,
  tnl_pop: (cursor) => ({ do: 'tnl_pop', port: dpPort(numberIn(cursor, 32)) }),
};

/**
 * Reads what `formatDpActions` writes; ports may be names that `portNumber` knows. Throws Malformed.
 * Differs: all that is printed is read back; the reference has no reader for hash, push_eth, pop_eth, push_mpls,
 * pop_mpls and set(nsh), takes recirculation ids in decimal only, and none of slow_path(a,b), clone(drop) and headers of
 * ERSPAN and GTP-U that it prints itself. On the other hand it reads set() of packet_type, eth_type, vlan and encap,
 * which nothing can run.
 */
export function readDpActions(
  text: string,
  portNumber: (name: string) => number | undefined = () => undefined,
): DpAction[] {
  if (/^drop$/i.test(text)) return [];
  const cursor = new TextCursor(text);
  const reading = { portNumber, depth: 0 };
  const actions: DpAction[] = [];
  for (cursor.skipDelimiters(); !cursor.isAtEnd; cursor.skipDelimiters()) {
    actions.push(readAction(cursor, reading));
    if (!cursor.isAtEnd && !/[, \t\r\n]/.test(cursor.next)) throw noAction(cursor);
  }
  return actions;
}

/** The actions up to a closing parenthesis, which is left; "drop" is none. */
function readList(cursor: TextCursor, reading: ActionReading): DpAction[] {
  const actions: DpAction[] = [];
  cursor.skipDelimiters();
  if (cursor.match(/drop(?=\))/iy) !== undefined) return actions;
  for (; cursor.next !== ')'; cursor.skipDelimiters()) actions.push(readAction(cursor, reading));
  return actions;
}

function readAction(cursor: TextCursor, reading: ActionReading): DpAction {
  if (/[0-9+-]/.test(cursor.next)) return { do: 'output', port: dpPort(cursor.number(32)) };
  const { at } = cursor;
  const word = cursor.match(/[^, \t\r\n()]+/y) ?? '';
  const port = cursor.next === '(' ? undefined : reading.portNumber(word);
  if (port !== undefined) return { do: 'output', port: dpPort(port) };
  cursor.at = at;
  const name = cursor.match(/[a-z_]+/y) ?? '';
  if (!isReadable(name)) {
    cursor.at = at;
    throw noAction(cursor);
  }
  if (++reading.depth >= maxDepth) throw cursor.wrong(`actions lie more than ${maxDepth} deep in each other`);
  const action = readers[name](cursor, reading);
  reading.depth--;
  return action;
}

function isReadable(name: string): name is keyof Readers {
  return Object.hasOwn(readers, name);
}

function noAction(cursor: TextCursor): Malformed {
  return cursor.wrong(`"${cursor.text.slice(cursor.at)}" is no action`);
}

/** (NUMBER) */
function numberIn(cursor: TextCursor, bits: number, base?: 'decimal'): number {
  cursor.expect('(');
  const value = cursor.number(bits, base);
  cursor.expect(')');
  return value;
}

function readPushVlan(cursor: TextCursor): DpActionOf<'push_vlan'> {
  cursor.expect('(');
  let tpid: number = etherType.vlan;
  if (cursor.take('tpid=')) {
    tpid = cursor.number(16);
    cursor.expect(',');
  }
  cursor.expect('vid=');
  const vid = cursor.number(12);
  cursor.expect(',pcp=');
  const pcp = cursor.number(3);
  const hasCfi = cursor.take(',cfi=') ? cursor.number(32) !== 0 : true;
  cursor.expect(')');
  return { do: 'push_vlan', tpid, tci: (pcp << 13) | (hasCfi ? vlanPresent : 0) | vid };
}

function readLse(cursor: TextCursor): { lse: number; etherType: number } {
  cursor.expect('(label=');
  const label = cursor.number(20);
  cursor.expect(',tc=');
  const tc = cursor.number(3, 'decimal');
  cursor.expect(',ttl=');
  const ttl = cursor.number(8, 'decimal');
  cursor.expect(',bos=');
  const bos = cursor.number(1, 'decimal');
  cursor.expect(',eth_type=0x');
  const type = cursor.number(16, 'hexadecimal');
  cursor.expect(')');
  return { lse: ((label << 12) | (tc << 9) | (bos << 8) | ttl) >>> 0, etherType: type };
}

/** Bytes of metadata that fit a header: its length field counts words up to 63, two of them the header's own. */
const metadataLimit = 248;

function readPushNsh(cursor: TextCursor): DpActionOf<'push_nsh'> {
  const head = { flags: 0, ttl: 63, mdType: 1 as 1 | 2, nextProtocol: 3, spi: 0, si: 255 };
  const context = new Array<number>(16).fill(0);
  let options: number[] = [];
  cursor.expect('(');
  for (cursor.skipDelimiters(); !cursor.take(')'); cursor.skipDelimiters()) {
    if (cursor.take('flags=')) head.flags = cursor.number(2);
    else if (cursor.take('ttl=')) head.ttl = cursor.number(6);
    else if (cursor.take('mdtype=')) {
      const mdType = cursor.number(8);
      if (mdType !== 1 && mdType !== 2) throw cursor.wrong(`metadata of type ${mdType} cannot be pushed`);
      head.mdType = mdType;
    } else if (cursor.take('np=')) head.nextProtocol = cursor.number(8);
    else if (cursor.take('spi=0x')) head.spi = cursor.number(24, 'hexadecimal');
    else if (cursor.take('si=')) head.si = cursor.number(8);
    else if (head.mdType === 1) readContext(cursor, context);
    else options = readOptions(cursor);
  }
  return { do: 'push_nsh', ...head, metadata: head.mdType === 1 ? context : options };
}

function readContext(cursor: TextCursor, context: number[]): void {
  cursor.expect('c');
  const which = Number(cursor.match(/[1-4]/y) ?? Number.NaN);
  if (Number.isNaN(which)) throw cursor.wrong('a context has c1 to c4');
  cursor.expect('=0x');
  const word = cursor.number(32, 'hexadecimal');
  context.splice(4 * which - 4, 4, word >>> 24, (word >>> 16) & 0xff, (word >>> 8) & 0xff, word & 0xff);
}

/** Filled up to whole words. */
function readOptions(cursor: TextCursor): number[] {
  if (cursor.take('md2=0') && !cursor.isAt('x')) return [];
  cursor.expect('x');
  const digits = cursor.match(/[0-9a-f]+/iy) ?? '';
  const bytes = (digits.length % 2 === 0 ? digits : `0${digits}`).match(/../g) ?? [];
  const missing = (4 - (bytes.length % 4)) % 4;
  if (bytes.length + missing > metadataLimit) throw cursor.wrong('the metadata do not fit a header');
  return [...bytes.map((two) => Number.parseInt(two, 16)), ...new Array<number>(missing).fill(0)];
}

/** (HEADER(FIELDS)) */
function readSet(cursor: TextCursor): DpActionOf<'set'> {
  cursor.expect('(');
  const start = cursor.at;
  const header = cursor.match(/[a-z0-9_]+/y) ?? '';
  if (!isSetHeader(header) || cursor.next !== '(') throw cursor.wrong(`"${header}" cannot be set`);
  const end = closingOf(cursor.text, cursor.at, cursor.text.length) + 1;
  const { key, mask } = readKey(cursor.text.slice(start, end));
  cursor.at = end;
  cursor.expect(')');
  return { do: 'set', header, fields: fieldsOf(key, mask) };
}

function fieldsOf(key: Uint32Array, mask: Uint32Array): SlotWrite[] {
  return Object.entries(slots).flatMap(([slot, { word, size, at }]) => {
    const words = Math.ceil(((at & 3) + size) / 4);
    const own = ownBits(at, size, words);
    const take = (from: Uint32Array): number[] => own.map((bits, n) => ((from[word + n] ?? 0) & bits) >>> 0);
    const bits = take(mask);
    return bits.every((part) => part === 0) ? [] : [{ slot: slot as SlotName, value: take(key), mask: bits }]; // keys of `slots` are slot names
  });
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
