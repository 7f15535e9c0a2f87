/** Packets that go to a controller. */
import { controllerMeter } from '../../openflow/messages/meters.ts';
import { type NamedPacketInReason, packetInReasons } from '../../openflow/packet-in-reasons.ts';
import { throughMeter } from '../meters/switch-meters.ts';
import { controllerAction } from './controller-action.ts';
import { ownWordsOf } from './freezing/frozen-states.ts';
import type { Translation } from './translation.ts';

/** Of a rule for what no other rule is for. */
const explicitMiss = 6;

interface PacketIn {
  /** OFPR_*. */
  readonly reason: number;
  readonly maxLength: number;
  readonly controllerId: number;
  readonly userdata?: Uint8Array;
  /** Undefined for that of all packets for controllers. */
  readonly meter?: number | undefined;
}

const noBytes = new Uint8Array(0);

/**
 * Of what the flow leaves out of the packet's tunnel, controllers are told what its first packet had, as by the
 * reference.
 */
export function sendToController(t: Translation, packet: PacketIn): void {
  const { reason, maxLength, controllerId, userdata = noBytes, meter = controllerMeter } = packet;
  const { flow, ofproto, table, request } = t;
  const { isTracked, mirrored } = t.packet;
  const state = t.freezing.keep({
    ofproto,
    table,
    isTracked,
    mirrored,
    ownWords: ownWordsOf(flow),
    userdata,
  });
  const { meters } = ofproto;
  const up = controllerAction(state, t.cookie, {
    reason: reason === reasonNumber('action') && t.isTableMiss ? explicitMiss : reason,
    // Whoever only asks what would happen leaves the controllers in peace.
    isHeldBack: t.trace !== undefined && !request.hasPacket,
    isContinuation: false,
    controllerId,
    maxSize: maxLength,
  });
  t.datapath.act(throughMeter(meters.get(meter) ?? meters.get(controllerMeter), up));
}

/** OFPR_*: why a controller gets a packet. */
export function reasonNumber(reason: NamedPacketInReason): number {
  return packetInReasons.indexOf(reason);
}
