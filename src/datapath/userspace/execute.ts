/**
 * Runs lowered actions on a packet: lists, lists on copies of it, and what is found when it is looked up again. The
 * packet itself is `current-packet.ts`, where it goes `packet-outputs.ts`.
 */
import type { Ms } from '../../base/units.ts';
import type { Frame } from '../../wire/frame.ts';
import type { Conntrack } from '../actions.ts';
import type { ConnectionTracker } from '../conntrack/tracker.ts';
import type { PortRange } from '../provider.ts';
import { CurrentPacket, type PacketHost } from './current-packet.ts';
import { FragmentTracking, type RunsActions } from './fragment-tracking.ts';
import type { FrameArena } from './frame-arena.ts';
import { FrameFinisher } from './frame-finisher.ts';
import type { HeldFragments } from './held-fragments.ts';
import { type OutputHost, PacketOutputs } from './packet-outputs.ts';
import { PacketTracking } from './packet-tracking.ts';

/** One lowered action. */
export type ActionStep = (x: PacketExecution) => void;

/** What follows an action in the innermost list that it is in. */
export type RestOfList = () => readonly ActionStep[];

/** What the steps need of the engine. */
export interface ExecutionHost extends PacketHost, OutputHost {
  /** Looks the packet up, counts it, and sends it up when there is no flow for it. */
  stepsFor(frame: Frame, key: Uint32Array): readonly ActionStep[] | undefined;
  /** Does the meter let a packet of so many bytes pass? */
  admits(meter: number, size: number): boolean;
  /** 0 .. 2^32-1, uniform. */
  random(): number;
  /** Of UDP, by which packets in tunnels leave. */
  readonly egressPorts: PortRange;
  /** Milliseconds since 1970. */
  wall(): number;
  readonly tracker: ConnectionTracker;
  /** Fragments that the tracker waits for more of. */
  readonly held: HeldFragments<RestOfList>;
  /** When the batch that is worked on came in. */
  readonly now: Ms;
}

/** Times that a packet may be looked up again. */
const maxRecirculations = 6;

/** One a worker, reused for all packets. */
export class PacketExecution implements RunsActions<RestOfList> {
  readonly host: ExecutionHost;
  readonly packet: CurrentPacket;
  readonly finisher: FrameFinisher;
  readonly outputs: PacketOutputs;
  readonly tracking: PacketTracking;
  readonly fragments: FragmentTracking<RestOfList>;
  #recirculationCount = 0;

  /** `frame`: any, while there is no packet. */
  constructor(host: ExecutionHost, arena: FrameArena, frame: Frame) {
    this.host = host;
    this.packet = new CurrentPacket(host, arena, frame);
    this.finisher = new FrameFinisher(this.packet);
    this.outputs = new PacketOutputs(host, this.packet, this.finisher);
    this.tracking = new PacketTracking(host, this.packet);
    this.fragments = new FragmentTracking(host, this, arena);
  }

  /**
   * `key` is changed with the packet; the words of metadata that few have are zero again when this returns.
   * `hasMetadata`: some are not zero before.
   */
  run(steps: readonly ActionStep[], frame: Frame, key: Uint32Array, hasMetadata = false): void {
    const { packet } = this;
    packet.begin(frame, key, hasMetadata);
    if (steps.length === 0) packet.lose('explicit');
    for (let n = 0; n < steps.length && !packet.isDropped; n++) steps[n]?.(this);
    packet.end();
  }

  /** Runs a list, or the rest of one, on the packet as it is. */
  runSteps(steps: readonly ActionStep[]): void {
    const { packet } = this;
    for (let n = 0; n < steps.length && !packet.isDropped; n++) steps[n]?.(this);
  }

  /** Runs steps on a copy of the packet, cut to `maxSize`: what they change is not seen behind them. */
  runOnCopy(steps: readonly ActionStep[], maxSize = Number.POSITIVE_INFINITY): void {
    const { packet } = this;
    if (steps.length === 0) {
      packet.lose('branchDrops');
      return;
    }
    const saved = packet.save();
    packet.maxSize = maxSize;
    this.runSteps(steps);
    packet.restore(saved);
  }

  /** As `runOnCopy`, for `probability` of 2^32-1 packets. */
  sample(probability: number, steps: readonly ActionStep[]): void {
    if (this.host.random() < probability) this.runOnCopy(steps);
  }

  /** Looks the packet, as it is, up again, and runs what is found on a copy of it. */
  recirculate(id: number): void {
    const { packet } = this;
    if (!this.mayLookUpAgain) {
      packet.drop('tooManyRecirculations');
      return;
    }
    packet.refreshKey();
    const saved = packet.save();
    packet.maxSize = Number.POSITIVE_INFINITY;
    packet.setRecirculation(id);
    this.lookUpAgain();
    packet.restore(saved);
  }

  /** By `rest` a fragment goes on when its packet is whole. */
  track(request: Conntrack, rest: RestOfList): void {
    const isHeld = this.packet.isFragment && this.fragments.hold(request, rest);
    if (!isHeld) this.tracking.track(request);
  }

  resume(rest: RestOfList, recirculationCount: number): void {
    this.#recirculationCount = recirculationCount;
    this.runSteps(rest());
    this.#recirculationCount = 0;
    this.packet.end();
  }

  get recirculationCount(): number {
    return this.#recirculationCount;
  }

  /** The packet was not looked up too often yet. */
  get mayLookUpAgain(): boolean {
    return this.#recirculationCount < maxRecirculations;
  }

  /** Looks the packet up by its key, which is fresh, and runs what is found on it. */
  lookUpAgain(): void {
    const { packet } = this;
    this.#recirculationCount++;
    const steps = this.host.stepsFor(packet.frame, packet.key);
    if (steps?.length === 0) packet.lose('explicit');
    if (steps !== undefined) this.runSteps(steps);
    this.#recirculationCount--;
  }

  meter(id: number): void {
    const { packet } = this;
    const { frame } = packet;
    if (!this.host.admits(id, frame.end - frame.start)) packet.drop('meter');
  }
}
