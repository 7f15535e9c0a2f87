/**
 * What a kind of network device offers. Two halves, because a packet never crosses the main thread:
 *
 * - `Netdev`, on the main thread: opens and configures a device and knows its state. One for each Interface row.
 * - `RxQueue` and `TxPort`, on the threads of datapath workers: move frames. One worker receives on a port, and every
 *   worker sends on it. They are opened there from a `PortSpec`, plain data that the netdev hands out, by `openPortIo`
 *   (both, for the worker that receives) and `openTxPort` (for the others) in `registry.ts`.
 *
 * A datapath in the kernel takes the device by `ifindex` and opens neither. A deterministic datapath opens them on the
 * main thread. Every provider runs the suite in test/conformance/netdev.ts.
 */
import type { Random } from '../base/random.ts';
import type { Timers } from '../base/timers.ts';
import type { Frame, FrameBatch } from '../wire/frame.ts';
import type { DeviceMark } from './device-mark.ts';
import type { HasQos, PortQos } from './qos/port-qos.ts';
import type { Egress, IsTunnel, TunnelConfig, TunnelType } from './tunnel/tunnel-config.ts';

/** Interface `options`, which the provider judges, and the other columns that a device takes. */
export interface NetdevConfig {
  readonly options: ReadonlyMap<string, string>;
  /** "xx:xx:xx:xx:xx:xx": set on devices the switch makes. */
  readonly mac: string | undefined;
  /** Bytes of layer 3, `mtu_request`. */
  readonly mtuRequest: number | undefined;
  /** `other_config:pmd-rxq-affinity`: the cores that queues are bound to, by queue. */
  readonly queueCores?: ReadonlyMap<number, number>;
  /** `other_config:tx-steering`: by which queue a packet is sent goes by its connection, not by the thread. */
  readonly isSpread?: boolean;
}

/** Of a link: a speed in Mb/s and a duplex mode, a medium, or an ability. */
export type LinkMode =
  | `${10 | 100 | 1000} half`
  | `${10 | 100 | 1000 | 10000 | 40000 | 100000 | 1000000} full`
  | 'copper'
  | 'fiber'
  | 'negotiation'
  | 'pause'
  | 'asymmetric pause';

export interface LinkModes {
  readonly current: readonly LinkMode[];
  readonly advertised: readonly LinkMode[];
  readonly supported: readonly LinkMode[];
}

export interface NetdevState {
  /** 0 when the device is not a kernel one. */
  readonly ifindex: number;
  /** "xx:xx:xx:xx:xx:xx"; undefined once the device has vanished. */
  readonly mac: string | undefined;
  /** Bytes of layer 3; undefined where the notion makes no sense. */
  readonly mtu: number | undefined;
  readonly isUp: boolean;
  readonly hasCarrier: boolean;
  /** Times the carrier went up or down since opening. */
  readonly linkResets: number;
  /** bit/s; undefined when unknown. */
  readonly linkSpeed: number | undefined;
  readonly duplex: 'half' | 'full' | undefined;
  /** Undefined where nothing is told of them. */
  readonly linkModes: LinkModes | undefined;
  /** The `status` column: driver_name, driver_version, firmware_version ... */
  readonly status: ReadonlyMap<string, string>;
  /** Grows when anything above changed, so that a reader can tell at once. */
  readonly changeNumber: number;
}

/**
 * Keys of the `statistics` column, as ovs-vswitchd.conf.db(5) names them, and tx_aborted_err and tx_carrier_err, which
 * only `dpctl/show -s` shows. Absent = not known to this device.
 */
export type NetdevStats = ReadonlyMap<string, number>;

/** How a worker opens the frame path. Plain data: it is posted to another thread. */
export type PortSpec =
  | {
      readonly kind: 'packet';
      readonly name: string;
      readonly ifindex: number;
      /** A socket from `preparePort`: its opener closes it. Without, the frame path opens one. */
      readonly fd?: number;
    }
  | { readonly kind: 'tap'; readonly name: string; readonly fd: number }
  | { readonly kind: 'dummy'; readonly name: string }
  /** The port that tunnels of one kind share; what it is given is lost unless flows wrap it. */
  | {
      readonly kind: 'tunnel';
      readonly name: string;
      readonly type: TunnelType;
      /** The number of the next packet that goes out there, 32 bits, for all workers. */
      readonly sequence: SharedArrayBuffer;
    };

