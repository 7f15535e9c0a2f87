/** Flows that went, as a message: OpenFlow 1.5.1 section 7.4.2. */
import type { Ms } from '../../base/units.ts';
import type { Sent } from '../../openflow/codec.ts';
import type { FlowEvent } from '../tables/flow-events.ts';
import { durationOf } from './duration.ts';

export function flowRemovedMessage(
  { rule, match, reason }: Extract<FlowEvent, { kind: 'removed' }>,
  now: Ms,
): Sent {
  const { priority, table, cookie, idleTimeout, hardTimeout, packetCount, byteCount } = rule;
  return {
    name: 'FLOW_REMOVED',
    value: {
      match,
      priority,
      reason,
      table,
      cookie,
      duration: durationOf(now - rule.createdAt),
      idleTimeout,
      hardTimeout,
      packets: BigInt(packetCount),
      bytes: BigInt(byteCount),
    },
  };
}
