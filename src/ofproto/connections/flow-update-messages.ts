/** What watchers of flows are told, as messages: OpenFlow 1.4.1 section 7.3.5.17, NXST_FLOW_MONITOR. */
import { encodeParts, messageBytes } from '../../openflow/codec.ts';
import type { FlowUpdate } from '../../openflow/messages/monitor-updates.ts';
import type { WireVersion } from '../../openflow/versions.ts';

/** As few as hold them; each is good for ever. Pauses are messages of their own before OpenFlow 1.4. */
export function* flowUpdateMessages(
  updates: Iterable<FlowUpdate>,
  version: WireVersion,
): IterableIterator<Uint8Array> {
  let rest: FlowUpdate[] = [];
  for (const update of updates) {
    if (version > 4 || (update.event !== 'paused' && update.event !== 'resumed')) {
      rest.push(update);
      continue;
    }
    yield* replies(rest, version);
    rest = [];
    const name = update.event === 'paused' ? 'FLOW_MONITOR_PAUSED' : 'FLOW_MONITOR_RESUMED';
    yield messageBytes({ name, value: undefined }, version);
  }
  yield* replies(rest, version);
}

function* replies(updates: readonly FlowUpdate[], version: WireVersion): IterableIterator<Uint8Array> {
  if (updates.length === 0) return;
  for (const part of encodeParts(version, { name: 'FLOW_MONITOR_REPLY' }, updates, 0)) yield part.slice();
}
