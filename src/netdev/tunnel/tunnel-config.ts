/** How a tunnel wraps packets, as the options of its Interface row say (ovs-vswitchd.conf.db(5), "Tunnel Options"). */

/** Interface `type` values. */
export const tunnelTypes = ['geneve', 'vxlan', 'gre', 'ip6gre', 'erspan', 'ip6erspan', 'gtpu'] as const;
export type TunnelType = (typeof tunnelTypes)[number];

/** The bytes of an address: 4 of IPv4, 16 of IPv6. */
export type TunnelAddress = Uint8Array;

/** The packets inside: Ethernet frames, packets without an Ethernet header, or both. */
export type PacketMode = 'legacy_l2' | 'legacy_l3' | 'ptap';

/** A value of its own for each packet, which flows write and match on. */
export const byFlow = 'flow';
export type ByFlow = typeof byFlow;

export interface TunnelConfig {
  readonly type: TunnelType;
  /** The other end. */
  readonly remote: TunnelAddress | ByFlow;
  /** This end; undefined for any address of the host. */
  readonly local: TunnelAddress | ByFlow | undefined;
  /** Of packets that come in, 64 bits; undefined for none, which is told apart from 0 on the wire only. */
  readonly inKey: bigint | ByFlow | undefined;
  readonly outKey: bigint | ByFlow | undefined;
  /** Port of UDP; 0 for tunnels without. */
  readonly dstPort: number;
  /** DSCP and ECN bits; or as the packet inside has them. */
  readonly tos: number | 'inherit';
  readonly ttl: number | 'inherit';
  readonly dontFragment: boolean;
  readonly hasChecksum: boolean;
  readonly hasSequence: boolean;
  readonly mode: PacketMode;
  /** Of VXLAN. */
  readonly extensions: ReadonlySet<'gbp' | 'gpe'>;
  /** Written to `pkt_mark` of what is wrapped. */
  readonly egressMark: number | undefined;
  /** undefined for other tunnels. */
  readonly erspan: ErspanConfig | undefined;
}

/** Of the header of ERSPAN: version 1 has an index, version 2 a direction and a hardware id. */
interface ErspanConfig {
  readonly version: 1 | 2 | ByFlow;
  readonly index: number | ByFlow;
  readonly direction: number | ByFlow;
  readonly hardwareId: number | ByFlow;
}

/** A device that is a tunnel. */
export interface IsTunnel {
  /** Another object after it was configured anew. */
  readonly tunnel: TunnelConfig;
  /** Undefined where no route is known. */
  setEgress(egress: Egress | undefined): void;
}

/** The device by which packets to the other end leave the host. */
export interface Egress {
  readonly device: string;
  readonly hasCarrier: boolean;
}
