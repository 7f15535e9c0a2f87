/**
 * Runs lowered actions on a frame. Frames are edited in place; one that is queued already, or that an outer list of
 * actions still needs, is copied first, so one frame to many ports shares its memory. The packet's key follows: it is
 * extracted again where somebody asks for it after the frame was changed.
 */
import { extractKey } from '../../flow/extract.ts';
import { newKey } from '../../flow/key.ts';
import { datapathWordCount, hotWordCount, slots } from '../../flow/slots.ts';
import type { TxPort, WrapsPackets } from '../../netdev/provider.ts';
import { ethernet, isVlanType, vlanTag } from '../../wire/ethernet.ts';
import { type Frame, gso } from '../../wire/frame.ts';
import type { DpDropReason } from '../drops.ts';
import type { PortRange, SentUp } from '../provider.ts';
import type { SharedPortCounters } from './counters.ts';
import type { FrameArena } from './frame-arena.ts';
import { hashL4, hashTuple } from './hash.ts';
import { Headers } from './headers.ts';
import { finishChecksum, Segmenter } from './offload.ts';
import { refused, unwrap } from './tunnels/unwrap.ts';
import type { TunnelWrap } from './tunnels/wrap.ts';

/** One lowered action. */
export type ActionStep = (x: PacketExecution) => void;

/** An output as the engine keeps it. */
export interface Output {
  readonly tx: TxPort;
  /** Bytes of the longest untagged frame. */
  maxSize: number;
  /** Something is queued; in the engine's list of ports to flush. */
  isDirty: boolean;
  /** Where the main thread reads what it sent. */
  readonly counters: SharedPortCounters;
  /** Packets that it was given since the last flush. */
  queuedCount: number;
  /** By which of its queues a packet with that key goes out, where that is not as the packet says itself. */
  chooseQueue?: ((key: Uint32Array) => number) | undefined;
  /** Set for a port that tunnels share. */
  readonly tunnel?: WrapsPackets | undefined;
}

/** What the steps need of the engine. */
export interface ExecutionHost {
  outputTo(port: number): Output | undefined;
  /** Remembers to flush the port. */
  markDirty(output: Output): void;
  /** Sends what every port has queued, so that the arena and frames are free again. */
  flushOutputs(): void;
  /** `key` is the packet's, at the latest as it was before its actions changed it. */
  drop(reason: DpDropReason, frame: Frame, key: Uint32Array): void;
  sendUp(reason: SentUp, frame: Frame, key: Uint32Array): void;
  /** Looks the packet up, counts it, and sends it up when there is no flow for it. */
  stepsFor(frame: Frame, key: Uint32Array): readonly ActionStep[] | undefined;
  /** Does the meter let a packet of so many bytes pass? */
  admits(meter: number, size: number): boolean;
  /** The port by which a frame of so many bytes leaves a bond; undefined where there is none. */
  memberOf(bond: number, hash: number, size: number): number | undefined;
  /** 0 .. 2^32-1, uniform. */
  random(): number;
  /** VLAN tags that keys show. */
  readonly vlanLimit: number;
  /** Of UDP, by which packets in tunnels leave. */
  readonly egressPorts: PortRange;
  /** Milliseconds since 1970. */
  wall(): number;
}

/** Times that a packet may be looked up again. */
const maxRecirculations = 6;

const inPortWord = slots.in_port.word;
const recircWord = slots.recirc_id.word;
const packetTypeWord = slots.packet_type.word;
const dpHashWord = slots.dp_hash.word;
const priorityWord = slots.skb_priority.word;
const noMetadata = new Uint32Array(datapathWordCount - hotWordCount);

/** What a list of actions on a copy must not change for those behind it. */
class Saved {
  frame: Frame | undefined;
  readonly key = newKey();
  packetType = 0;
  maxSize = 0;
  isKeyStale = false;
}

