/**
 * What a datapath offers to the switch above it (`ofproto/upcall`): ports, flows, execution and upcalls.
 * Implementations: `userspace/` (worker threads), `dummy/` (the same engine inline, deterministic) and later `ebpf/`
 * (programs in the kernel). All run the suite in test/conformance/datapath.ts and must agree frame for frame.
 *
 * Who owns what: the flow list belongs to the layer above, which made every `DpFlow`; a datapath keeps what it
 * needs to forward, and lets its counters be read at any time without waiting for another thread.
 */
import type { DpPort } from '../base/units.ts';
import type { Mask } from '../flow/mask.ts';
import type { Match } from '../flow/match.ts';
import type { PortCounters, PortSpec } from '../netdev/provider.ts';
import type { DpAction } from './actions.ts';
import type { BondPorts } from './bond.ts';
import type { AsksConntrack } from './conntrack/queries.ts';
import type { UserspaceCookie } from './cookie.ts';
import type { DpDrop, DropWatch, DropWatching } from './drop-watch.ts';
import type { DpDropReason } from './drops.ts';
import type { DpFeatures } from './features.ts';
import type { DpMeter, DpMeterStats } from './meter.ts';
import type { Core } from './polling/cores.ts';
import type { PollMeter } from './polling/poll-meter.ts';
import type { PollSettings } from './polling/settings.ts';
import type { Ufid } from './ufid.ts';

/** A cached decision: every packet whose key equals `key` under `mask` gets `actions`. */
export interface DpFlow {
  /** Chosen by the owner, unique among the flows put and not yet deleted, dense from 0: a slot number. */
  readonly id: number;
  /** Chosen by the owner too, usually `ufidOf(key)`: what the flow is called outside of this process. */
  readonly ufid: Ufid;
  /** The whole key of the packet that it was made for, packed (`packKey`). */
  readonly key: Match;
  readonly mask: Mask;
  readonly actions: readonly DpAction[];
}

export interface DpFlowStats {
  packetCount: number;
  byteCount: number;
  /** Monotonic milliseconds (the clock's) of the last packet; 0 = never used. */
  usedAt: number;
  /** OR of the TCP flags seen. */
  tcpFlags: number;
}

/** Totals since the datapath was made; packets. */
export interface DpStats {
  /** Found in the flow table. */
  readonly hitCount: number;
  /** Sent up for lack of a flow. */
  readonly missCount: number;
  /** Misses that found their queue full. */
  readonly lostCount: number;
  readonly flowCount: number;
  readonly maskCount: number;
  /** Flow lookups in masks, all packets together; `masks hit`. */
  readonly maskHitCount: number;
  /** Found in these, and not in a cache before them. */
  readonly searchedCount: number;
  /** The device that received them knew their flow. */
  readonly markedCount: number;
  /** Looked up again, having come back. */
  readonly recirculatedCount: number;
  readonly sentCount: number;
  /** How many times packets were sent by a port. */
  readonly sentBatchCount: number;
}

/** Packets by why they ended here. Reasons that never happened are left out. */
export type DropCounts = ReadonlyMap<DpDropReason, number>;

/** A packet outside the datapath. */
export interface DpPacket {
  /** The Ethernet frame, offloads finished or described by `offload`. Whoever is given the packet owns them. */
  readonly bytes: Uint8Array;
  readonly offload: Offload | undefined;
  /** Words as flow/slots.ts lays them out; those beyond its length are zero. */
  readonly key: Uint32Array;
}

/** What goes up beside a packet that an action sent. */
export interface SentUp {
  readonly cookie: UserspaceCookie;
  /** The port of a tunnel by which the packet will go out. */
  readonly tunnelOutPort?: DpPort;
  /** All actions that are run on the packet, where the cookie's owner asked for them. */
  readonly actions?: readonly DpAction[];
}

/** Why a packet came up: there was no flow for it, or an action sent it. */
export type UpcallReason = 'miss' | SentUp;