/**
 * An open device. One owner; closing it is the owner's duty. A device that the switch made goes when it is disposed of.
 */
export interface Netdev extends AsyncDisposable {
  readonly name: string;
  readonly type: string;
  readonly state: NetdevState;
  /** What the frame path needs; undefined for a device that no frame reaches by itself (patch). */
  readonly portSpec: PortSpec | undefined;
  /** Told after the kernel (or a command) changed `state`, or made the device vanish (`isGone`). */
  onChange: () => void;
  /** True once the kernel device is no longer there; reopen by name to follow a new one. */
  readonly isGone: boolean;
  /** The device was made by an earlier process, and others may have configured it since. */
  readonly isAdopted: boolean;
  /** Throws Refused on options that make no sense. A setting that the kernel refuses is logged and left as it was. */
  configure(config: NetdevConfig): Promise<void>;
  setUp(isUp: boolean): Promise<void>;
  /** Counters since the device was made, from the kernel where it is a kernel one; a promise where it must be asked. */
  stats(): NetdevStats | Promise<NetdevStats>;
  /** Closes it, and leaves a kernel device that the switch made to the process that opens it next. */
  leave(): Promise<void>;
}

/** A device that can be asked itself whether its link is up. */
export interface PollsLink {
  /** Every so many milliseconds; undefined: what the kernel tells counts. */
  pollLink(interval: number | undefined): void;
}

/** Does nothing where the device tells at once. */
export function pollLink(netdev: Netdev & Partial<PollsLink>, interval: number | undefined): void {
  netdev.pollLink?.(interval);
}

/** A device that the host talks over, with an IPv4 address of its own. Both throw SyscallFailed. */
export interface TakesAddresses {
  /** "192.0.2.1", "255.255.255.0" */
  setIpv4(address: string, netmask: string): void;
  /** Whatever the host has no better route for is sent to that address. */
  addGateway(address: string): void;
}

export function takesAddresses(netdev: Netdev & Partial<TakesAddresses>): netdev is Netdev & TakesAddresses {
  return netdev.setIpv4 !== undefined;
}

/** A device that tells how it is set up, as `dpif/show` shows it. */
export interface TellsConfig {
  readonly config: ReadonlyMap<string, string>;
}

/** Empty where the device does not tell. */
export function configOf(netdev: Netdev & Partial<TellsConfig>): ReadonlyMap<string, string> {
  return netdev.config ?? new Map();
}

/** Undefined for a device that is no tunnel. */
export function tunnelOf(netdev: Netdev & Partial<IsTunnel>): TunnelConfig | undefined {
  return netdev.tunnel;
}

/** The device shows by which one its packets leave the host, where it is a tunnel. */
export function setEgress(netdev: Netdev & Partial<IsTunnel>, egress: Egress | undefined): void {
  netdev.setEgress?.(egress);
}

/** Undefined for a device that sends what it is given, and that is all. */
export function qosOf(netdev: Netdev & Partial<HasQos>): PortQos | undefined {
  return netdev.qos;
}

export interface NetdevDeps {
  readonly timers: Timers;
  /** Which devices of the kernel are the switch's own. */
  readonly mark: DeviceMark;
  readonly random: Random;
}

export interface NetdevProvider {
  /** The Interface `type`: "system", "internal", "tap", "patch", "dummy" ... */
  readonly type: string;
  /**
   * Opens (system) or makes (internal, tap) the device, or goes on with one that the switch made before. Throws
   * SyscallFailed when the kernel refuses, Refused on bad options.
   */
  open(name: string, config: NetdevConfig, deps: NetdevDeps): Promise<Netdev>;
}

/**
 * Where one worker receives a port's frames. No call blocks and none throws on behalf of a peer: a device that vanished
 * receives nothing.
 */
export interface RxQueue {
  /** To wait on for input; undefined when the port wakes its datapath itself (`WakesDatapath`). */
  readonly fd: number | undefined;
  /**
   * Fills `batch` and returns how many frames it holds; 0 means none now. Their memory is the port's and
   * stays valid until `release`.
   */
  receive(batch: FrameBatch): number;
  /** Gives the memory of the last `receive` back; called after every port was flushed. */
  release(): void;
  readonly counters: PortCounters;
  close(): void;
}

/**
 * Where one worker sends frames on a port, whose other workers have one each. No call blocks and none throws on behalf
 * of a peer: a device that vanished counts what it is given as dropped.
 */
