/**
 * Packets that go to controllers: OpenFlow 1.0.2 section 5.4.1, 1.5.1 section 7.4.1; NXT_PACKET_IN, NXT_PACKET_IN2, and
 * NXT_RESUME, by which such a packet goes on where it left.
 */
import { hexDump } from '../../base/hex-dump.ts';
import { getSlot } from '../../flow/key.ts';
import { type Match, matchOn, unpackKey } from '../../flow/match.ts';
import { formatPacket } from '../../flow/packet-text.ts';
import type { Reader, Writer } from '../bytes.ts';
import { defineMessage, type MessageForm, type MessageText } from '../declare.ts';
import { OpenFlowError } from '../errors.ts';
import { longPort, shortPort } from '../layout.ts';
import {
  formatPackedMatch,
  inPortOf,
  readNxMatch,
  readOxm,
  writeNxMatch,
  writeOxm,
} from '../match/match-codec.ts';
import { readOxmMatch } from '../match/oxm-match.ts';
import { writeOxmMatch } from '../match/oxm-match-writing.ts';
import { type NamedPacketInReason, packetInReasons } from '../packet-in-reasons.ts';
import { type Property, readProperties, readWord, writeProperty, writeWord } from '../properties.ts';
import type { WireVersion } from '../versions.ts';
import { formatContinuation } from './continuation.ts';

/** A number for reasons that nobody knows. */
export type PacketInReason = NamedPacketInReason | number;

export interface PacketIn {
  /** As much of it as came along. */
  readonly packet: Uint8Array;
  /** Bytes of the whole packet. */
  readonly totalSize: number;
  /** Where the switch keeps the packet. */
  readonly bufferId: number | undefined;
  readonly table: number;
  /** Of the flow that sent it; undefined where it is not told. */
  readonly cookie: bigint | undefined;
  readonly reason: PacketInReason;
  /** What the pipeline knows of it besides its headers: the port it came from, registers, metadata and the like. */
  readonly metadata: Match;
  /** What the action said to send along; NXT_PACKET_IN2 only. */
  readonly userdata: Uint8Array;
  /** What the switch needs to go on with the packet, for nobody else to read; NXT_PACKET_IN2 and NXT_RESUME only. */
  readonly continuation: Uint8Array;
}

const noBuffer = 0xffffffff;
const noBytes = new Uint8Array(0);
const untoldCookie = 0xffffffffffffffffn;

function readBuffer(from: Reader): number | undefined {
  const buffer = from.u32();
  return buffer === noBuffer ? undefined : buffer;
}

function readReason(number: number): PacketInReason {
  return packetInReasons[number] ?? number;
}

/** Before OpenFlow 1.4 the last three are actions like others. */
function reasonNumber(reason: PacketInReason, version: WireVersion): number {
  if (typeof reason === 'number') return reason;
  const number = packetInReasons.indexOf(reason);
  return version < 5 && number > 2 ? 1 : number;
}

function rest(body: Reader): Uint8Array {
  return body.octets(body.left);
}

const untold = { table: 0, cookie: undefined, userdata: noBytes, continuation: noBytes } as const;
const loose = { isStrict: false } as const;

const form10: MessageForm<PacketIn> = {
  wire: 'OFPT 1.0 10',
  size: [10, 1],
  decode(body) {
    const bufferId = readBuffer(body);
    const totalSize = body.u16();
    const metadata = matchOn({ in_port: shortPort.read(body) });
    const reason = readReason(body.u8());
    body.skip(1);
    return { ...untold, packet: rest(body), totalSize, bufferId, reason, metadata };
  },
  encode({ packet, totalSize, bufferId, reason, metadata }, to, version) {
    to.u32(bufferId ?? noBuffer);
    to.u16(totalSize);
    shortPort.write(to, inPortOf(metadata) ?? 0);
    to.u8(reasonNumber(reason, version));
    to.u8(0);
    to.octets(packet);
  },
};

