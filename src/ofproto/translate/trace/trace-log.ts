/** What the log tells of packets that could not be dealt with as somebody asked. */
import { LimitedSite, logger } from '../../../base/log.ts';
import { formatMatch } from '../../../flow/format-match.ts';
import { getSlot, readSlot, setSlot, writeSlot } from '../../../flow/key.ts';
import { packetMask } from '../../../flow/packet-mask.ts';
import { portText } from '../../../openflow/ports.ts';
import { isMplsType } from '../../../wire/ethernet.ts';
import type { Ofproto } from '../../ofproto.ts';
import type { TranslationRequest } from '../request.ts';
import type { TraceEvent } from './trace.ts';
import { errorsOf } from './trace-text.ts';

const log = logger('ofproto_dpif_xlate');
const site = new LimitedSite({ perMinute: 1, burst: 5 });

/** Tells what happened to the packet. Without a trace, the log has what is wrong with a packet that came in. */
export function tell(event: TraceEvent, ofproto: Ofproto, request: TranslationRequest): void {
  if (request.trace !== undefined) request.trace.note(event);
  else if (request.hasPacket) logErrors(event, ofproto, request);
}

/** Says what of `event` is wrong, and of which packet: as the datapath's actions made it so far. */
function logErrors(event: TraceEvent, { name }: Ofproto, request: TranslationRequest): void {
  for (const error of errorsOf(event)) {
    log.limited('warn', site, () => {
      const key = packetSoFar(request);
      const flow = formatMatch(key, packetMask(key), { ports: portText });
      return `${error} on bridge ${name} while processing ${flow}`;
    });
  }
}

/** Labels that were put in front of a whole Ethernet packet are shown as that packet's own. */
function packetSoFar({ context, key: given, inPort }: TranslationRequest): Uint32Array {
  const key = context.scratch.base.slice();
  setSlot(key, 'in_port', inPort);
  const hasLabels =
    isMplsType(getSlot(key, 'packet_type') & 0xffff) && !isMplsType(getSlot(given, 'eth_type'));
  if (!hasLabels || getSlot(given, 'packet_type') !== 0) return key;
  setSlot(key, 'packet_type', 0);
  for (const slot of ['eth_src', 'eth_dst'] as const) writeSlot(key, slot, readSlot(given, slot));
  return key;
}