/** One packet sent up, with its bytes and key as they were at that point of the actions. */
export interface Upcall extends DpPacket {
  readonly reason: UpcallReason;
}

/** What is left to do on a packet's bytes; see wire/frame.ts for the units. */
export interface Offload {
  readonly checksumStart: number;
  readonly checksumOffset: number;
  readonly gsoType: number;
  readonly gsoSize: number;
  readonly headerSize: number;
}

interface ReadsFlowStats {
  /** Fills `into` without waiting; false when that flow is not held here (any more). */
  readFlowStats(id: number, into: DpFlowStats): boolean;
}

export interface Datapath extends ReadsFlowStats, AsksConntrack {
  /** "netdev", "system", "dummy": the Bridge `datapath_type`. */
  readonly type: string;
  /** e.g. "ovs-netdev", as in `dpif/show` and dpctl. */
  readonly name: string;
  /** What an "internal" device is made as here, in the words of dpctl: "tap", "dummy-internal". */
  readonly internalType: string;
  /** What it can do; `putFlow` and `execute` throw Refused for anything else. */
  readonly features: DpFeatures;

  /**
   * Starts forwarding on a device. `wanted` is taken when free, else the lowest free number from 1 (0 is the
   * datapath's own local port); a port of that name that was left goes on under the number it has. Resolves when frames
   * flow. Throws SyscallFailed when the device cannot be opened.
   */
  addPort(port: NewDpPort, wanted?: DpPort): Promise<DpPort>;
  /** Resolves when no thread touches the device any more, so that it may be closed. */
  removePort(port: DpPort): Promise<void>;
  ports(): ReadonlyMap<DpPort, DpPortInfo>;
  portCounters(port: DpPort): PortCounters | undefined;
  /**
   * Bytes of layer 3 that the port's device takes; undefined = any, as after `addPort`. A longer frame that is not
   * to be segmented is dropped and counted.
   */
  setPortMtu(port: DpPort, mtu: number | undefined): void;
  /**
   * A frame that comes in by the port is dropped where one of `limits` does not allow it; they begin with full buckets.
   */
  setPortLimits(port: DpPort, limits: readonly DpMeter[]): void;
  /** Of UDP: packets in tunnels leave by one of these ports, up to but without the last; the same for each connection. */
  setEgressPorts(range: PortRange): void;
  /** How many VLAN tags keys show, 1 (as at the start) or 2; flows made under the other limit must go first. */
  setVlanLimit(tagCount: number): void;
  /** Whether each search for a flow is done again in the plainest way, to see that both find the same. */
  validateLookups(isWanted: boolean): void;

  /**
   * Adds or replaces the flow of that id, and runs its actions on `packet`, as if that had just come in. Takes effect
   * soon, in order with the calls before and after it.
   */
  putFlow(flow: DpFlow, packet?: DpPacket): void;
  deleteFlow(id: number): void;
  flushFlows(): void;
  /** The flows that it has. */
  flows(): Iterable<DpFlow>;
  /** Flows that fit at most; `putFlow` beyond is refused and counted. */
  readonly flowCapacity: number;

  /** Makes a meter; its number, or undefined when there are too many. */
  addMeter(meter: DpMeter): number | undefined;
  /** It begins anew, with nothing counted. */
  changeMeter(id: number, meter: DpMeter): void;
  /** Packets of flows that name it still pass. */
  deleteMeter(id: number): void;
  /** Without waiting. */
  meterStats(id: number): DpMeterStats | undefined;

  /** Makes or changes a bond that `lb_output` names: by which port each of its hashes goes out. */
  setBond(id: number, ports: BondPorts): void;
  /** Frames for it are dropped from then on. */
  deleteBond(id: number): void;
  /** Bytes that went out under a hash since the bond was made; without waiting. */
  bondBytes(id: number, hash: number): number;
  bonds(): ReadonlyMap<number, BondPorts>;

