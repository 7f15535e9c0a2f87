/**
 * What the layer above asks of a switch, as checked values: `vswitchd` makes them from database rows, tests by hand.
 * Nothing here is optional by accident: `defaultOfprotoConfig`, `defaultBundleConfig` and `defaultUpcallLimits` are
 * what ovs-vswitchd.conf.db(5) says an empty column means.
 */
import type { OfPort } from '../base/units.ts';
import type { PrefixSlot } from '../flow/prefix-index.ts';
import type { TlsConfig } from '../net/tls-config.ts';
import type { Subfield } from '../openflow/actions/subfield.ts';
import type { SwitchDescription } from '../openflow/messages/description.ts';
import { allVersions, type WireVersion } from '../openflow/versions.ts';
import { type BondSettings, defaultBondSettings } from '../protocols/bond-settings.ts';
import type { LacpPortSettings, LacpSettings } from '../protocols/lacp-types.ts';
import type { LldpSettings } from '../protocols/lldp-types.ts';
import { type ExporterConfig, noExporters } from './exporters/exporter-config.ts';
import type { MirrorConfig } from './mirrors/mirror-set.ts';
import type { MulticastTableConfig } from './multicast/multicast-table.ts';
import { defaultTreePort, type TreeConfig, type TreePortConfig } from './spanning-tree/tree-config.ts';

/** How prefixes are looked for in a table that nothing was said about. */
export const defaultPrefixes: readonly PrefixSlot[] = ['nw_dst', 'nw_src'];

/** A row of Flow_Table. */
export interface FlowTableConfig {
  readonly number: number;
  /** Empty for none. */
  readonly name: string;
  /** Flows at most; undefined for any number. */
  readonly flowLimit: number | undefined;
  /** Flows make room for others; else those are refused. */
  readonly evicts: boolean;
  /** Flows that have the same values of these are one group when one is chosen. */
  readonly groupFields: readonly Subfield[];
  readonly prefixes: readonly PrefixSlot[];
}

interface MulticastConfig extends MulticastTableConfig {
  /** What nobody has asked for goes everywhere; else it goes where routers are. */
  readonly floodsUnregistered: boolean;
}

export type AutoAttachConfig = Omit<LldpSettings, 'isEnabled'>;

/** A switch of which nothing is said calls itself what the reference does. */
export const noAutoAttach: AutoAttachConfig = {
  systemName: '',
  systemDescription: 'openvswitch 3.1.0',
  services: new Map(),
};

export interface OfprotoConfig {
  /** 16 hex digits. */
  readonly datapathId: string;
  /** "secure": no flow is there until a controller sets one, so nothing is forwarded. */
  readonly failMode: 'standalone' | 'secure';
  /** "xx:xx:xx:xx:xx:xx", of the local port. */
  readonly hwaddr: string;
  /** Seconds that a learned address lasts without traffic. */
  readonly macAgingTime: number;
  /** Learned addresses at most. */
  readonly macTableSize: number;
  /** Forwards 01:80:c2:00:00:0x like any other frame. */
  readonly forwardBpdu: boolean;
  /** VLANs in which nothing is learned, so that all is flooded. */
  readonly floodVlans: readonly number[];
  /** Multicast is flooded where undefined. */
  readonly multicast: MulticastConfig | undefined;
  /** What LLDP says of the switch; see `LldpSettings`. */
  readonly autoAttach: AutoAttachConfig;
  readonly mirrors: readonly MirrorConfig[];
  /** No spanning tree is run where undefined. */
  readonly tree: TreeConfig | undefined;
  readonly exporters: ExporterConfig;
  /** What OpenFlow tells of the switch. */
  readonly description: SwitchDescription;
  /** Versions of OpenFlow that may be spoken. */
  readonly versions: readonly WireVersion[];
  readonly control: ControlConfig;
  /** Those of which something is said. */
  readonly tables: readonly FlowTableConfig[];
}

/**
 * Whom a switch talks OpenFlow with, and how.
 * Differs: while flows are restored, controllers are there already, and only are not connected to; with the reference they
 * come afterwards, and the flows that were restored go then.
 */
export interface ControlConfig {
  /** Each target is there once. */
  readonly controllers: readonly ControllerSettings[];
  /** For those of kind ssl and pssl. */
  readonly tls: TlsConfig;
  readonly inBand: InBandConfig;
  /** Nobody is talked to but by the socket for tools: flows are being restored. */
  readonly isHeld: boolean;
  /** Milliseconds after which a bundle of changes that nothing is said about is given up. */
  readonly bundleIdleTimeout: number;
  /** What paths of sockets are relative to; undefined where they are not. */
  readonly runFolder: string | undefined;
}

/** What the bridge's own host is to reach by way of the bridge, whatever its flows say. */
export interface InBandConfig {
  readonly remotes: readonly InBandRemote[];
  /** What is sent there goes through that queue of its port; undefined for the usual one. */
  readonly queue: number | undefined;
}

export interface InBandRemote {
  /** IPv4. */
  readonly address: string;
  readonly port: number;
}

/** Does somebody else say what becomes of packets? */
export function hasPrimary({ controllers }: ControlConfig): boolean {
  return controllers.some(({ type }) => type === 'primary');
}