const form11: MessageForm<PacketIn> = {
  wire: 'OFPT 1.1 10',
  size: [16, 1],
  decode(body) {
    const bufferId = readBuffer(body);
    const metadata = matchOn({ in_port: longPort.read(body) });
    body.skip(4); // the physical port
    const totalSize = body.u16();
    const reason = readReason(body.u8());
    const table = body.u8();
    return { ...untold, packet: rest(body), totalSize, bufferId, table, reason, metadata };
  },
  encode({ packet, totalSize, bufferId, table, reason, metadata }, to, version) {
    const port = inPortOf(metadata) ?? 0;
    to.u32(bufferId ?? noBuffer);
    longPort.write(to, port);
    longPort.write(to, port);
    to.u16(totalSize);
    to.u8(reasonNumber(reason, version));
    to.u8(table);
    to.octets(packet);
  },
};

/** What most forms begin with. */
function readHead(body: Reader): Pick<PacketIn, 'bufferId' | 'totalSize' | 'reason' | 'table'> {
  return {
    bufferId: readBuffer(body),
    totalSize: body.u16(),
    reason: readReason(body.u8()),
    table: body.u8(),
  };
}

function writeHead({ bufferId, totalSize, reason, table }: PacketIn, to: Writer, version: WireVersion): void {
  to.u32(bufferId ?? noBuffer);
  to.u16(totalSize);
  to.u8(reasonNumber(reason, version));
  to.u8(table);
}

function form12(wire: MessageForm<PacketIn>['wire'], hasCookie: boolean): MessageForm<PacketIn> {
  return {
    wire,
    size: [hasCookie ? 16 : 8, 1],
    decode(body) {
      const head = readHead(body);
      const cookie = hasCookie ? readCookie(body.u64()) : undefined;
      const metadata = readOxm(body, loose);
      body.skip(2);
      return { ...untold, ...head, packet: rest(body), cookie, metadata };
    },
    encode(value, to, version) {
      writeHead(value, to, version);
      if (hasCookie) to.u64(value.cookie ?? untoldCookie);
      writeOxm(to, value.metadata, version);
      to.u16(0);
      to.octets(value.packet);
    },
  };
}

function readCookie(cookie: bigint): bigint | undefined {
  return cookie === untoldCookie ? undefined : cookie;
}

const formNx: MessageForm<PacketIn> = {
  wire: 'NXT 1.0+ 17',
  size: [24, 1],
  decode(body) {
    const head = readHead(body);
    const cookie = readCookie(body.u64());
    const matchSize = body.u16();
    body.skip(6);
    const { match: metadata } = readNxMatch(body, matchSize, loose);
    body.skip(2);
    return { ...untold, ...head, packet: rest(body), cookie, metadata };
  },
  encode(value, to, version) {
    writeHead(value, to, version);
    to.u64(value.cookie ?? untoldCookie);
    const sizeAt = to.size;
    to.room(8);
    to.setU16(sizeAt, writeNxMatch(to, value.metadata));
    to.u16(0);
    to.octets(value.packet);
  },
};

/** Properties of NXT_PACKET_IN2. */
const property = {
  packet: 0,
  fullSize: 1,
  bufferId: 2,
  table: 3,
  cookie: 4,
  reason: 5,
  metadata: 6,
  userdata: 7,
  continuation: 8,
} as const;

type Draft = { -readonly [K in keyof PacketIn]: PacketIn[K] };

function takeProperty(value: Property, into: Draft): boolean {
  const { experimenter, type, body } = value;
  if (experimenter !== 0) return false;
  switch (type) {
    case property.packet:
      into.packet = rest(body);
      return true;
    case property.fullSize:
      into.totalSize = readWord(value);
      return true;
    case property.bufferId: {
      const buffer = readWord(value);
      into.bufferId = buffer === noBuffer ? undefined : buffer;
      return true;
    }
    case property.table:
      into.table = body.u8();
      return true;
    case property.cookie:
      into.cookie = readCookie(readLong(value));
      return true;
    case property.reason:
      into.reason = readReason(body.u8());
      return true;
    case property.metadata:
      into.metadata = readOxmMatch(body, loose).match;
      return true;
    case property.userdata:
      into.userdata = rest(body);
      return true;
    case property.continuation:
      body.skip(4);
      into.continuation = rest(body);
      return true;
    default:
      return false;
  }
}

/** A number of 64 bits, and nothing else, aligned as such. */
function readLong({ body }: Property): bigint {
  if (body.left !== 12) throw new OpenFlowError('OFPBPC_BAD_LEN', `a number in ${body.left} bytes`);
  body.skip(4);
  return body.u64();
}