  /** Runs actions on a packet as if it had come in with its key; in order with `putFlow`. */
  execute(packet: DpPacket, actions: readonly DpAction[]): void;

  /**
   * Set by the owner before the first port is added. Until then, and once the owner has left, what would come up is lost
   * and counted so. Gets batches of what came up, at most the queue's limit.
   */
  onUpcalls: (batch: readonly Upcall[]) => void;

  stats(): DpStats;
  drops(): DropCounts;
  /** Of those, what that port had received; without waiting. */
  portDrops(port: DpPort): DropCounts;
  /** Gives `take` heads of packets as they are dropped here, until `stop`. It must not make the datapath forward. */
  watchDrops(watch: DropWatch, take: (drops: readonly DpDrop[]) => void): DropWatching;
  /** Resolves when all that was asked before has taken effect in every thread (tests, `revalidator/wait`). */
  settle(): Promise<void>;

  /**
   * The owner leaves, and makes no further calls. With `features.keepsForwarding`, ports and flows stay and forward on,
   * and whoever opens the datapath next finds them; else this is the end of it, as with `destroy`.
   */
  detach(): Promise<void>;
  /** Ends it: resolves when no thread and no program of the kernel touches a device any more. Idempotent. */
  destroy(): Promise<void>;
}

/** A datapath whose ports may have several queues, which threads poll on cores of their own. */
export interface HasPollThreads {
  setPolling(settings: PollSettings): void;
  /** Spreads the queues anew. */
  rebalance(): void;
  /** The same where it is time to look whether that makes loads more even, and where it does. */
  balance(): void;
  /** By core, the main thread last. */
  readonly threads: readonly DpThread[];
}

/** A datapath whose devices may keep flows themselves. */
export interface HasDeviceFlows {
  /** From now on; flows that are there already stay as they are. */
  giveFlowsToDevices(): void;
  /** Flows that devices have; undefined as long as they are given none. */
  readonly deviceFlowCount: number | undefined;
}

/** A thread of a datapath, with what it counted itself. */
export interface DpThread extends ReadsFlowStats {
  /** Undefined for the main thread, which receives by all ports that are not polled. */
  readonly polling: PollingThread | undefined;
  stats(): Omit<DpStats, 'flowCount' | 'maskCount'>;
}

export interface PollingThread extends Core {
  /** It polls nothing but queues that are bound to its core. */
  readonly isIsolated: boolean;
  /** By port and number. */
  readonly queues: readonly {
    readonly port: string;
    readonly queue: number;
    /** Per cent of the thread's time in the last seconds; undefined while that is not known. */
    usage(seconds: number): number | undefined;
  }[];
  readonly meter: PollMeter;
}

/** The threads of a datapath: one where it knows of no more. */
export function threadsOf(datapath: Datapath & Partial<HasPollThreads>): readonly DpThread[] {
  return (
    datapath.threads ?? [
      {
        polling: undefined,
        stats: () => datapath.stats(),
        readFlowStats: (id, into) => datapath.readFlowStats(id, into),
      },
    ]
  );
}

export function hasPollThreads(
  datapath: Datapath & Partial<HasPollThreads>,
): datapath is Datapath & HasPollThreads {
  return datapath.threads !== undefined;
}

export function hasDeviceFlows(
  datapath: Datapath & Partial<HasDeviceFlows>,
): datapath is Datapath & HasDeviceFlows {
  return datapath.giveFlowsToDevices !== undefined;
}

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** By which packets in tunnels leave until something else is set. */
export const egressPortsAtStart: PortRange = { first: 32768, last: 61000 };

export interface DpPortInfo {
  readonly name: string;
  readonly type: string;
  /** 0 when it is not a device of the kernel. */
  readonly ifindex: number;
}

export interface NewDpPort extends DpPortInfo {
  readonly spec: PortSpec;
}
