/**
 * The headers that `tnl_push` puts in front of a packet, prepared when the flow is made. Lengths and the IPv4 checksum
 * depend on the packet or follow from the rest, so they are not here.
 */
import { ethernet } from '../wire/ethernet.ts';
import { ipv4, ipv6 } from '../wire/ip.ts';
import { udp } from '../wire/transport.ts';

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

/** One option of a Geneve header (RFC 8926 section 3.5); `data` is 0 to 124 bytes, a multiple of 4. */
export interface GeneveOption {
  readonly class: number;
  readonly type: number;
  readonly data: readonly number[];
}

export type TunnelProtocol =
  | { readonly type: 'vxlan'; readonly udp: TunnelUdp; readonly flags: number; readonly vni: number }
  | {
      readonly type: 'geneve';
      readonly udp: TunnelUdp;
      readonly isOam: boolean;
      readonly isCritical: boolean;
      readonly vni: number;
      readonly options: readonly GeneveOption[];
    }
  /** `checksum`, `key` and `sequence` are there as `flags` says (RFC 2784 and 2890). */
  | {
      readonly type: 'gre';
      readonly flags: number;
      readonly protocol: number;
      readonly checksum?: number;
      readonly key?: number;
      readonly sequence?: number;
    }
  | { readonly type: 'erspan'; readonly version: 1; readonly sessionId: number; readonly index: number }
  | {
      readonly type: 'erspan';
      readonly version: 2;
      readonly sessionId: number;
      readonly direction: number;
      readonly hardwareId: number;
    }
  | {
      readonly type: 'gtpu';
      readonly udp: TunnelUdp;
      readonly flags: number;
      readonly messageType: number;
      readonly teid: number;
    };

export const greFlag = { checksum: 0x8000, key: 0x2000, sequence: 0x1000 } as const;

const ipSize = { 4: ipv4.size, 6: ipv6.size } as const;

/** Bytes of all the headers together. */
export function tunnelHeaderSize({ ip, tunnel }: TunnelHeader): number {
  return ethernet.size + ipSize[ip.version] + protocolSize(tunnel);
}

function protocolSize(tunnel: TunnelProtocol): number {
  switch (tunnel.type) {
    case 'vxlan':
    case 'gtpu':
      return udp.size + 8;
    case 'geneve':
      return udp.size + 8 + tunnel.options.reduce((size, { data }) => size + 4 + data.length, 0);
    case 'gre': {
      const words = [greFlag.checksum, greFlag.key, greFlag.sequence].filter(
        (bit) => (tunnel.flags & bit) !== 0,
      );
      return 4 + 4 * words.length;
    }
    case 'erspan':
      return 8 + 4 + (tunnel.version === 1 ? 4 : 8); // GRE with a sequence number, ERSPAN, its metadata
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