/** The packet that is being worked on. One a worker, reused for all packets. */
export class PacketExecution {
  /** Not valid outside `run`. */
  frame: Frame;
  /** Bytes that the next output may send; lasts for one output. */
  maxSize = Number.POSITIVE_INFINITY;
  /** As in a key; 0 = Ethernet. */
  packetType = 0;
  readonly headers = new Headers();
  readonly #host: ExecutionHost;
  readonly #arena: FrameArena;
  readonly #segmenter = new Segmenter();
  #key: Uint32Array;
  /** Set when the packet came to an end before its actions did. */
  #isDropped = false;
  /** The frame was changed since its key was extracted. */
  #isKeyStale = false;
  /** Words of the key that extraction does not write were written. */
  #hasMetadata = false;
  /** What the lists that this one is in go on with, outermost first: the first `#depth` of them. */
  readonly #saved: Saved[] = [];
  #depth = 0;
  #recirculationCount = 0;

  constructor(host: ExecutionHost, arena: FrameArena, frame: Frame) {
    this.#host = host;
    this.#arena = arena;
    this.frame = frame;
    this.#key = new Uint32Array(0);
  }

  /**
   * `key` is changed with the packet; the words of metadata that few have are zero again when this returns.
   * `hasMetadata`: some are not zero before.
   */
  run(steps: readonly ActionStep[], frame: Frame, key: Uint32Array, hasMetadata = false): void {
    this.frame = frame;
    this.#key = key;
    this.#isDropped = false;
    this.#isKeyStale = false;
    this.#hasMetadata = hasMetadata;
    this.maxSize = Number.POSITIVE_INFINITY;
    this.packetType = key[packetTypeWord] ?? 0;
    if (steps.length === 0) this.#lose('explicit');
    for (let n = 0; n < steps.length && !this.#isDropped; n++) steps[n]?.(this);
    if (!this.#hasMetadata) return;
    this.#hasMetadata = false;
    key.set(noMetadata, hotWordCount);
  }

  /** Runs steps on a copy of the packet, cut to `maxSize`: what they change is not seen behind them. */
  runOnCopy(steps: readonly ActionStep[], maxSize = Number.POSITIVE_INFINITY): void {
    if (steps.length === 0) {
      this.#lose('branchDrops');
      return;
    }
    const saved = this.#save();
    this.maxSize = maxSize;
    this.#runSteps(steps);
    this.#restore(saved);
  }

  /** As `runOnCopy`, for `probability` of 2^32-1 packets. */
  sample(probability: number, steps: readonly ActionStep[]): void {
    if (this.#host.random() < probability) this.runOnCopy(steps);
  }

  /** Looks the packet, as it is, up again, and runs what is found on a copy of it. */
  recirculate(id: number): void {
    if (this.#recirculationCount >= maxRecirculations) {
      this.drop('tooManyRecirculations');
      return;
    }
    this.#refreshKey();
    const saved = this.#save();
    this.#recirculationCount++;
    this.maxSize = Number.POSITIVE_INFINITY;
    this.#key[recircWord] = id;
    this.#lookUpAgain();
    this.#recirculationCount--;
    this.#restore(saved);
  }

  #lookUpAgain(): void {
    const steps = this.#host.stepsFor(this.frame, this.#key);
    if (steps?.length === 0) this.#lose('explicit');
    if (steps !== undefined) this.#runSteps(steps);
  }

  #runSteps(steps: readonly ActionStep[]): void {
    for (let n = 0; n < steps.length && !this.#isDropped; n++) steps[n]?.(this);
  }

  /** Wraps the packet, or each that a device would have made of it, and goes on with `rest`, which ends the list. */
  pushTunnel(wrap: TunnelWrap, rest: readonly ActionStep[]): void {
    if (rest.length === 0) return; // nobody would see it
    const tunnel = this.#host.outputTo(wrap.tunnelPort)?.tunnel;
    if (tunnel === undefined) {
      this.drop('tunnelPushError');
      return;
    }
    const { first, last } = this.#host.egressPorts;
    const sourcePort = first + Math.floor((hashTuple(this.#key) * (last - first)) / 2 ** 32);
    if (!this.#cut(wrap.size)) return;
    if (!hasOffload(this.frame)) {
      if (this.makeWritable(wrap.size)) this.#wrap(wrap, tunnel, sourcePort, rest);
      return;
    }
    this.#wrapEach(wrap, tunnel, sourcePort, rest);
  }

  /** Apart from the usual way, which it would cost memory to have functions made on. */
  #wrapEach(wrap: TunnelWrap, tunnel: WrapsPackets, sourcePort: number, rest: readonly ActionStep[]): void {
    this.#onEachFinished(() => this.#wrap(wrap, tunnel, sourcePort, rest), wrap.size);
  }

  #wrap(wrap: TunnelWrap, tunnel: WrapsPackets, sourcePort: number, rest: readonly ActionStep[]): void {
    if (!wrap.fits(this.frame)) {
      this.drop('tunnelPushError');
      return;
    }
    wrap.put(this.frame, sourcePort, tunnel, this.#host);
    const key = this.#key;
    if (this.#hasMetadata) key.set(noMetadata, hotWordCount);
    key[inPortWord] = wrap.outPort;
    key[recircWord] = 0;
    this.packetType = 0;
    this.#isKeyStale = true;
    this.#runSteps(rest);
  }

  /** Takes a tunnel's headers off, and looks up what was inside; `isLast`: no action follows in the list. */
  popTunnel(port: number, isLast: boolean): void {
    const tunnel = this.#host.outputTo(port)?.tunnel;
    if (tunnel === undefined || this.#recirculationCount >= maxRecirculations) {
      this.#lose(tunnel === undefined ? 'noSuchTunnelPort' : 'tooManyRecirculations');
      return;
    }
    const saved = isLast ? undefined : this.#save();
    this.#recirculationCount++;
    if (this.#cut()) {
      if (this.#isSegmentedOutside()) this.#unwrapEach(tunnel, port);
      else if (this.makeWritable()) this.#unwrap(tunnel, port);
    }
    this.#recirculationCount--;
    if (saved !== undefined) this.#restore(saved);
  }

  #unwrapEach(tunnel: WrapsPackets, port: number): void {
    this.#onEachFinished(() => this.#unwrap(tunnel, port));
  }

  /** Is the frame several tunnelled packets in one, and not one that holds several? */
  #isSegmentedOutside(): boolean {
    const { frame } = this;
    if (frame.gsoType === gso.none) return false;
    return this.locate() && this.headers.transport === frame.start + frame.checksumStart;
  }

  #unwrap({ tunnelType }: WrapsPackets, port: number): void {
    const { frame } = this;
    const key = this.#key;
    this.#hasMetadata = true;
    const isOuter = this.packetType === 0 && this.locate();
    const type = isOuter ? unwrap(tunnelType, frame, this.headers, key) : refused;
    if (type === refused || (type === 0 && frame.end - frame.start < ethernet.size)) {
      this.#lose(type === refused ? 'tunnelPopError' : 'tooShort');
      return;
    }
    this.packetType = type;
    this.#isKeyStale = true;
    this.#refreshKey();
    key[inPortWord] = port;
    this.#lookUpAgain();
  }

  /** Cuts the packet to what the next output may send. False when it had to be dropped. */
  #cut(headroom = 0): boolean {
    const { frame, maxSize } = this;
    this.maxSize = Number.POSITIVE_INFINITY;
    if (maxSize >= frame.end - frame.start) return true;
    const cut = this.#copy(maxSize, headroom);
    if (cut === undefined) {
      this.#isDropped = true;
      return false;
    }
    cut.clearOffloads();
    this.frame = cut;
    return true;
  }

  /** Does `work` on what a device would have made of the packet, one after the other; nothing of it is seen behind. */
  #onEachFinished(work: () => void, headroom = 0): void {
    const isSensible = this.#eachFinished((finished) => {
      const saved = this.#save();
      this.frame = finished;
      work();
      this.#restore(saved);
    }, headroom);
    if (!isSensible) this.drop('badOffload');
  }

