/** Packets that go to a controller. */
import type { Translation } from './translation.ts';

/** OFPR_*: why a controller gets a packet. */
/** The last is of a rule for what no other rule is for. */
export const packetInReason = { action: 1, invalidTtl: 2, explicitMiss: 6 } as const;

interface PacketIn {
  readonly reason: number;
  readonly maxLength: number;
  readonly controllerId: number;
}

/** Whoever only asks what would happen leaves the controllers in peace. */
export function sendToController(t: Translation, { reason, maxLength, controllerId }: PacketIn): void {
  t.act({
    do: 'userspace',
    pid: 0,
    cookie: {
      type: 'controller',
      reason: reason === packetInReason.action && t.isTableMiss ? packetInReason.explicitMiss : reason,
      isHeldBack: t.trace !== undefined && !t.request.hasPacket,
      isContinuation: false,
      recircId: 0,
      ruleCookie: [0, 0],
      controllerId,
      maxSize: maxLength,
    },
  });
}
