/**
 * Lists of OXM and NXM TLVs written out, "NXM_OF_ETH_TYPE(0800), NXM_OF_IP_SRC_W(0a000000/ff000000)": what ovs-ofctl's
 * commands for tests read and print. Reading checks the form only, so that lists can be written which no match has.
 */
import { type Field, fields } from '../../flow/fields/index.ts';
import type { FieldNumber } from '../../flow/fields/numbers.ts';
import { wrong } from '../actions/arguments.ts';
import { Reader, Writer } from '../bytes.ts';
import {
  experimenterClass,
  isCookieHeader,
  oxmPayloadSize,
  readOxmField,
  writeOxmHeader,
} from '../match/oxm.ts';

interface Named {
  readonly field: Field;
  readonly number: FieldNumber;
}

/** By the names of numbers: a field may have several. */
const byName = new Map<string, Named>();
for (const field of fields.values())
  for (const number of field.numbers) byName.set(number.name, { field, number });

/** The head of a TLV. */
interface Head {
  readonly bytes: Uint8Array;
  /** Of a field that is known. */
  readonly field?: Field;
  readonly hasMask: boolean;
  readonly valueSize: number;
}

const everyPacketText = '<any>';

/** The TLVs as bytes. Throws Malformed, whose `why` is the whole message. */
export function readOxmText(text: string): Uint8Array {
  const to = new Writer();
  if (text === everyPacketText) return to.written;
  let rest = text.replace(/^[, ]+/, '');
  while (rest !== '') {
    const open = rest.indexOf('(');
    if (open < 0) throw wrong(`${text}: missing ( at end of nx_match`);
    const name = rest.slice(0, open);
    const head = headNamed(name);
    if (head === undefined) throw wrong(`${text}: unknown field \`${name}'`);
    rest = readEntry(to, rest.slice(open + 1), head, name, text).replace(/^[, ]+/, '');
  }
  return to.written;
}

/** Returns what stands behind the entry. */
function readEntry(to: Writer, text: string, head: Head, name: string, whole: string): string {
  const read = takeHex(text);
  const { bytes: value } = read;
  let { rest } = read;
  const size = value.length;
  if (size !== head.valueSize && head.field?.slot !== 'tun_metadata')
    throw wrong(`expected to read ${head.valueSize} bytes but got ${size}`);
  if (size > (head.field?.bytes ?? size))
    throw wrong(`expected to read at most ${head.field?.bytes} bytes but got ${size}`);
  to.octets(size === head.valueSize ? head.bytes : resized(head, size));
  to.octets(value);
  if (head.hasMask) {
    rest = rest.replace(/^ +/, '');
    if (!rest.startsWith('/')) throw wrong(`${whole}: missing / in masked field ${name}`);
    const mask = takeHex(rest.slice(1));
    rest = mask.rest;
    if (mask.bytes.length !== size) throw wrong(`${rest.slice(0, 2)}: hex digits expected`);
    to.octets(mask.bytes);
  }
  rest = rest.replace(/^ +/, '');
  if (!rest.startsWith(')')) throw wrong(`${whole}: missing ) following field ${name}`);
  return rest.slice(1);
}

/** The head for a value of another size. */
function resized({ bytes, hasMask }: Head, size: number): Uint8Array {
  const changed = bytes.slice();
  changed[3] = (hasMask ? 2 * size : size) + bytes.length - 4;
  return changed;
}

/** The bytes that the text begins with, and what is behind them. */
function takeHex(text: string): { readonly bytes: Uint8Array; readonly rest: string } {
  const [found = ''] = /^(?:[ \t\r\n]*[0-9a-fA-F]{2})*[ \t\r\n]*/.exec(text) ?? [];
  const digits = found.replaceAll(/[ \t\r\n]/g, '');
  return { bytes: Uint8Array.from(Buffer.from(digits, 'hex')), rest: text.slice(found.length) };
}

/** By the name of a number, with "_W" for one with a mask, or by the digits of the head itself. */
function headNamed(text: string): Head | undefined {
  const isWild = text.endsWith('_W');
  const name = isWild ? text.slice(0, -2) : text;
  const named = byName.get(name);
  if (named !== undefined && (!isWild || named.field.mask !== 'exact')) return headOf(named, isWild);
  if (text === 'NXM_NX_COOKIE') return rawHead('00013c08');
  if (text === 'NXM_NX_COOKIE_W') return rawHead('00013d10');
  if (/^[0-9a-f]{8}$/i.test(text)) return rawHead(text.startsWith('ffff') ? `${text}00000000` : text);
  return /^ffff[0-9a-f]{12}$/i.test(text) ? rawHead(text) : undefined;
}

function headOf({ field, number }: Named, hasMask: boolean): Head {
  const to = new Writer();
  writeOxmHeader(to, number, field.bytes, hasMask);
  return { bytes: to.written, field, hasMask, valueSize: field.bytes };
}

function rawHead(digits: string): Head {
  const bytes = Uint8Array.from(Buffer.from(digits, 'hex'));
  const from = new Reader(bytes);
  const header = from.u32();
  const hasMask = (header & 0x100) !== 0;
  const size = Math.max(0, (header & 0xff) - (bytes.length - 4));
  const field = readOxmField(from.rest(), header);
  return {
    bytes,
    ...(field === undefined ? {} : { field }),
    hasMask,
    valueSize: hasMask ? size >>> 1 : size,
  };
}

/** TLVs that are well formed as text. Throws OpenFlowError for others. */
export function formatOxmText(bytes: Uint8Array): string {
  if (bytes.length === 0) return everyPacketText;
  const from = new Reader(bytes);
  const entries: string[] = [];
  while (from.left > 0) entries.push(formatEntry(from));
  return entries.join(', ');
}

function formatEntry(from: Reader): string {
  const header = from.u32();
  const oxmClass = header >>> 16;
  const number = (header >>> 9) & 0x7f;
  const experimenter = oxmClass === experimenterClass ? from.u32() : undefined;
  const size = oxmPayloadSize(header);
  const hasMask = (header & 0x100) !== 0;
  const named = [...byName.values()].find(
    ({ number: one }) =>
      one.oxmClass === oxmClass && one.number === number && one.experimenter === experimenter,
  );
  const name = isCookieHeader(header) ? 'NXM_NX_COOKIE' : named?.number.name;
  const hex = (count: number): string => Buffer.from(from.octets(count)).toString('hex');
  const value = hasMask ? `${hex(size >>> 1)}/${hex(size >>> 1)}` : hex(size);
  return name === undefined ? `${oxmClass}:${number}(${value})` : `${name}${hasMask ? '_W' : ''}(${value})`;
}
