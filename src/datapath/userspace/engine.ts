/**
 * One worker's whole forwarding: receive a batch, extract, look up, execute, send, flush, release. Knows no threads:
 * `worker.ts` runs it in one, `dummy/` on the main thread. Nothing is allocated for a packet.
 */
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import { type Ms, ms } from '../../base/units.ts';
import { extractKey } from '../../flow/extract.ts';
import { newKey } from '../../flow/key.ts';
import { slots } from '../../flow/slots.ts';
import { Frame, FrameBatch } from '../../wire/frame.ts';
import type { SharedBond } from '../bond.ts';
import { ConnectionTracker } from '../conntrack/tracker.ts';
import { DropSampler, DropSamplers, type DropSink, type DropWatch } from '../drop-watch.ts';
import { type DpDropReason, dropIndex } from '../drops.ts';
import type { SharedMeter } from '../meter.ts';
import {
  type DpPacket,
  egressPortsAtStart,
  type PortRange,
  type SentUp,
  type UpcallReason,
} from '../provider.ts';
import { Totals } from './counters.ts';
import { DirtyOutputs } from './dirty-outputs.ts';
import { EngineFlows } from './engine-flows.ts';
import { type EnginePort, EnginePorts } from './engine-ports.ts';
import { type ActionStep, type ExecutionHost, PacketExecution, type RestOfList } from './execute.ts';
import { type FlowEntry, hashConnection } from './flow-cache.ts';
import { FlowCounters } from './flow-stats.ts';
import { FrameArena, type FrameMemory } from './frame-arena.ts';
import { HeldFragments } from './held-fragments.ts';
import { InjectedPacket, injectedMemorySize } from './injected-packet.ts';
import { Misses, missMemorySize } from './misses.ts';
import type { Output } from './packet-outputs.ts';

/** Where packets for the layer above go. */
export interface UpcallSink {
  /** Copies the packet; its number (> 0, ascending), or 0 when the queue is full for that port. */
  add(reason: UpcallReason, frame: Frame, key: Uint32Array): number;
}

export interface EngineDeps {
  readonly clock: Clock;
  /** Decides which packets are sampled. */
  readonly random: Random;
  readonly upcalls: UpcallSink;
  /** Memory that the worker's ports can send from. */
  makeMemory(size: number): FrameMemory;
  readonly flowCapacity: number;
  readonly totals?: Totals;
  readonly flowStats?: FlowCounters;
  /** Of connections; its own unless given. */
  readonly tracker?: ConnectionTracker;
  /** Of that tracker; its own unless given. */
  readonly held?: HeldFragments<RestOfList>;
}

const batchSize = 256;
/** Copies of 64 KiB frames that fit between two flushes: some 60. */
const arenaSize = 4 << 20;
const inPortWord = slots.in_port.word;
const recircWord = slots.recirc_id.word;

export class Engine implements ExecutionHost {
  readonly totals: Totals;
  readonly ports = new EnginePorts();
  readonly outputs = this.ports.byNumber;
  readonly flows: EngineFlows;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #upcalls: UpcallSink;
  readonly #meters = new Map<number, SharedMeter>();
  readonly #bonds = new Map<number, SharedBond>();
  readonly #dirty: DirtyOutputs;
  readonly #batch = new FrameBatch(batchSize);
  readonly #key = newKey();
  readonly #arena: FrameArena;
  readonly #misses: Misses;
  readonly #execution: PacketExecution;
  readonly #injected: InjectedPacket;
  readonly #samplers = new DropSamplers();
  readonly tracker: ConnectionTracker;
  readonly held: HeldFragments<RestOfList>;
  #vlanLimit = 1;
  #egressPorts = egressPortsAtStart;
  #now = ms(0);