export interface TxPort {
  /** False when `send` takes only finished frames: the datapath then checksums and segments in software before. */
  readonly takesOffloads: boolean;
  /**
   * Queues one frame, and marks it `isQueued` unless it was copied: its bytes must then not change until `flush`. Its
   * bounds and offloads may, so they are read now. The same frame may be queued on several ports. With no headroom for
   * the offload header (`headroom` can be 0) the port finds room of its own. `queue`: of the device, where it has
   * several; 0 is the usual one.
   */
  send(frame: Frame, queue?: number): void;
  /** Sends what is queued; what could not be sent is counted in `counters.txDropped`. */
  flush(): void;
  readonly counters: PortCounters;
  close(): void;
}

/** Both ends of a port in the worker that receives there: they share a device, and count in the same `counters`. */
export interface PortIo extends RxQueue, TxPort {}

/** A `TxPort` that sends nothing: packets are wrapped for it, and unwrapped. */
export interface WrapsPackets {
  readonly tunnelType: TunnelType;
  /** 32 bits; grows with each call in any worker. */
  nextSequence(): number;
}

export type Direction = 'receive' | 'send';

/** A socket with a ring of frames that come or go. */
export type PortRing =
  | { readonly direction: 'receive'; readonly fd: number; readonly slotCount: number }
  | { readonly direction: 'send'; readonly fd: number };

/** A `PortIo` that moves many frames faster through rings, which cost memory, and the kernel milliseconds to make. */
export interface TakesRings {
  /** Set by the datapath; called when frames come or go in such numbers that a ring, or a larger one, is worth it. */
  onBusy: (direction: Direction) => void;
  /** Set by the datapath; called when a socket it received on has nothing left and is of no more use. */
  onRetired: (fd: number) => void;
  /** Takes what `PreparedPort.openRing` made. Its own `fd` may be another one then. Throws SyscallFailed. */
  useRing(ring: PortRing): void;
}

/** What `preparePort` opened on the main thread for a frame path elsewhere. */
export interface PreparedPort {
  readonly spec: PortSpec;
  /**
   * For a frame path that says it is busy; undefined when it has the largest there is, or the port was closed meanwhile.
   * Throws SyscallFailed.
   */
  openRing(direction: Direction): Promise<PortRing | undefined>;
  /** For a frame path that says it no longer uses that socket. Does not block. */
  retire(fd: number): void;
  /** After the frame path was closed. Does not block; idempotent. */
  close(): void;
}

/** How the queues of a port are to be polled. */
export interface Polling {
  readonly queueCount: number;
  /** The NUMA node that the device is on. */
  readonly numa: number;
  /** The cores that queues are bound to, by queue. */
  readonly cores: ReadonlyMap<number, number>;
  /** Queues by which it sends. */
  readonly sendQueueCount: number;
  /** Packets are spread over these by their connection, and not by the thread that sends them. */
  readonly isSpread: boolean;
}

/** A `PortIo` with several queues, each of which one thread of the datapath polls. */
export interface IsPolled {
  readonly polling: Polling;
  /** Set by the datapath; called after `polling` changed. */
  onPolling: () => void;
  /** Receives on some of the queues, of which the datapath says as it goes which these are. */
  receiver(queues: ReadonlySet<number>): PolledRxQueue;
}

export interface PolledRxQueue extends RxQueue {
  /** By which the frames of the last `receive` came: all by one. */
  readonly lastQueue: number;
}

/** A `PortIo` without descriptor (dummy): it says when frames have come in. */
export interface WakesDatapath {
  /** Set by the datapath; called after frames have come in. */
  onInput: () => void;
}

/** A real frame path over memory instead of a device, on which a worker has its code compiled in its spare time. */
export interface WarmUpPort {
  readonly io: PortIo;
  /** A short frame comes in; `io.fd` is readable then, if not always. */
  arrive(packet: Uint8Array): void;
  /** Takes away what was sent. */
  takeSent(): void;
  /** From now on the device takes nothing that is sent. */
  refuse(): void;
  /** With `io`. */
  close(): void;
}

/** What a frame path itself counts; frames. */
export interface PortCounters {
  rxPackets: number;
  rxBytes: number;
  rxDropped: number;
  rxErrors: number;
  txPackets: number;
  txBytes: number;
  txDropped: number;
  txErrors: number;
}
