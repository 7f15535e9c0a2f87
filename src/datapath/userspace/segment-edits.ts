/**
 * Text of the current packet's TCP segment becomes other text, and its numbers follow what was changed in the connection
 * so far: sequence, acknowledgement, and what is acknowledged selectively (RFC 9293, section 3.1, RFC 2018).
 */
import {
  foldSum,
  internetChecksum,
  pseudoHeader4,
  pseudoHeader6,
  updateChecksum,
} from '../../wire/checksum.ts';
import { copyBytes, type Frame } from '../../wire/frame.ts';
import { ipv4, ipv6 } from '../../wire/ip.ts';
import { tcp } from '../../wire/transport.ts';
import type { Gateway } from '../conntrack/gateways/gateway.ts';
import { tcpFlag } from '../conntrack/tcp-segment.ts';
import type { IpPlace, TrackedPacket } from '../conntrack/tracked-packet.ts';
import type { CurrentPacket } from './current-packet.ts';

/** Bytes from one of the payload on, and in front of another, become those. Later ones lie behind earlier ones. */
export interface Replacement {
  readonly from: number;
  readonly to: number;
  readonly text: Uint8Array;
}

/** Kinds of options, of which the first two have no length. */
const option = { end: 0, none: 1, selective: 5 } as const;
const maxIpSize = 0xffff;

/** The packet may be written, and `tracked` says where its headers are and what its numbers were before. */
export function rewriteSegment(
  packet: CurrentPacket,
  { place, sequence, acknowledgement, payloadSize, flags }: TrackedPacket,
  gateway: Gateway,
  isReply: boolean,
  replacements: readonly Replacement[],
): void {
  const growth = record(gateway, isReply, sequence, replacements);
  const headerSize = place.end - payloadSize - place.transport;
  if (!replace(packet, place, place.end - payloadSize, growth, replacements)) return;
  const { frame } = packet;
  const { view } = frame;
  const { transport } = place;
  tcp.set.sequence(view, transport, gateway.shiftOf(isReply).outward(sequence));
  const peer = gateway.shiftOf(!isReply);
  if (!peer.isNone && (flags & tcpFlag.ack) !== 0) {
    tcp.set.acknowledgement(view, transport, peer.inward(acknowledgement));
    eachSelective(view, transport + tcp.size, transport + headerSize, (at) =>
      view.setUint32(at, peer.inward(view.getUint32(at))),
    );
  }
  finishSegment(frame, place);
}

/** Numbers behind each text that has another length are other ones from now on. Returns by how much all of it grew. */
function record(
  gateway: Gateway,
  isReply: boolean,
  sequence: number,
  replacements: readonly Replacement[],
): number {
  let growth = 0;
  for (const { from, to, text } of replacements) {
    const by = text.length - (to - from);
    growth += by;
    if (by !== 0) gateway.shiftOf(isReply).record(sequence + to, by);
  }
  return growth;
}

/** `payload`: where it begins. `place` then tells of the packet as it is. False when it had to be dropped. */
function replace(
  packet: CurrentPacket,
  place: IpPlace,
  payload: number,
  growth: number,
  replacements: readonly Replacement[],
): boolean {
  if (replacements.length === 0) return true;
  const { frame } = packet;
  const text = joined(frame.bytes.subarray(payload, frame.end), growth, replacements);
  if (growth === 0) {
    frame.bytes.set(text, payload);
    return true;
  }
  if (place.end - place.network + growth > maxIpSize) {
    packet.drop('tooLarge');
    return false;
  }
  const headSize = payload - frame.start;
  const fresh = packet.take(headSize + text.length, 0);
  if (fresh === undefined) {
    packet.isDropped = true;
    return false;
  }
  copyBytes(frame, frame.start, fresh, fresh.start, headSize); // it may have been moved to make room
  fresh.bytes.set(text, fresh.start + headSize);
  fresh.end = fresh.start + headSize + text.length;
  fresh.copyOffloads(frame);
  packet.frame = fresh;
  const by = fresh.start + headSize - payload;
  place.network += by;
  place.transport += by;
  place.end += by + growth;
  resize(fresh.view, place, growth);
  return true;
}

function joined(before: Uint8Array, growth: number, replacements: readonly Replacement[]): Uint8Array {
  const after = new Uint8Array(before.length + growth);
  let read = 0;
  let written = 0;
  const put = (bytes: Uint8Array): void => {
    after.set(bytes, written);
    written += bytes.length;
  };
  for (const { from, to, text } of replacements) {
    put(before.subarray(read, from));
    put(text);
    read = to;
  }
  put(before.subarray(read));
  return after;
}

function resize(view: DataView, { version, network }: IpPlace, growth: number): void {
  if (version === 6) {
    ipv6.set.payloadSize(view, network, ipv6.get.payloadSize(view, network) + growth);
    return;
  }
  const before = ipv4.get.totalSize(view, network);
  ipv4.set.totalSize(view, network, before + growth);
  const checksum = ipv4.get.checksum(view, network);
  ipv4.set.checksum(view, network, updateChecksum(checksum, before, before + growth));
}

/** Each edge of a block, in the options from `from` on. */
function eachSelective(view: DataView, from: number, end: number, change: (at: number) => void): void {
  for (let at = from; at < end; ) {
    const kind = view.getUint8(at);
    if (kind === option.end) return;
    if (kind === option.none) {
      at++;
      continue;
    }
    const size = at + 1 < end ? view.getUint8(at + 1) : 0;
    if (size < 2 || at + size > end) return;
    if (kind === option.selective) for (let edge = at + 2; edge + 4 <= at + size; edge += 4) change(edge);
    at += size;
  }
}

/** One that a device is to compute later holds the sum of the pseudo header. */
function finishSegment({ view, start, checksumStart }: Frame, place: IpPlace): void {
  const { version, network, transport, protocol, end } = place;
  const size = end - transport;
  const pseudo = (version === 4 ? pseudoHeader4 : pseudoHeader6)(view, network, protocol, size);
  if (checksumStart >= 0 && start + checksumStart === transport) {
    tcp.set.checksum(view, transport, foldSum(pseudo));
    return;
  }
  tcp.set.checksum(view, transport, 0);
  tcp.set.checksum(view, transport, internetChecksum(view, transport, size, pseudo));
}