export interface ControllerSettings {
  /** The bridge's own socket for tools. */
  readonly isForTools: boolean;
  /** "tcp:10.0.0.1:6653", "punix:/run/br0.mgmt": as the operator wrote it. */
  readonly target: string;
  /** A "primary" one decides about the flows; a "service" one looks on, or helps for a while. */
  readonly type: 'primary' | 'service';
  /** Seconds between two attempts to connect, at most. */
  readonly maxBackoff: number;
  /** Seconds of silence after which it is asked for a sign of life; 0 for never. */
  readonly probeInterval: number;
  /** Marks what is sent there: 0..63. */
  readonly dscp: number;
  /** It is sent, from the start, what it does not ask for. */
  readonly isToldAsynchronously: boolean;
  /** Packets a second that are sent there; undefined for all. */
  readonly rateLimit: number | undefined;
  /** Packets that wait where there is a limit. */
  readonly burstLimit: number | undefined;
  /** Packets that wait to be sent, at most. */
  readonly queueSize: number;
}

/** A controller with nothing but its target and type set. */
export const defaultController: Omit<ControllerSettings, 'target' | 'type'> = {
  isForTools: false,
  maxBackoff: 8,
  probeInterval: 5,
  dscp: 48,
  isToldAsynchronously: true,
  rateLimit: undefined,
  burstLimit: undefined,
  queueSize: 100,
};

export const defaultOfprotoConfig: OfprotoConfig = {
  datapathId: '0000000000000000',
  failMode: 'standalone',
  hwaddr: '00:00:00:00:00:00',
  macAgingTime: 300,
  macTableSize: 8192,
  forwardBpdu: false,
  floodVlans: [],
  multicast: undefined,
  autoAttach: noAutoAttach,
  mirrors: [],
  tree: undefined,
  exporters: noExporters,
  description: { manufacturer: '', hardware: '', software: '', serialNumber: '', datapath: '' },
  versions: allVersions,
  control: {
    controllers: [],
    tls: {},
    inBand: { remotes: [], queue: undefined },
    isHeld: false,
    bundleIdleTimeout: 10_000,
    runFolder: undefined,
  },
  tables: [],
};

export type VlanMode = 'access' | 'trunk' | 'native-tagged' | 'native-untagged' | 'dot1q-tunnel';
type PriorityTags = 'never' | 'if-nonzero' | 'always';

/** As the reference has it, a port that spoke LLDP goes on showing what it knows while it is "off". */
export type PortDiscovery = 'unset' | 'off' | 'on';

/** What of LACP is not said is as the switch and the ports are. */
export interface BundleLacp extends Pick<LacpSettings, 'isActive' | 'isFast' | 'fallsBack'> {
  /** "xx:xx:xx:xx:xx:xx"; the bridge's own where undefined. */
  readonly systemId: string | undefined;
  readonly systemPriority: number | undefined;
}

export interface MemberLacp extends Omit<LacpPortSettings, 'portId'> {
  /** Its OpenFlow number where undefined. */
  readonly portId: number | undefined;
}

export const defaultMemberLacp: MemberLacp = { portId: undefined, priority: 0xffff, key: 0 };

/** One Port row: what carries VLANs. */
export interface BundleConfig {
  /** More than one is a bond. */
  readonly members: readonly OfPort[];
  readonly bond: BondSettings;
  /** No LACP is spoken where undefined. */
  readonly lacp: BundleLacp | undefined;
  /** Those of which something is said. */
  readonly memberLacp: ReadonlyMap<OfPort, MemberLacp>;
  readonly tree: TreePortConfig;
  readonly vlanMode: VlanMode;
  /** The access, native or service VLAN: 0..4095. 0 in modes without one, and for an access port without a tag. */
  readonly tag: number;
  /** VLANs carried by a trunk; empty = all. The native VLAN is always carried. */
  readonly trunks: readonly number[];
  /** Customer VLANs that dot1q-tunnel lets in; empty = all. */
  readonly cvlans: readonly number[];
  /** Ethertype of the service tag: 0x88a8 or 0x8100. */
  readonly qinqEthertype: number;
  readonly priorityTags: PriorityTags;
  /** Does not forward to other protected ports. */
  readonly isProtected: boolean;
  /** Gets all multicast of a switch that snoops. */
  readonly multicastFlood: boolean;
  /** Gets all reports of such a switch. */
  readonly multicastFloodReports: boolean;
}

/** A trunk that carries every VLAN: a Port row with nothing set. */
export const defaultBundleConfig: BundleConfig = {
  members: [],
  bond: defaultBondSettings,
  lacp: undefined,
  memberLacp: new Map(),
  tree: defaultTreePort,
  vlanMode: 'trunk',
  tag: 0,
  trunks: [],
  cvlans: [],
  qinqEthertype: 0x88a8,
  priorityTags: 'never',
  isProtected: false,
  multicastFlood: false,
  multicastFloodReports: false,
};

/** `other_config` of the Open_vSwitch row, as far as datapath flows are concerned. */
export interface UpcallLimits {
  /** Datapath flows at most. */
  readonly flowLimit: number;
  /** Milliseconds after which a flow without traffic is deleted. */
  readonly maxIdle: number;
  /** Milliseconds between two looks at all flows, at most. */
  readonly maxRevalidator: number;
  /** Packets a second below which a flow is not worth translating again; it is deleted instead. */
  readonly minRevalidatePps: number;
  /** Tags looked at: 1 or 2; 0 = as many as there are. */
  readonly vlanLimit: number;
}

export const defaultUpcallLimits: UpcallLimits = {
  flowLimit: 200_000,
  maxIdle: 10_000,
  maxRevalidator: 500,
  minRevalidatePps: 5,
  vlanLimit: 1,
};
