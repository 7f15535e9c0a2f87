/** What the log tells, for those who look for the reason, of packets whose IP header contradicts itself or their size. */
import { hexDump } from '../base/hex-dump.ts';
import { LimitedSite, logger } from '../base/log.ts';
import { etherType } from '../wire/ethernet.ts';
import type { Frame } from '../wire/frame.ts';

const log = logger('flow');
const site = new LimitedSite({ perMinute: 1, burst: 5 });

export function logInvalidPacket({ view, start, end, inPort }: Frame, type: number): void {
  log.limited('dbg', site, () => {
    const check = type === etherType.ipv4 ? 'ipv4_sanity_check' : 'ipv6_sanity_check';
    const bytes = new Uint8Array(view.buffer, view.byteOffset + start, end - start);
    const dump = hexDump(bytes, 'of a message');
    return `invalid packet for ${check}: port ${inPort}, size ${bytes.length}\n${dump.trimEnd()}`;
  });
}
