/** Packets for controllers as messages: OpenFlow 1.5.1 section 7.4.1, NXT_PACKET_IN and NXT_PACKET_IN2. */
import type { Sent } from '../../openflow/codec.ts';
import { encodeContinuation } from '../../openflow/messages/continuation.ts';
import type { PacketInFormat } from '../../openflow/messages/extensions.ts';
import { packetInReasons } from '../../openflow/packet-in-reasons.ts';
import type { WireVersion } from '../../openflow/versions.ts';
import type { PacketForController } from '../controllers.ts';

const [noMatch, action, explicitMiss, implicitMiss] = [0, 1, 6, 7];

/** The number of the reason in that version; undefined where connections of it are not told. */
export function packetInReasonOf(reason: number, version: WireVersion): number | undefined {
  if (reason === explicitMiss) return version < 4 ? action : noMatch;
  if (reason === implicitMiss) return version < 4 ? noMatch : undefined;
  return reason > 2 && version < 5 ? action : reason;
}

/** No rule was there for the packet, whatever a version calls that. */
export function isMiss(reason: number): boolean {
  return reason === noMatch || reason === explicitMiss || reason === implicitMiss;
}

const forms: Readonly<Record<PacketInFormat, string>> = {
  standard: 'OFPT_PACKET_IN',
  nxt_packet_in: 'NXT_PACKET_IN',
  nxt_packet_in2: 'NXT_PACKET_IN2',
};

/** What fits into a message beside all else. */
const mostBytes = 0xffff - 4096;
const noBytes = new Uint8Array(0);

export function packetInMessage(
  packet: PacketForController,
  version: WireVersion,
  format: PacketInFormat,
): Sent {
  const { bytes, table, cookie, metadata, userdata, continuation } = packet;
  const reason = packetInReasonOf(packet.reason, version) ?? noMatch;
  return {
    name: 'PACKET_IN',
    form: forms[format],
    value: {
      packet: bytes.length > mostBytes ? bytes.subarray(0, mostBytes) : bytes,
      totalSize: bytes.length,
      bufferId: undefined,
      table,
      cookie,
      reason: packetInReasons[reason] ?? reason,
      metadata,
      userdata,
      continuation: continuation === undefined ? noBytes : encodeContinuation(continuation, version),
    },
  };
}
