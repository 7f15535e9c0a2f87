/**
 * Whole messages as bytes, by the declarations of `messages/`: the header, whose number a message has (OpenFlow 1.5.1
 * section 7.1, Nicira's and the ONF's extensions, multiparts), and how long it may be.
 */
import { LimitedSite, logger } from '../base/log.ts';
import { hexOrZero } from '../base/numbers.ts';
import { Reader, Writer } from './bytes.ts';
import type { InnerMessages, Recipient } from './declare.ts';
import { OpenFlowError } from './errors.ts';
import {
  formOfNumber,
  formOfType,
  formToSend,
  type KnownForm,
  type MessageDirection,
  type MessageKind,
} from './message-table.ts';
import type { Message } from './messages/index.ts';
import type { MessageValues } from './messages/values.ts';
import { knownVersion, type WireVersion } from './versions.ts';

/** Version, type, length and transaction. */
export const headerSize = 8;

const experimenterMessage = 4;
const nicira = 0x00002320;
const onf = 0x4f4e4600;
const experimenterMultipart = 0xffff;
/** That more parts of a multipart follow, and where it says so. */
const moreFlag = 1;
const flagsAt = 10;

const log = logger('ofp_msgs');
const unknownMessage = new LimitedSite({ perMinute: 60, burst: 1 });
const unknownVendor = new LimitedSite({ perMinute: 60, burst: 5 });
const wrongLength = new LimitedSite({ perMinute: 60, burst: 5 });

const flowLog = logger('ofp_flow');
const tooLongFlow = new LimitedSite({ perMinute: 1, burst: 5 });

/** A message with what its header says. */
export type Received = Message & {
  /** That of the header, or the last that is known where the header's is later. */
  readonly version: WireVersion;
  readonly xid: number;
  /** As it is printed, "NXT_FLOW_MOD": which of several forms the message had. */
  readonly form: string;
  /** More parts of this multipart follow. */
  readonly more: boolean;
};

/** A message to be sent: in the form of that name, or in the first that the version has. */
export type Sent = Message & { readonly form?: string; readonly more?: boolean };

/** What stands before the body of a message. */
export interface Head {
  readonly known: KnownForm;
  /** As in the header. */
  readonly version: number;
  readonly xid: number;
  /** Of a multipart; else 0. */
  readonly flags: number;
}

/** The length that a header gives the message that begins at `at`; undefined while the header is not whole. */
export function messageSize(bytes: Uint8Array, at = 0): number | undefined {
  if (bytes.length - at < headerSize) return undefined;
  return ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
}

/** Reads one whole message. Throws OpenFlowError. */
export function decodeMessage(bytes: Uint8Array): Received {
  return decodeFor(undefined, bytes);
}

/** The same as a switch does that it is for. */
export function decodeFor(recipient: Recipient | undefined, bytes: Uint8Array): Received {
  const from = new Reader(bytes);
  const head = readHead(from);
  const size = messageSize(bytes);
  if (size !== bytes.length)
    throw new OpenFlowError('OFPBRC_BAD_LEN', `${size} bytes in the header, ${bytes.length} there`);
  checkSize(head.known, from);
  const { known, xid, flags } = head;
  const version = knownVersion(head.version);
  const value = known.form.decode(from, version, innerMessages, recipient);
  const more = (flags & moreFlag) !== 0;
  return { name: known.name, value, version, xid, form: known.printed, more } as Received; // of the form's own message
}

/** For forms that have messages inside. */
export const innerMessages: InnerMessages = {
  nameOf(bytes) {
    const from = new Reader(bytes);
    const { known } = readHead(from);
    checkSize(known, from);
    return known;
  },
  check: (bytes) => decodeMessage(bytes).name,
};

/** Which message it is, though it may be cut short; moves `from` to the body. Throws OpenFlowError. */
export function readHead(from: Reader): Head {
  const version = from.u8();
  const type = from.u8();
  from.skip(2);
  const xid = from.u32();
  const direction = directionOf(version, type);
  if (direction !== undefined) return readMultipartHead(from, version, xid, direction, type);
  const known =
    type === experimenterMessage
      ? readExperimenter(from, version, 'NXT', 'ONFT', undefined, `type ${type}`)
      : formOfType(version, type);
  if (known === undefined) {
    logUnknown(version, `type ${type}`);
    throw new OpenFlowError('OFPBRC_BAD_TYPE', `message type ${type}`);
  }
  return { known, version, xid, flags: 0 };
}

