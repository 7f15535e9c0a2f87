/** Messages as `ovs-ofctl ofp-print` shows them, also those that are wrong or cut short. */
import { hexDump } from '../../base/hex-dump.ts';
import type { PortText } from '../../flow/fields/text.ts';
import type { Paint } from '../../flow/match-format/match-item.ts';
import { Reader } from '../bytes.ts';
import { checkSize, type Head, innerMessages, messageSize, readHead } from '../codec.ts';
import type { MessageText } from '../declare.ts';
import { type ErrorName, OpenFlowError } from '../errors.ts';
import { portText } from '../ports.ts';
import { knownVersion, versionText } from '../versions.ts';
import { type TableText, tableText } from './names.ts';

export interface NamesInText {
  readonly ports: PortText;
  readonly tables: TableText;
  readonly paint?: Paint | undefined;
}

/** Numbers, and the names that OpenFlow gives reserved ports. */
const numbersOnly: NamesInText = {
  ports: portText,
  tables: tableText,
};

/** Ends in a newline. `verbosity` as in MessageText; from 5 on the bytes are shown too. */
export function formatMessage(
  bytes: Uint8Array,
  verbosity: number,
  options: NamesInText = numbersOnly,
): string {
  if (bytes.length === 0) return 'OpenFlow message is empty\n';
  const size = messageSize(bytes);
  if (size !== bytes.length) return `${formatMisfit(bytes, size)}\n${hexDump(bytes)}`;
  const { text, isWrong } = formatWhole(bytes, verbosity, options);
  return withNewline(verbosity >= 5 || isWrong ? withNewline(text) + hexDump(bytes) : text);
}

/** What is wrong with bytes of which the header says that they are `size`. */
function formatMisfit(bytes: Uint8Array, size: number | undefined): string {
  const { length } = bytes;
  if (size === undefined) return `OpenFlow packet too short (only ${length} bytes):`;
  if (size > length) return `${headOfCut(bytes)}(***truncated to ${length} bytes from ${size}***)`;
  return `(***only uses ${size} bytes out of ${length}***)`;
}

function headOfCut(bytes: Uint8Array): string {
  try {
    return `${formatHead(readHead(new Reader(bytes)))}\n`;
  } catch (error) {
    if (error instanceof OpenFlowError) return '';
    throw error;
  }
}

/** "NAME (OF1.3) (xid=0x1):" */
function formatHead({ known, version, xid }: Head): string {
  const isKnown = version >= 1 && version <= 6;
  const number = `0x${version.toString(16).padStart(2, '0')}`;
  const name = isKnown ? `OF${versionText(knownVersion(version))}` : `OF ${number}`;
  return `${known.printed}${version === 1 ? '' : ` (${name})`} (xid=0x${xid.toString(16)}):`;
}

/** What follows the head, and the error that ended it. */
interface Body {
  readonly text: string;
  readonly error?: OpenFlowError;
}

function formatWhole(
  bytes: Uint8Array,
  verbosity: number,
  options: NamesInText,
): { text: string; isWrong: boolean } {
  const from = new Reader(bytes);
  let head: Head;
  try {
    head = readHead(from);
    checkSize(head.known, from);
  } catch (error) {
    if (error instanceof OpenFlowError) return { text: decodeError(error), isWrong: true };
    throw error;
  }
  const context: MessageText = {
    ...options,
    version: knownVersion(head.version),
    form: head.known.printed,
    verbosity,
    bytes,
    isCut: false,
    nested: (inner, level) => formatMessage(inner, level, options),
  };
  const { text, error } = formatBody(head, from, context);
  const body = formatFlags(head) + text;
  if (error === undefined) return { text: chomp(formatHead(head) + body), isWrong: false };
  const before = body === '' ? ' ' : withNewline(chomp(body));
  return { text: formatHead(head) + before + decodeError(error), isWrong: true };
}

function formatBody({ known }: Head, from: Reader, context: MessageText): Body {
  try {
    return { text: known.format(known.form.decode(from, context.version, innerMessages), context) };
  } catch (error) {
    if (!(error instanceof OpenFlowError)) throw error;
    const { partial } = error;
    return { text: partial === undefined ? '' : known.format(partial, { ...context, isCut: true }), error };
  }
}

/** Flags of a multipart. */
function formatFlags({ known, version, flags }: Head): string {
  if (flags === 0) return '';
  const mayHaveMore = known.direction === 'reply' || version >= 4;
  const more = mayHaveMore ? flags & 1 : 0;
  const unknown = flags & ~more;
  const unknownText = unknown === 0 ? '' : `[***unknown flags 0x${unknown.toString(16).padStart(4, '0')}***]`;
  return ` flags=${more === 0 ? '' : '[more]'}${unknownText}`;
}

function decodeError({ errorName }: { errorName: ErrorName }): string {
  return `***decode error: ${errorName}***\n`;
}

/** Without the space at its end. */
function chomp(text: string): string {
  return text.endsWith(' ') ? text.slice(0, -1) : text;
}

function withNewline(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}
