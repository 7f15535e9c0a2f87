/**
 * Whole messages as bytes, by the declarations of `messages/`: the header, whose number a message has (OpenFlow 1.5.1
 * section 7.1, Nicira's and the ONF's extensions, multiparts), and how long it may be.
 */
import { Reader, type Writer } from './bytes.ts';
import type { MessageForm, WirePlace } from './declare.ts';
import { OpenFlowError } from './errors.ts';
import { type Message, messages } from './messages/index.ts';
import { allVersions, isWithin, readRange, type VersionRange, type WireVersion } from './versions.ts';

/** Version, type, length and transaction. */
export const headerSize = 8;

const experimenterMessage = 4;
const experimenters = { N: 0x00002320, O: 0x4f4e4600 } as const;
const experimenterMultipart = 0xffff;
/** Messages that carry multiparts. */
const multipart = { 1: { request: 16, reply: 17 }, later: { request: 18, reply: 19 } } as const;

type Kind = 'OFPT' | 'NXT' | 'ONFT' | 'OFPST' | 'NXST' | 'ONFST';

/** Where a form stands in one version. */
interface Place {
  readonly kind: Kind;
  readonly number: number;
  readonly direction: 'request' | 'reply' | undefined;
}

interface KnownForm {
  readonly name: Message['name'];
  readonly place: Place;
  readonly form: MessageForm<unknown>;
}

function readPlace(wire: WirePlace): { place: Place; range: VersionRange } {
  const [kind = '', range = '', number = '', direction] = wire.split(' ');
  // The type of `wire` says what each of them can be.
  return {
    place: { kind: kind as Kind, number: Number(number), direction: direction as Place['direction'] },
    range: range as VersionRange,
  };
}

function keyOf(version: WireVersion, { kind, number, direction }: Place): string {
  return `${version} ${kind} ${number} ${direction}`;
}

const formsByPlace = new Map<string, KnownForm>();
/** The first that a version has is what is sent. */
const formsByName = new Map<string, KnownForm>();

for (const { name, forms } of messages) {
  for (const form of forms) {
    const { place, range } = readPlace(form.wire);
    // A form's value is its own message's: whoever looks it up by name or place gives and gets no other.
    const known: KnownForm = { name, place, form: form as MessageForm<unknown> };
    for (const version of allVersions.filter((v) => isWithin(readRange(range), v))) {
      formsByPlace.set(keyOf(version, place), known);
      const sent = `${version} ${name}`;
      if (!formsByName.has(sent)) formsByName.set(sent, known);
    }
  }
}

/** A message with what its header says. */
export type Received = Message & { readonly version: WireVersion; readonly xid: number };

/** The length that a header gives the message that begins at `at`; undefined while the header is not whole. */
export function messageSize(bytes: Uint8Array, at = 0): number | undefined {
  if (bytes.length - at < headerSize) return undefined;
  return ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
}

/** Reads one whole message. Throws OpenFlowError. */
export function decodeMessage(bytes: Uint8Array): Received {
  const from = new Reader(bytes);
  const number = from.u8();
  const version = allVersions.find((known) => known === number);
  if (version === undefined) throw new OpenFlowError('OFPBRC_BAD_VERSION', `version ${number} of OpenFlow`);
  const type = from.u8();
  const size = from.u16();
  const xid = from.u32();
  if (size !== bytes.length)
    throw new OpenFlowError('OFPBRC_BAD_LEN', `${size} bytes in the header, ${bytes.length} there`);
  const place = readWhose(from, version, type);
  const known = formsByPlace.get(keyOf(version, place));
  if (known === undefined) throw unknown(place);
  const [least, step] = known.form.size;
  const more = from.left - least;
  if (more < 0 || (step === 0 ? more !== 0 : more % step !== 0))
    throw new OpenFlowError('OFPBRC_BAD_LEN', `a body of ${from.left} bytes in a ${known.name}`);
  const value = known.form.decode(from, version);
  return { name: known.name, value, version, xid } as Received; // of the form's own message
}

/** Whose message it is, from the type in its header and the heads that may follow it. */
function readWhose(from: Reader, version: WireVersion, type: number): Place {
  const { request, reply } = version === 1 ? multipart[1] : multipart.later;
  if (type === experimenterMessage) {
    const experimenter = from.u32();
    const number = from.u32();
    return { kind: kindOf(experimenter, 'T', 'OFPBRC_BAD_VENDOR'), number, direction: undefined };
  }
  if (type !== request && type !== reply) return { kind: 'OFPT', number: type, direction: undefined };
  const direction = type === request ? 'request' : 'reply';
  const number = from.u16();
  from.skip(2); // flags: that more parts follow is the connection's matter
  if (version > 1) from.skip(4);
  if (number !== experimenterMultipart) return { kind: 'OFPST', number, direction };
  const experimenter = from.u32();
  const kind = kindOf(experimenter, 'ST', 'OFPBRC_BAD_VENDOR');
  const subtype = from.u32();
  if (version === 1) from.skip(4);
  return { kind, number: subtype, direction };
}

function kindOf(experimenter: number, what: 'T' | 'ST', error: 'OFPBRC_BAD_VENDOR'): Kind {
  if (experimenter === experimenters.N) return `NX${what}`;
  if (experimenter === experimenters.O) return `ONF${what}`;
  throw new OpenFlowError(error, `experimenter 0x${experimenter.toString(16)}`);
}

function unknown({ kind, number }: Place): OpenFlowError {
  if (kind === 'OFPT') return new OpenFlowError('OFPBRC_BAD_TYPE', `message type ${number}`);
  if (kind === 'OFPST') return new OpenFlowError('OFPBRC_BAD_STAT', `multipart type ${number}`);
  return new OpenFlowError('OFPBRC_BAD_SUBTYPE', `message ${number} of an experimenter`);
}

/** Adds one message to those in `to`. Throws OpenFlowError where the version has no such message. */
export function encodeMessage(to: Writer, version: WireVersion, { name, value }: Message, xid: number): void {
  const known = formsByName.get(`${version} ${name}`);
  if (known === undefined)
    throw new OpenFlowError('OFPBRC_BAD_TYPE', `${name} is not a message of version ${version}`);
  const start = to.size;
  writeHead(to, version, known.place, xid);
  known.form.encode(value, to, version);
  to.setU16(start + 2, to.size - start);
}

function writeHead(to: Writer, version: WireVersion, { kind, number, direction }: Place, xid: number): void {
  const parts = version === 1 ? multipart[1] : multipart.later;
  const experimenter = kind.startsWith('OFP') ? undefined : experimenters[kind.startsWith('N') ? 'N' : 'O'];
  to.u8(version);
  to.u8(
    direction !== undefined ? parts[direction] : experimenter !== undefined ? experimenterMessage : number,
  );
  to.u16(0);
  to.u32(xid);
  if (direction !== undefined) {
    to.u16(experimenter === undefined ? number : experimenterMultipart);
    to.u16(0);
    if (version > 1) to.u32(0);
  }
  if (experimenter === undefined) return;
  to.u32(experimenter);
  to.u32(number);
  if (direction !== undefined && version === 1) to.u32(0);
}
