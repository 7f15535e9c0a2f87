/** The options of a tunnel as text, both ways: ovs-vswitchd.conf.db(5), "Tunnel Options". */
import { formatIpv4, formatIpv6, readIpv4, readIpv6 } from '../../base/addresses.ts';
import { badOptions } from '../virtual-netdev.ts';
import {
  type ByFlow,
  byFlow,
  type TunnelAddress,
  type TunnelConfig,
  type TunnelType,
} from './tunnel-config.ts';

const defaultTtl = 64;

const udpPorts: Readonly<Partial<Record<TunnelType, number>>> = { geneve: 6081, vxlan: 4789, gtpu: 2152 };

/** Throws Refused. */
export function readTunnelOptions(
  type: TunnelType,
  name: string,
  options: ReadonlyMap<string, string>,
): TunnelConfig {
  const remote = addressOf(options.get('remote_ip'));
  if (remote === undefined) throw badOptions(name, `${type} type requires valid 'remote_ip' argument`);
  return {
    type,
    remote,
    local: addressOf(options.get('local_ip')),
    inKey: keyOf(options.get('in_key') ?? options.get('key')),
    outKey: keyOf(options.get('out_key') ?? options.get('key')),
    dstPort: Number(options.get('dst_port') ?? udpPorts[type] ?? 0),
    tos: inheritedOr(options.get('tos'), 0),
    ttl: inheritedOr(options.get('ttl'), defaultTtl),
    dontFragment: options.get('df_default') !== 'false',
    hasChecksum: options.get('csum') === 'true',
    hasSequence: options.get('seq') === 'true',
    mode: type === 'gtpu' ? 'legacy_l3' : 'legacy_l2',
    extensions: new Set(),
    egressMark: undefined,
    erspan: undefined,
  };
}

function addressOf(text: string | undefined): TunnelAddress | ByFlow | undefined {
  if (text === undefined || text === byFlow) return text;
  return text.includes(':') ? readIpv6(text) : readIpv4(text);
}

function keyOf(text: string | undefined): bigint | ByFlow | undefined {
  return text === undefined || text === byFlow ? text : BigInt(text);
}

function inheritedOr(text: string | undefined, usual: number): number | 'inherit' {
  return text === 'inherit' ? text : Number(text ?? usual);
}

/** As `dpif/show` shows it: what is not as usual, by name. */
export function formatTunnelOptions(tunnel: TunnelConfig): ReadonlyMap<string, string> {
  const shown = new Map([['remote_ip', formatAddress(tunnel.remote)]]);
  if (tunnel.local !== undefined) shown.set('local_ip', formatAddress(tunnel.local));
  return shown;
}

export function formatAddress(address: TunnelAddress | ByFlow): string {
  if (address === byFlow) return address;
  return address.length === 4 ? formatIpv4(address) : formatIpv6(address);
}
