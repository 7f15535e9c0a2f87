/**
 * What the log tells of packets that tunnels refuse, in the reference's words. The text is made here: a function made
 * where packets are looked at would cost every one of them memory.
 */
import { LimitedSite, logger } from '../../../base/log.ts';
import { geneve, geneveOptionsSize } from '../../../wire/geneve.ts';
import { udp } from '../../../wire/transport.ts';

const log = logger('native_tnl');
const site = new LimitedSite({ perMinute: 60, burst: 5 });

function warn(what: () => string): void {
  log.limited('warn', site, what);
}

export function logBadChecksum(): void {
  warn(() => 'ip packet has invalid checksum');
}

export function logIpOptions(headerSize: number): void {
  warn(() => `ip options not supported on tunnel packets (${headerSize} bytes)`);
}

/** `at` is where the header is, here and below. */
export function logVxlan(view: DataView, at: number): void {
  warn(() => `invalid vxlan flags=${alternate(view.getUint32(at))} vni=${alternate(view.getUint32(at + 4))}`);
}

/** The packet is view[start..end), and UDP's header right in front of `at`. */
export function logGeneve(view: DataView, at: number, start: number, end: number): void {
  warn(() => {
    const least = udp.size + geneve.size;
    const size = end - at + udp.size;
    if (size < least) return `geneve packet too small: min header=${least} packet size=${size}`;
    const headersEnd = at + geneve.size + geneveOptionsSize(view, at);
    if (headersEnd > end)
      return `geneve packet too small: header len=${headersEnd - start} packet size=${end - start}`;
    const version = geneve.get.versionLength(view, at) >>> 6;
    if (version !== 0) return `unknown geneve version: ${version}`;
    return `unknown geneve encapsulated protocol: ${alternate(geneve.get.protocol(view, at))}`;
  });
}

export function logNoIp(): void {
  warn(() => 'GTP-U: Receive non-IP packet.');
}

/** As printf's %#x. */
function alternate(value: number): string {
  return value === 0 ? '0' : `0x${value.toString(16)}`;
}
