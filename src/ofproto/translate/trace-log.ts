/** What the log tells of packets that could not be dealt with as somebody asked. */
import { LimitedSite, logger } from '../../base/log.ts';
import { formatMatch } from '../../flow/format-match.ts';
import { setSlot } from '../../flow/key.ts';
import { packetMask } from '../../flow/packet-mask.ts';
import { portText } from '../../openflow/ports.ts';
import type { Ofproto } from '../ofproto.ts';
import type { TranslationRequest } from './request.ts';
import type { TraceEvent } from './trace.ts';
import { errorsOf } from './trace-text.ts';

const log = logger('ofproto_dpif_xlate');
const site = new LimitedSite({ perMinute: 1, burst: 5 });

/** Says what of `event` is wrong, and of which packet: as the datapath's actions made it so far. */
export function logErrors(
  event: TraceEvent,
  { name }: Ofproto,
  { scratch, inPort }: TranslationRequest,
): void {
  for (const error of errorsOf(event)) {
    log.limited('warn', site, () => {
      const key = scratch.base.slice();
      setSlot(key, 'in_port', inPort);
      const flow = formatMatch(key, packetMask(key), { ports: portText });
      return `${error} on bridge ${name} while processing ${flow}`;
    });
  }
}