function directionOf(version: number, type: number): MessageDirection {
  const request = requestType(version);
  if (type === request) return 'request';
  return type === request + 1 ? 'reply' : undefined;
}

/** The type of messages that carry requests for multiparts; that of replies is the next. */
function requestType(version: number): number {
  return version === 1 ? 16 : 18;
}

function readMultipartHead(
  from: Reader,
  version: number,
  xid: number,
  direction: MessageDirection,
  type: number,
): Head {
  const number = from.u16();
  const flags = from.u16();
  if (version > 1) from.skip(4);
  if (number === experimenterMultipart) {
    const ofOnf = version === 1 ? undefined : 'ONFST';
    const what = `type ${type}, stat ${number}`;
    const known = readExperimenter(from, version, 'NXST', ofOnf, direction, what);
    if (version === 1) from.skip(4);
    return { known, version, xid, flags };
  }
  const known = formOfNumber(version, 'OFPST', direction, number);
  if (known === undefined) {
    logUnknown(version, `type ${type}, stat ${number}`);
    throw new OpenFlowError('OFPBRC_BAD_STAT', `multipart type ${number}`);
  }
  return { known, version, xid, flags };
}

function readExperimenter(
  from: Reader,
  version: number,
  ofNicira: MessageKind,
  ofOnf: MessageKind | undefined,
  direction: MessageDirection,
  what: string,
): KnownForm {
  const hasPadding = version === 1 && direction !== undefined;
  requireLeft(from, hasPadding ? 4 : 8);
  const experimenter = from.u32();
  const hex = hexOrZero(experimenter);
  const kind = experimenter === nicira ? ofNicira : experimenter === onf ? ofOnf : undefined;
  if (kind === undefined) {
    log.limited('warn', unknownVendor, `OpenFlow message has unknown vendor ${hex}`);
    throw new OpenFlowError('OFPBRC_BAD_VENDOR', `experimenter ${hex}`);
  }
  if (hasPadding) requireLeft(from, 8);
  const number = from.u32();
  const known = formOfNumber(version, kind, direction, number);
  if (known === undefined) {
    logUnknown(version, `${what}, vendor ${hex}, subtype ${number}`);
    throw new OpenFlowError('OFPBRC_BAD_SUBTYPE', `message ${number} of an experimenter`);
  }
  return known;
}

function requireLeft(from: Reader, size: number): void {
  if (from.left < size)
    throw new OpenFlowError('OFPBRC_BAD_LEN', `${from.left} bytes of an experimenter's head`);
}

function logUnknown(version: number, what: string): void {
  log.limited('warn', unknownMessage, `unknown OpenFlow message (version ${version}, ${what})`);
}

/** What a message is called, "OFPT_FLOW_MOD"; "invalid" for one that nobody knows. */
export function printedName(bytes: Uint8Array): string {
  try {
    return readHead(new Reader(bytes)).known.printed;
  } catch (error) {
    if (error instanceof OpenFlowError) return 'invalid';
    throw error;
  }
}

/** May a message, of which `from` is at the start of the body, be so long? */
export function hasRightSize({ form }: KnownForm, from: Reader): boolean {
  const [least, step] = form.size;
  const more = from.left - least;
  return more >= 0 && (step === 0 ? more === 0 : more % step === 0);
}

/** Throws OpenFlowError where it may not. */
export function checkSize(known: KnownForm, from: Reader): void {
  if (hasRightSize(known, from)) return;
  const { name, printed, form } = known;
  const [least, step] = form.size;
  const size = from.at + least;
  const wanted =
    step === 0
      ? `expected length ${size}`
      : step === 1
        ? `expected length at least ${size} bytes`
        : `must be exactly ${size} bytes or longer by an integer multiple of ${step} bytes`;
  log.limited(
    'warn',
    wrongLength,
    `received ${printed} with incorrect length ${from.at + from.left} (${wanted})`,
  );
  throw new OpenFlowError('OFPBRC_BAD_LEN', `a body of ${from.left} bytes in a ${name}`);
}

/** The longest message that a header can tell the length of. */
const longest = 0xffff;