  constructor(deps: EngineDeps) {
    this.#clock = deps.clock;
    this.#random = deps.random;
    this.tracker = deps.tracker ?? new ConnectionTracker(deps.random);
    this.held = deps.held ?? new HeldFragments(this.tracker.fragments);
    this.#upcalls = deps.upcalls;
    this.totals = deps.totals ?? new Totals();
    this.flows = new EngineFlows(deps.flowCapacity, this.totals, deps.flowStats ?? new FlowCounters());
    this.#dirty = new DirtyOutputs(this.totals);
    this.#arena = new FrameArena(deps.makeMemory(arenaSize));
    this.#misses = new Misses(deps.makeMemory(missMemorySize));
    this.#injected = new InjectedPacket(deps.makeMemory(injectedMemorySize));
    this.#execution = new PacketExecution(this, this.#arena, this.#injected.frame);
  }

  setVlanLimit(tagCount: number): void {
    this.#vlanLimit = tagCount;
  }

  setEgressPorts(range: PortRange): void {
    this.#egressPorts = range;
  }

  /** Receives one batch on a port and forwards it. How many frames that were. */
  runPort(port: EnginePort): number {
    const batch = this.#batch;
    const { rx } = port;
    if (rx === undefined) return 0;
    const count = rx.receive(batch);
    if (count === 0) {
      port.counters.publish(rx.counters); // it may have counted errors
      return 0;
    }
    this.#now = this.#clock.now();
    const { limits, flowOf } = port;
    for (let n = 0; n < count; n++) {
      const frame = batch.frames[n];
      if (frame === undefined) break;
      frame.inPort = port.number;
      if (limits.length === 0 || this.#isWithin(limits, frame)) this.#forward(frame, flowOf);
    }
    this.#finishBatch();
    rx.release();
    port.counters.publish(rx.counters);
    return count;
  }

  /** Runs actions on a packet of the layer above. */
  execute(packet: DpPacket, steps: readonly ActionStep[]): void {
    const { bytes, key } = packet;
    const { frame } = this.#injected;
    this.#now = this.#clock.now();
    const misfit = this.#injected.load(packet);
    if (misfit !== undefined) {
      this.drop(misfit, frameOf(bytes), key);
      return;
    }
    this.#key.fill(0);
    this.#key.set(key);
    frame.inPort = key[inPortWord] ?? 0;
    this.#execution.run(steps, frame, this.#key, true);
    this.#finishBatch();
    this.#key.fill(0);
  }

  /** Do packets wait for the layer above to have dealt with others? */
  get holdsPackets(): boolean {
    return this.#misses.holdsPackets;
  }

  /** The layer above has dealt with all upcalls up to that number. */
  upcallsDone(sequence: number): void {
    this.#now = this.#clock.now();
    this.#misses.finish(sequence, this.#release);
    this.#finishBatch();
  }

  /** The caller closes its ends. */
  removePort(number: number): EnginePort | undefined {
    this.#now = this.#clock.now();
    this.#execution.fragments.forgetPort(number);
    return this.ports.remove(number);
  }

  /** Fragments have waited, perhaps too long, while nothing came. */
  idle(): void {
    if (!this.held.hasAny) return;
    this.#now = this.#clock.now();
    this.#finishBatch();
  }

  /** Heads of dropped packets go to `sink` from now on, until `unwatchDrops` of the same number. */
  watchDrops(id: number, watch: Pick<DropWatch, 'match' | 'rate'>, sink: DropSink): void {
    this.#samplers.add(id, new DropSampler(watch, sink, this.#clock.now()));
  }

  unwatchDrops(id: number): void {
    this.#samplers.remove(id);
  }

  markDirty(output: Output): void {
    this.#dirty.mark(output);
  }

  flushOutputs(): void {
    this.#dirty.flush();
  }

  drop(reason: DpDropReason, frame: Frame, key: Uint32Array): void {
    const index = dropIndex[reason];
    this.totals.addDrop(index);
    this.outputs[key[inPortWord] ?? 0]?.counters.addDrop(index);
    this.#samplers.take(reason, frame, key, this.#now);
  }

  sendUp(reason: SentUp, frame: Frame, key: Uint32Array): void {
    if (this.#upcalls.add(reason, frame, key) === 0) this.#countLost(frame, key);
  }

  stepsFor(frame: Frame, key: Uint32Array): readonly ActionStep[] | undefined {
    this.totals.addRecirculation();
    const hash = hashConnection(key) ^ Math.imul(key[recircWord] ?? 0, 0x9e3779b1);
    const flow = this.flows.lookup(key, hash);
    if (flow !== undefined) {
      this.flows.count(flow, frame, key, this.#now);
      return flow.steps;
    }
    // Not held back for one like it: what is held is extracted anew, and this packet is more than its frame.
    this.totals.addMiss();
    if (this.#upcalls.add('miss', frame, key) === 0) this.#countLost(frame, key);
    return undefined;
  }

  /** Packets of a meter that is gone pass. */
  admits(meter: number, size: number): boolean {
    return this.#meters.get(meter)?.admits(size, this.#now) !== false;
  }

  /** Puts a meter in the place of that of the same number; undefined takes it away. */
  setMeter(id: number, meter: SharedMeter | undefined): void {
    if (meter === undefined) this.#meters.delete(id);
    else this.#meters.set(id, meter);
  }

  memberOf(bond: number, hash: number, size: number): number | undefined {
    return this.#bonds.get(bond)?.take(hash, size);
  }

  /** The same as `setMeter` of bonds. */
  setBond(id: number, bond: SharedBond | undefined): void {
    if (bond === undefined) this.#bonds.delete(id);
    else this.#bonds.set(id, bond);
  }

  random(): number {
    return this.#random.u32();
  }

  get now(): Ms {
    return this.#now;
  }

  wall(): number {
    return this.#clock.wall();
  }

  get vlanLimit(): number {
    return this.#vlanLimit;
  }

  get egressPorts(): PortRange {
    return this.#egressPorts;
  }

  #isWithin(limits: readonly SharedMeter[], frame: Frame): boolean {
    for (const limit of limits) {
      if (limit.admits(frame.end - frame.start, this.#now)) continue;
      extractKey(frame, this.#key, this.#vlanLimit);
      this.drop('policed', frame, this.#key);
      return false;
    }
    return true;
  }

  #forward(frame: Frame, flowOf: EnginePort['flowOf']): void {
    const key = this.#key;
    extractKey(frame, key, this.#vlanLimit);
    const hash = hashConnection(key);
    const flow = (flowOf && this.#markedFlow(flowOf(frame))) ?? this.flows.lookup(key, hash);
    if (flow === undefined) {
      this.#miss(frame, key, hash);
      return;
    }
    this.#hit(flow, frame, key);
  }

  #markedFlow(id: number): FlowEntry | undefined {
    const flow = this.flows.get(id);
    if (flow !== undefined) this.totals.addMarked();
    return flow;
  }

  #hit(flow: FlowEntry, frame: Frame, key: Uint32Array): void {
    this.flows.count(flow, frame, key, this.#now);
    this.#execution.run(flow.steps, frame, key);
  }

  #miss(frame: Frame, key: Uint32Array, hash: number): void {
    this.totals.addMiss();
    const verdict = this.#misses.offer(frame, key, hash);
    if (verdict === 'held') return;
    if (verdict === 'refused') {
      this.totals.addLost();
      this.drop('upcallPending', frame, key);
      return;
    }
    const sequence = this.#upcalls.add('miss', frame, key);
    if (sequence === 0) this.#countLost(frame, key);
    else this.#misses.begin(key, hash, sequence);
  }

  /** A packet that waited for an upcall: it goes up itself when the answer did not make a flow for it. */
  readonly #release = (frame: Frame): void => {
    const key = this.#key;
    extractKey(frame, key, this.#vlanLimit);
    const flow = this.flows.lookup(key, hashConnection(key));
    if (flow !== undefined) {
      this.#hit(flow, frame, key);
      return;
    }
    if (this.#upcalls.add('miss', frame, key) === 0) this.#countLost(frame, key);
  };

  #countLost(frame: Frame, key: Uint32Array): void {
    this.totals.addLost();
    this.drop('upcallQueueFull', frame, key);
  }

  #finishBatch(): void {
    if (this.held.hasAny) this.#execution.fragments.finish();
    this.#dirty.flush();
    this.#arena.reset();
    this.flows.publishSearches();
  }
}

/** For a packet that fits into no memory of ours. */
function frameOf(bytes: Uint8Array): Frame {
  const frame = new Frame(bytes);
  frame.end = bytes.byteLength;
  return frame;
}
