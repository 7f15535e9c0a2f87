/** A packet that came through a tunnel: what every answer about it depends on, and congestion on its way (RFC 6040). */
import { LimitedSite, logger } from '../../../base/log.ts';
import { tunnelFlag } from '../../../flow/fields/flags.ts';
import { etherTypeOf, getSlot, maskSlot, setSlot } from '../../../flow/key.ts';
import { isTunnelled } from '../../../flow/packet-mask.ts';
import { slots } from '../../../flow/slots.ts';
import { etherType } from '../../../wire/ethernet.ts';
import { congestion, serviceBits } from '../../../wire/ip.ts';

const decidingFlags = tunnelFlag.dontFragment | tunnelFlag.checksum | tunnelFlag.key;

const log = logger('tunnel');
const site = new LimitedSite({ perMinute: 1, burst: 5 });

/** Nothing for a packet that came through none. */
export function unwildcardTunnel(mask: Uint32Array, flow: Uint32Array): void {
  if (!isTunnelled(flow)) return;
  const addresses =
    getSlot(flow, 'tun_dst') === 0
      ? (['tun_ipv6_src', 'tun_ipv6_dst'] as const)
      : (['tun_src', 'tun_dst'] as const);
  for (const slot of ['tun_id', 'tun_tos', ...addresses] as const) maskSlot(mask, slot);
  setSlot(mask, 'tun_flags', getSlot(mask, 'tun_flags') | decidingFlags);
  if (!hasMetCongestion(flow)) return;
  const { word, shift } = slots.nw_tos;
  mask[word] = (mask[word] ?? 0) | (serviceBits.congestion << shift);
}

/** The packet inside says of congestion what its tunnel says; false when it cannot, and so must not go on. */
export function carryCongestion(flow: Uint32Array): boolean {
  if (!isTunnelled(flow) || !hasMetCongestion(flow)) return true;
  const service = getSlot(flow, 'nw_tos');
  if ((service & serviceBits.congestion) === congestion.notCapable) {
    log.limited('warn', site, () => 'dropping tunnel packet marked ECN CE but is not ECN capable');
    return false;
  }
  setSlot(flow, 'nw_tos', service | congestion.met);
  return true;
}

function hasMetCongestion(flow: Uint32Array): boolean {
  const type = etherTypeOf(flow);
  const isIp = type === etherType.ipv4 || type === etherType.ipv6;
  return isIp && (getSlot(flow, 'tun_tos') & serviceBits.congestion) === congestion.met;
}
