/** The tunnels of the bridges of a datapath, as `ofproto/list-tunnels` shows them. */
import { hexOrZero } from '../../base/numbers.ts';
import { byFlow, type TunnelConfig } from '../../netdev/tunnel/tunnel-config.ts';
import type { Backer } from '../backer.ts';
import { describeTunnel } from '../tunnels/tunnel-index.ts';

export interface TunnelRow {
  readonly name: string;
  readonly type: string;
  /** The port of the datapath that it shares. */
  readonly dpPort: number;
  /** "::->192.0.2.1, key=0x5, legacy_l2, dp port=4789, ttl=64" */
  readonly settings: string;
}

export function listTunnels({ ports }: Backer): TunnelRow[] {
  return [...ports.tunnels].flatMap(({ port: { name, tunnel, dpPort } }) => {
    if (tunnel === undefined || dpPort === undefined) return [];
    const settings = [describeTunnel(tunnel, dpPort), ...wrappingOf(tunnel)].join(', ');
    return [{ name, type: tunnel.type, dpPort, settings }];
  });
}

export function formatTunnels(rows: readonly TunnelRow[]): string {
  return rows
    .map(({ name, type, dpPort, settings }) => `port ${dpPort}: ${name} (${type}: ${settings})\n`)
    .join('');
}

function wrappingOf({ inKey, outKey, ttl, tos, dontFragment, hasChecksum }: TunnelConfig): string[] {
  const key = outKey === undefined ? 'none' : outKey === byFlow ? byFlow : hexOrZero(outKey);
  return [
    ...(outKey === inKey ? [] : [`out_key=${key}`]),
    `ttl=${ttl}`,
    ...(tos === 0 ? [] : [`tos=${tos === 'inherit' ? tos : hexOrZero(tos)}`]),
    ...(dontFragment ? [] : ['df=false']),
    ...(hasChecksum ? ['csum=true'] : []),
  ];
}
