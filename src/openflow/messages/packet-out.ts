/** Packets that controllers send: OpenFlow 1.0.2 section 5.3.6, 1.5.1 section 7.3.6. */
import { hexDump } from '../../base/hex-dump.ts';
import { getSlot } from '../../flow/key.ts';
import { type Match, matchOn, unpackKey } from '../../flow/match.ts';
import { formatPacket } from '../../flow/packet-text.ts';
import { checkSizeOf, decodeActions, formatActions, writeActions } from '../action-codec.ts';
import type { Action } from '../actions/index.ts';
import type { Reader, Writer } from '../bytes.ts';
import { defineMessage, type MessageForm, type MessageText } from '../declare.ts';
import { OpenFlowError } from '../errors.ts';
import { longPort, type Part, shortPort } from '../layout.ts';
import { formatPackedMatch, inPortOf, readOxm, writeOxm } from '../match/match-codec.ts';
import { firstReservedPort, reservedPorts } from '../ports.ts';
import type { WireVersion } from '../versions.ts';

export interface PacketOut {
  /** A packet that the switch keeps, in the place of `packet`. */
  readonly bufferId: number | undefined;
  /** The port that it comes from, and since OpenFlow 1.5 what else the pipeline knows of it. */
  readonly metadata: Match;
  readonly actions: readonly Action[];
  readonly packet: Uint8Array;
}

const noBuffer = 0xffffffff;

function finish(
  body: Reader,
  version: WireVersion,
  buffer: number,
  actionsSize: number,
  metadata: Match,
): PacketOut {
  checkSizeOf('actions', actionsSize, body.left, 'OFPBRC_BAD_LEN');
  const actions = decodeActions(body.part(actionsSize), version);
  checkPort(inPortOf(metadata) ?? 0);
  const isBuffered = buffer !== noBuffer;
  return {
    bufferId: isBuffered ? buffer : undefined,
    metadata,
    actions,
    packet: isBuffered ? new Uint8Array(0) : body.octets(body.left),
  };
}

const allowedPorts: readonly number[] = [reservedPorts.LOCAL, reservedPorts.ANY, reservedPorts.CONTROLLER];

/** May a packet that a controller sends come from there? */
export function isPortOfPacketOut(port: number): boolean {
  return port < firstReservedPort || allowedPorts.includes(port);
}

function checkPort(port: number): void {
  if (!isPortOfPacketOut(port)) throw new OpenFlowError('OFPBRC_BAD_PORT', `a packet from port ${port}`);
}

/** Returns how many bytes they took. */
function writeList(to: Writer, { actions }: PacketOut, version: WireVersion): number {
  const start = to.size;
  writeActions(to, actions, version);
  return to.size - start;
}

function form(
  wire: MessageForm<PacketOut>['wire'],
  port: Part<number>,
  padding: number,
): MessageForm<PacketOut> {
  return {
    wire,
    size: [6 + port.size + padding, 1],
    decode(body, version) {
      const buffer = body.u32();
      const metadata = matchOn({ packet_type: 0, in_port: port.read(body) });
      const actionsSize = body.u16();
      body.skip(padding);
      return finish(body, version, buffer, actionsSize, metadata);
    },
    encode(value, to, version) {
      to.u32(value.bufferId ?? noBuffer);
      port.write(to, inPortOf(value.metadata) ?? reservedPorts.CONTROLLER);
      const sizeAt = to.size;
      to.room(2 + padding);
      to.setU16(sizeAt, writeList(to, value, version));
      if (value.bufferId === undefined) to.octets(value.packet);
    },
  };
}

const form15: MessageForm<PacketOut> = {
  wire: 'OFPT 1.5+ 13',
  size: [8, 1],
  decode(body, version) {
    const buffer = body.u32();
    const actionsSize = body.u16();
    body.skip(2);
    const metadata = readOxm(body, { isStrict: false, pipelineFieldsOnly: true });
    if (inPortOf(metadata) === undefined) throw new OpenFlowError('OFPBRC_BAD_PORT', 'a packet from no port');
    return finish(body, version, buffer, actionsSize, metadata);
  },
  encode(value, to, version) {
    to.u32(value.bufferId ?? noBuffer);
    const sizeAt = to.size;
    to.u32(0);
    writeOxm(to, value.metadata, version);
    to.setU16(sizeAt, writeList(to, value, version));
    if (value.bufferId === undefined) to.octets(value.packet);
  },
};

export const packetOutMessage = defineMessage(
  'PACKET_OUT',
  [form('OFPT 1.0 13', shortPort, 0), form('OFPT 1.1-1.4 13', longPort, 6), form15],
  formatPacketOut,
);

function formatPacketOut(value: PacketOut, { ports, tables, paint, verbosity }: MessageText): string {
  const { bufferId, metadata, actions, packet } = value;
  const text = ` ${formatPackedMatch(metadata, { ports, paint })} actions=${formatActions(actions, { ports, tables, paint })}`;
  if (bufferId !== undefined) return `${text} buffer=0x${bufferId.toString(16).padStart(8, '0')}`;
  const packetType = getSlot(unpackKey(metadata), 'packet_type');
  const shown = verbosity > 0 && packet.length > 0 ? `\n${formatPacket(packet, packetType, paint)}` : '';
  const dump = verbosity > 2 ? hexDump(packet, 'of a message') : '';
  return `${text} data_len=${packet.length}${shown}${dump}`;
}