  hash(of: (key: Uint32Array, basis: number) => number, basis: number): void {
    this.#refreshKey();
    this.setMetadata(dpHashWord, of(this.#key, basis) || 1, 0xffffffff); // 0 is "none was taken"
  }

  /** Writes the masked bits of a word of the key that has no bytes in the frame. */
  setMetadata(word: number, value: number, mask: number): void {
    this.#key[word] = ((this.#key[word] ?? 0) & ~mask) | (value & mask);
    this.#hasMetadata = true;
  }

  /** Finds the headers of the frame as it is; false when not even the first one is whole. */
  locate(): boolean {
    return this.headers.locate(this.frame, this.packetType);
  }

  /** Bytes that would be sent, without padding behind an IP packet. */
  sizeToSend(): number {
    const size = this.frame.end - this.frame.start;
    const padding = this.locate() ? this.headers.paddingOf(this.frame) : 0;
    return Math.min(size, this.maxSize) - padding;
  }

  #save(): Saved {
    let saved = this.#saved[this.#depth];
    if (saved === undefined) {
      saved = new Saved();
      this.#saved.push(saved);
    }
    this.#depth++;
    saved.frame = this.frame;
    saved.key.set(this.#key);
    saved.packetType = this.packetType;
    saved.maxSize = this.maxSize;
    saved.isKeyStale = this.#isKeyStale;
    return saved;
  }

  #restore(saved: Saved): void {
    this.#depth--;
    if (saved.frame !== undefined) this.frame = saved.frame;
    this.#key.set(saved.key);
    this.packetType = saved.packetType;
    this.maxSize = saved.maxSize;
    this.#isKeyStale = saved.isKeyStale;
    this.#isDropped = false;
  }

  /** Only what extraction writes: metadata and the recirculation id are not the frame's. */
  #refreshKey(): void {
    if (!this.#isKeyStale) return;
    this.#isKeyStale = false;
    const key = this.#key;
    const inPort = key[inPortWord] ?? 0;
    const id = key[recircWord] ?? 0;
    extractKey(this.frame, key, this.#host.vlanLimit, this.packetType);
    key[inPortWord] = inPort;
    key[recircWord] = id;
  }

  output(port: number): void {
    const to = this.#host.outputTo(port);
    const limit = this.maxSize;
    this.maxSize = Number.POSITIVE_INFINITY;
    if (to === undefined || to.tunnel !== undefined) {
      this.#lose('noSuchPort'); // no frame leaves by the port of a tunnel
      return;
    }
    if (this.packetType !== 0) {
      this.#lose('wrongPacketType'); // devices take Ethernet frames
      return;
    }
    const { frame } = this;
    const size = frame.end - frame.start;
    if (limit < size) {
      this.#outputCut(to, limit);
      return;
    }
    if (frame.gsoType === gso.none && size > to.maxSize && isTooLong(frame, to.maxSize)) {
      this.#lose('tooLong');
      return;
    }
    if (hasOffload(frame) && !to.tx.takesOffloads) {
      if (!this.#eachFinished((frame) => this.#send(to, frame))) this.#lose('badOffload');
      return;
    }
    this.#send(to, frame);
  }

  /** Outputs by the member of a bond that the packet's connection chooses. */
  outputByHash(bond: number): void {
    this.#refreshKey();
    const { frame } = this;
    const port = this.#host.memberOf(bond, hashL4(this.#key, 0), frame.end - frame.start);
    if (port === undefined) this.#lose('noSuchPort');
    else this.output(port);
  }

  meter(id: number): void {
    const { frame } = this;
    if (!this.#host.admits(id, frame.end - frame.start)) this.drop('meter');
  }

  /** Ends the packet here. */
  drop(reason: DpDropReason): void {
    this.#isDropped = true;
    this.#lose(reason);
  }

  /** A copy that was to go somewhere goes nowhere; the packet itself goes on. */
  #lose(reason: DpDropReason): void {
    this.#host.drop(reason, this.frame, this.#key);
  }

  /** Who gets the packet can finish nothing: it gets frames as they would be on the wire, where that can be said. */
  sendUp(reason: SentUp): void {
    const limit = this.maxSize;
    this.maxSize = Number.POSITIVE_INFINITY;
    this.#refreshKey();
    const send = (frame: Frame): void => {
      const { end } = frame;
      frame.end = Math.min(end, frame.start + limit);
      this.#host.sendUp(reason, frame, this.#key);
      frame.end = end;
    };
    const { frame } = this;
    if (!hasOffload(frame) || !this.#eachFinished(send)) send(frame);
  }

  /**
   * Before a change: makes sure that nobody else needs the frame's bytes, and that so many in front of them are free.
   * False when the packet had to be dropped.
   */
  makeWritable(headroom = 0): boolean {
    const { frame } = this;
    this.#isKeyStale = true;
    if (!frame.isQueued && frame.headroom >= headroom && !this.#isSaved(frame)) return true;
    const copy = this.#copy(frame.end - frame.start, headroom);
    if (copy === undefined) {
      this.#isDropped = true;
      return false;
    }
    this.frame = copy;
    return true;
  }

  /** Does a list that this one is in go on with the frame? */
  #isSaved(frame: Frame): boolean {
    return this.#depth > 0 && this.#saved[this.#depth - 1]?.frame === frame;
  }

  /** A cut frame has other offloads than the whole one, which the port keeps in front of the bytes: so a copy. */
  #outputCut(to: Output, size: number): void {
    const cut = this.#copy(size);
    if (cut === undefined) return;
    cut.clearOffloads();
    this.#send(to, cut);
  }

  /** Gives what a device would have made of the frame. False when its description makes no sense. */
  #eachFinished(use: (frame: Frame) => void, headroom = 0): boolean {
    if (this.frame.gsoType !== gso.none) return this.#eachSegment(use, headroom);
    const copy = this.#copy(this.frame.end - this.frame.start, headroom);
    if (copy === undefined) return true; // dropped
    if (!finishChecksum(copy)) return false;
    use(copy);
    return true;
  }

  #eachSegment(use: (frame: Frame) => void, headroom: number): boolean {
    const segmenter = this.#segmenter;
    const count = segmenter.start(this.frame, this.packetType);
    for (let n = 0; n < count; n++) {
      const segment = this.#take(segmenter.sizeOf(n), headroom);
      if (segment === undefined) break;
      segmenter.emit(n, count, segment);
      use(segment);
    }
    return count > 0;
  }

  #send(to: Output, frame: Frame): void {
    const asked = this.#hasMetadata ? (this.#key[priorityWord] ?? 0) : 0;
    to.tx.send(frame, to.chooseQueue === undefined ? asked : to.chooseQueue(this.#key));
    frame.isQueued = true;
    to.queuedCount++;
    if (!to.isDirty) this.#host.markDirty(to);
  }

  /** Memory of the arena for a frame; undefined, and dropped, when it can never fit. */
  #take(size: number, headroom: number): Frame | undefined {
    let taken = this.#arena.take(size, headroom);
    if (taken !== undefined) return taken;
    this.#makeRoom();
    taken = this.#arena.take(size, headroom);
    if (taken === undefined) this.#lose('tooLarge');
    return taken;
  }

  #copy(size: number, headroom = 0): Frame | undefined {
    let copy = this.#arena.copy(this.frame, size, headroom);
    if (copy !== undefined) return copy;
    this.#makeRoom();
    copy = this.#arena.copy(this.frame, size, headroom);
    if (copy === undefined) this.#lose('tooLarge');
    return copy;
  }

  #makeRoom(): void {
    this.#host.flushOutputs();
    this.frame.isQueued = false;
    const kept = new Set([this.frame]);
    for (let n = 0; n < this.#depth; n++) {
      const outer = this.#saved[n]?.frame;
      if (outer === undefined) continue;
      outer.isQueued = false;
      kept.add(outer);
    }
    this.#arena.resetKeeping(kept);
  }
}

/** Is something left that a device would do? */
function hasOffload({ checksumStart, gsoType }: Frame): boolean {
  return checksumStart >= 0 || gsoType !== gso.none;
}

/** Bounds `maxSize` are those of an untagged frame: a tag comes on top, as the kernel's devices see it. */
function isTooLong({ view, start, end }: Frame, maxSize: number): boolean {
  const type = view.getUint16(start + ethernet.offset.type);
  const tagSize = isVlanType(type) ? vlanTag.size : 0;
  return end - start > maxSize + tagSize;
}
