/**
 * The headers that `tnl_push` puts in front of a packet, prepared when the flow is made. Lengths and the IPv4 checksum
 * depend on the packet or follow from the rest, so they are not here.
 */

import { type Erspan, erspanSize } from '../wire/erspan.ts';
import { ethernet } from '../wire/ethernet.ts';
import { type Geneve, geneveSize } from '../wire/geneve.ts';
import { type Gre, greSize } from '../wire/gre.ts';
import { type Gtpu, gtpu, gtpuOptions } from '../wire/gtpu.ts';
import { ipv4, ipv6 } from '../wire/ip.ts';
import { udp } from '../wire/transport.ts';
import { type Vxlan, vxlan } from '../wire/vxlan.ts';

export interface TunnelHeader {
  readonly ethernet: {
    readonly dst: readonly number[];
    readonly src: readonly number[];
    readonly type: number;
  };
  readonly ip: TunnelIp;
  readonly tunnel: TunnelProtocol;
}

/** Addresses are 4 or 16 bytes. */
export type TunnelIp =
  | {
      readonly version: 4;
      readonly src: readonly number[];
      readonly dst: readonly number[];
      readonly protocol: number;
      readonly tos: number;
      readonly ttl: number;
      /** Flags and offset, as on the wire. */
      readonly fragment: number;
    }
  | {
      readonly version: 6;
      readonly src: readonly number[];
      readonly dst: readonly number[];
      readonly label: number;
      readonly protocol: number;
      readonly trafficClass: number;
      readonly hopLimit: number;
    };

export interface TunnelUdp {
  readonly src: number;
  readonly dst: number;
  readonly checksum: number;
}

export type TunnelProtocol =
  | ({ readonly type: 'vxlan'; readonly udp: TunnelUdp } & Vxlan)
  | ({ readonly type: 'geneve'; readonly udp: TunnelUdp } & Geneve)
  /** `checksum`, `key` and `sequence` are there as `flags` says; each packet gets its own checksum and number. */
  | ({ readonly type: 'gre'; readonly checksum?: number; readonly sequence?: number } & Gre)
  | ({ readonly type: 'erspan' } & Erspan)
  /** `hasSequence`: each packet gets a number. */
  | ({ readonly type: 'gtpu'; readonly udp: TunnelUdp; readonly hasSequence?: true } & Gtpu);

const ipSize = { 4: ipv4.size, 6: ipv6.size } as const;

/** Bytes of all the headers together. */
export function tunnelHeaderSize({ ip, tunnel }: TunnelHeader): number {
  return ethernet.size + ipSize[ip.version] + protocolSize(tunnel);
}

function protocolSize(tunnel: TunnelProtocol): number {
  switch (tunnel.type) {
    case 'vxlan':
      return udp.size + vxlan.size;
    case 'geneve':
      return udp.size + geneveSize(tunnel.options);
    case 'gre':
      return greSize(tunnel.flags);
    case 'erspan':
      return erspanSize(tunnel.version);
    case 'gtpu':
      return udp.size + gtpu.size + (tunnel.hasSequence === true ? gtpuOptions.size : 0);
  }
}

/** The number of the tunnel's kind in the reference's datapath interface (`enum ovs_vport_type`). */
export function tunnelTypeNumber({ ip, tunnel }: TunnelHeader): number {
  const isIpv6 = ip.version === 6;
  switch (tunnel.type) {
    case 'gre':
      return isIpv6 ? 109 : 3;
    case 'vxlan':
      return 4;
    case 'geneve':
      return 5;
    case 'erspan':
      return isIpv6 ? 108 : 107;
    case 'gtpu':
      return 110;
  }
}
