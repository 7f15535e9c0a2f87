/** How a tunnel wraps packets, as the options of its Interface row say (ovs-vswitchd.conf.db(5), "Tunnel Options"). */
import { namesIn } from '../../base/literals.ts';

/** The bytes of an address: 4 of IPv4, 16 of IPv6. */
export type TunnelAddress = Uint8Array;

/** The packets inside: Ethernet frames, packets without an Ethernet header, or both. */
export type PacketMode = 'legacy_l2' | 'legacy_l3' | 'ptap';

/** A value of its own for each packet, which flows write and match on. */
export const byFlow = 'flow';
export type ByFlow = typeof byFlow;

/** What is the same for all tunnels of a type. */
interface TunnelTrait {
  /** Of the port that they share in a datapath; the number of a UDP port follows where they have one. */
  readonly portName: string;
  /** Port of UDP; 0 where each tunnel has to name one, undefined for tunnels without. */
  readonly udpPort?: number;
  /** What they carry, unless VXLAN is extended to carry more. */
  readonly carries: 'L2' | 'L3' | 'L2 and L3';
  readonly hasChecksum: boolean;
  readonly hasSequence: boolean;
}

const layer2 = { carries: 'L2', hasSequence: false } as const;
const layer3 = { carries: 'L3', hasSequence: false, hasChecksum: false } as const;
const greLike = { hasChecksum: true, hasSequence: true } as const;

/** By Interface `type`. */
const tunnelTraits = {
  geneve: { ...layer2, portName: 'genev_sys', udpPort: 6081, hasChecksum: true },
  gre: { ...greLike, portName: 'gre_sys', carries: 'L2 and L3' },
  vxlan: { ...layer2, portName: 'vxlan_sys', udpPort: 4789, hasChecksum: true },
  lisp: { ...layer3, portName: 'lisp_sys', udpPort: 4341 },
  stt: { ...layer2, portName: 'stt_sys', udpPort: 7471, hasChecksum: true },
  erspan: { ...greLike, portName: 'erspan_sys', carries: 'L2' },
  ip6erspan: { ...greLike, portName: 'ip6erspan_sys', carries: 'L2' },
  ip6gre: { ...greLike, portName: 'ip6gre_sys', carries: 'L2' },
  gtpu: { ...layer3, portName: 'gtpu_sys', udpPort: 2152 },
  bareudp: { ...layer3, portName: 'udp_sys', udpPort: 0 },
} as const satisfies Record<string, TunnelTrait>;

export type TunnelType = keyof typeof tunnelTraits;

export const tunnelTypes = namesIn(tunnelTraits);

export function traitOf(type: TunnelType): TunnelTrait {
  return tunnelTraits[type];
}

export const defaultTtl = 64;

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
  readonly extensions: ReadonlySet<VxlanExtension>;
  /** Written to `pkt_mark` of what is wrapped. */
  readonly egressMark: number | undefined;
  readonly erspan: ErspanConfig;
}

export type VxlanExtension = 'gbp' | 'gpe';

/**
 * Of the header of ERSPAN: version 1 has an index, version 2 a direction and a hardware id. Other tunnels have version
 * 0.
 */
interface ErspanConfig {
  readonly version: number | ByFlow;
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

/** The port that tunnels like that one share in a datapath. */
export function datapathPortName({ type, dstPort }: Pick<TunnelConfig, 'type' | 'dstPort'>): string {
  const { portName, udpPort } = traitOf(type);
  return udpPort === undefined ? portName : `${portName}_${dstPort}`;
}

export function carries({ type, extensions }: TunnelConfig): TunnelTrait['carries'] {
  return type === 'vxlan' && extensions.has('gpe') ? 'L2 and L3' : traitOf(type).carries;
}

export function usualMode(tunnel: TunnelConfig): PacketMode {
  return carries(tunnel) === 'L3' ? 'legacy_l3' : 'legacy_l2';
}