function decode2(body: Reader): PacketIn {
  const read: Draft = {
    ...untold,
    packet: noBytes,
    totalSize: 0,
    bufferId: undefined,
    reason: readReason(0),
    metadata: matchOn({}),
  };
  readProperties(body, (one) => takeProperty(one, read), 'passed over');
  const { packet, totalSize } = read;
  if (packet.length === 0 || (totalSize !== 0 && totalSize < packet.length))
    throw new OpenFlowError(
      'OFPBRC_BAD_LEN',
      `a packet of ${totalSize} bytes, of which ${packet.length} came`,
    );
  return { ...read, totalSize: totalSize === 0 ? packet.length : totalSize };
}

function encode2(value: PacketIn, to: Writer, version: WireVersion, hasUserdata: boolean): void {
  const { packet, totalSize, table, cookie, reason, metadata, userdata, continuation } = value;
  writeProperty(to, property.packet, () => to.octets(packet));
  if (totalSize !== packet.length) writeWord(to, property.fullSize, totalSize);
  writeProperty(to, property.table, () => to.u8(table));
  if (cookie !== undefined) {
    writeProperty(to, property.cookie, () => {
      to.u32(0);
      to.u64(cookie);
    });
  }
  writeProperty(to, property.reason, () => to.u8(reasonNumber(reason, version)));
  // In OpenFlow 1.0, too, as OXM says it and not as a match of Nicira's.
  writeProperty(to, property.metadata, () => writeOxmMatch(to, metadata, version === 1 ? 2 : version));
  if (continuation.length > 0) {
    writeProperty(to, property.continuation, () => {
      to.u32(0);
      to.octets(continuation);
    });
  }
  if (hasUserdata && userdata.length > 0) writeProperty(to, property.userdata, () => to.octets(userdata));
}

const formNx2: MessageForm<PacketIn> = {
  wire: 'NXT 1.0+ 30',
  as: 'PACKET_IN2',
  size: [0, 8],
  decode: decode2,
  encode: (value, to, version) => encode2(value, to, version, true),
};

export const packetIn = defineMessage(
  'PACKET_IN',
  [form10, form11, form12('OFPT 1.2 10', false), form12('OFPT 1.3+ 10', true), formNx, formNx2],
  formatPacketIn,
);

export const resume = defineMessage(
  'RESUME',
  [
    {
      wire: 'NXT 1.0+ 28',
      size: [0, 8],
      decode: decode2,
      encode: (value: PacketIn, to, version) => encode2(value, to, version, false),
    },
  ],
  formatPacketIn,
);

function formatPacketIn(value: PacketIn, context: MessageText): string {
  const { packet, totalSize, bufferId, table, cookie, reason, metadata, userdata, continuation } = value;
  const { tables, paint, verbosity } = context;
  const packetType = getSlot(unpackKey(metadata), 'packet_type');
  return [
    table === 0 ? '' : ` table_id=${tables.format(table)}`,
    cookie === undefined ? '' : ` cookie=0x${cookie.toString(16)}`,
    ` total_len=${totalSize} ${formatPackedMatch(metadata, context)}`,
    ` (via ${formatReason(reason)}) data_len=${packet.length}`,
    formatBuffer(bufferId, totalSize, packet.length),
    '\n',
    userdata.length === 0
      ? ''
      : ` userdata=${Buffer.from(userdata)
          .toString('hex')
          .replaceAll(/..(?=.)/g, '$&.')}\n`,
    continuation.length === 0 ? '' : formatContinuation(continuation, context),
    verbosity > 0 ? formatPacket(packet, packetType, paint) : '',
    verbosity > 2 ? hexDump(packet, 'of a message') : '',
  ].join('');
}

/** Two reasons that are told apart inside of the reference only have no name. */
const nameless: readonly PacketInReason[] = [6, 7];

function formatReason(reason: PacketInReason): string {
  return nameless.includes(reason) ? '' : String(reason);
}

function formatBuffer(bufferId: number | undefined, totalSize: number, size: number): string {
  if (bufferId === undefined)
    return ` (unbuffered)${totalSize === size ? '' : ' (***total_len != data_len***)'}`;
  const text = ` buffer=0x${bufferId.toString(16).padStart(8, '0')}`;
  return totalSize < size ? `${text} (***total_len < data_len***)` : text;
}