/**
 * Adds one message to those in `to`. Throws OpenFlowError where the version has no such message, or cannot say what its
 * value is, or it gets too long; nothing is added then.
 */
export function encodeMessage(to: Writer, version: WireVersion, message: Sent, xid: number): void {
  const { name, value, form: printed, more = false } = message;
  const known = formToSend(version, name, printed);
  if (known === undefined)
    throw new OpenFlowError('OFPBRC_BAD_TYPE', `${name} is not a message of version ${version}`);
  const start = to.size;
  try {
    writeHead(to, version, known, xid, more);
    known.form.encode(value, to, version);
    if (to.size - start > longest)
      throw new OpenFlowError('OFPBRC_BAD_LEN', `a ${name} of ${to.size - start} bytes is too long to send`);
  } catch (error) {
    to.size = start;
    throw error;
  }
  to.setU16(start + 2, to.size - start);
}

/** One message as bytes. Throws OpenFlowError where the version has no such message or value. */
export function messageBytes(message: Sent, version: WireVersion, xid = 0): Uint8Array {
  const to = new Writer();
  encodeMessage(to, version, message, xid);
  return to.written.slice();
}

/** Names of the messages whose values are lists, and what is in them. */
export type ListName = {
  [N in keyof MessageValues]: MessageValues[N] extends readonly unknown[] ? N : never;
}[keyof MessageValues];
export type EntryOf<N extends ListName> = MessageValues[N] extends readonly (infer E)[] ? E : never;

/**
 * One list in as many messages as it needs, at least one, all but the last of which say that there is more. Each is good
 * until the next is asked for. Throws OpenFlowError, also for a single entry that is too long; a flow is left out then.
 */
export function* encodeParts(
  version: WireVersion,
  { name, form }: { readonly name: ListName; readonly form?: string },
  entries: Iterable<unknown>,
  xid: number,
): IterableIterator<Uint8Array> {
  const known = formToSend(version, name, form);
  if (known === undefined)
    throw new OpenFlowError('OFPBRC_BAD_TYPE', `${name} is not a message of version ${version}`);
  const to = new Writer(longest + 1);
  writeHead(to, version, known, xid, false);
  const headSize = to.size;
  for (const entry of entries) {
    const before = to.size;
    known.form.encode([entry], to, version);
    if (headSize + to.size - before > longest) {
      leaveOut(name, to.size - before);
      to.size = before;
    }
    if (to.size <= longest) continue;
    const rest = to.written.slice(before);
    to.size = before;
    to.setU16(2, before);
    to.setU16(flagsAt, moreFlag);
    yield to.written;
    to.setU16(flagsAt, 0);
    to.size = headSize;
    to.octets(rest);
  }
  to.setU16(2, to.size);
  yield to.written;
}

/** An entry that no message has room for. Throws OpenFlowError, but for a flow, without which the others are listed. */
function leaveOut(name: ListName, size: number): void {
  if (name !== 'FLOW_REPLY')
    throw new OpenFlowError('OFPBRC_BAD_LEN', `an entry of ${size} bytes in a ${name} is too long`);
  flowLog.limited(
    'warn',
    tooLongFlow,
    'Flow exceeded the maximum flow statistics reply size and was excluded from the response set',
  );
}

const experimenterOf: Readonly<Record<MessageKind, number>> = {
  OFPT: 0,
  NXT: nicira,
  ONFT: onf,
  OFPST: 0,
  NXST: nicira,
  ONFST: onf,
};

function writeHead(
  to: Writer,
  version: WireVersion,
  { kind, number, direction }: KnownForm,
  xid: number,
  more: boolean,
): void {
  const experimenter = experimenterOf[kind];
  const multipart = requestType(version) + (direction === 'reply' ? 1 : 0);
  to.u8(version);
  to.u8(direction !== undefined ? multipart : experimenter !== 0 ? experimenterMessage : number);
  to.u16(0);
  to.u32(xid);
  if (direction !== undefined) {
    to.u16(experimenter === 0 ? number : experimenterMultipart);
    to.u16(more ? moreFlag : 0);
    if (version > 1) to.u32(0);
  }
  if (experimenter === 0) return;
  to.u32(experimenter);
  to.u32(number);
  if (direction !== undefined && version === 1) to.u32(0);
}
