/**
 * Runs lowered actions on a frame. Frames are edited in place; one that is queued already is copied first, so one frame
 * to many ports shares its memory.
 */
import type { PortIo } from '../../netdev/provider.ts';
import { vlanTag } from '../../wire/ethernet.ts';
import { type Frame, gso } from '../../wire/frame.ts';
import type { DropReason } from '../drops.ts';
import type { SentUp } from '../provider.ts';
import { Headers } from './headers.ts';
import { finishChecksum, Segmenter } from './offload.ts';
import type { Scratch } from './scratch.ts';

/** One lowered action. */
export type Step = (x: Execution) => void;

/** An output as the engine keeps it. */
export interface Output {
  readonly io: PortIo;
  /** Bytes of the longest untagged frame. */
  maxSize: number;
  /** Something is queued; in the engine's list of ports to flush. */
  isDirty: boolean;
}

/** What the steps need of the engine. */
export interface ExecutionHost {
  outputTo(port: number): Output | undefined;
  /** Remembers to flush the port. */
  touch(output: Output): void;
  /** Sends what every port has queued, so that scratch memory and frames are free again. */
  flushOutputs(): void;
  drop(reason: DropReason): void;
  sendUp(reason: SentUp, frame: Frame, key: Uint32Array): void;
}

const macsSize = 12;
const taggedMin = 18;
const untaggedMin = 14;

/** The packet that is being worked on. One a worker, reused for all packets. */
export class Execution {
  /** Not valid outside `run`. */
  frame: Frame;
  /** Bytes that the next output may send; lasts for one output. */
  maxSize = Number.POSITIVE_INFINITY;
  readonly headers = new Headers();
  readonly #host: ExecutionHost;
  readonly #scratch: Scratch;
  readonly #segmenter = new Segmenter();
  #key: Uint32Array;
  /** Set when the packet came to an end before its actions did. */
  #isDropped = false;

  constructor(host: ExecutionHost, scratch: Scratch, frame: Frame) {
    this.#host = host;
    this.#scratch = scratch;
    this.frame = frame;
    this.#key = new Uint32Array(0);
  }

  run(steps: readonly Step[], frame: Frame, key: Uint32Array): void {
    this.frame = frame;
    this.#key = key;
    this.#isDropped = false;
    this.maxSize = Number.POSITIVE_INFINITY;
    if (steps.length === 0) this.#host.drop('explicit');
    for (let n = 0; n < steps.length && !this.#isDropped; n++) steps[n]?.(this);
  }

  output(port: number): void {
    const to = this.#host.outputTo(port);
    const limit = this.maxSize;
    this.maxSize = Number.POSITIVE_INFINITY;
    if (to === undefined) {
      this.#host.drop('noSuchPort');
      return;
    }
    const { frame } = this;
    const size = frame.end - frame.start;
    if (limit < size) {
      this.#outputCut(to, limit);
      return;
    }
    if (frame.gsoType === gso.none && size > to.maxSize && isTooLong(frame, to.maxSize)) {
      this.#host.drop('tooLong');
      return;
    }
    if ((frame.checksumStart >= 0 || frame.gsoType !== gso.none) && !to.io.takesOffloads) {
      this.#outputFinished(to);
      return;
    }
    this.#send(to, frame);
  }

  /** Ends the packet here. */
  drop(reason: DropReason): void {
    this.#isDropped = true;
    this.#host.drop(reason);
  }

  sendUp(reason: SentUp): void {
    const limit = this.maxSize;
    this.maxSize = Number.POSITIVE_INFINITY;
    const { frame } = this;
    const { end } = frame;
    frame.end = Math.min(end, frame.start + limit);
    this.#host.sendUp(reason, frame, this.#key);
    frame.end = end;
  }

  pushTag(tag: number): void {
    if (this.frame.end - this.frame.start < untaggedMin || !this.#makeWritable(vlanTag.size)) return;
    const { frame } = this;
    const { view } = frame;
    const at = frame.start - vlanTag.size;
    view.setUint32(at, view.getUint32(at + 4));
    view.setUint32(at + 4, view.getUint32(at + 8));
    view.setUint32(at + 8, view.getUint32(at + 12));
    view.setUint32(at + macsSize, tag);
    moveStart(frame, -vlanTag.size);
  }

  popTag(): void {
    if (this.frame.end - this.frame.start < taggedMin || !this.makeWritable()) return;
    const { frame } = this;
    const { view, start } = frame;
    view.setUint32(start + 12, view.getUint32(start + 8));
    view.setUint32(start + 8, view.getUint32(start + 4));
    view.setUint32(start + 4, view.getUint32(start));
    moveStart(frame, vlanTag.size);
  }

  /** Makes sure that no queue shares the frame's bytes. False when it had to be dropped. */
  makeWritable(): boolean {
    return this.#makeWritable(0);
  }

  #makeWritable(headroom: number): boolean {
    const { frame } = this;
    if (!frame.isQueued && frame.headroom >= headroom) return true;
    const copy = this.#copy(frame.end - frame.start);
    if (copy === undefined) {
      this.#isDropped = true;
      return false;
    }
    this.frame = copy;
    return true;
  }

  /** A cut frame has other offloads than the whole one, which the port keeps in front of the bytes: so a copy. */
  #outputCut(to: Output, size: number): void {
    const cut = this.#copy(size);
    if (cut === undefined) return;
    cut.clearOffloads();
    this.#send(to, cut);
  }

  #outputFinished(to: Output): void {
    if (this.frame.gsoType !== gso.none) {
      this.#outputSegments(to);
      return;
    }
    const copy = this.#copy(this.frame.end - this.frame.start);
    if (copy === undefined) return;
    if (finishChecksum(copy)) this.#send(to, copy);
    else this.#host.drop('badOffload');
  }

  #outputSegments(to: Output): void {
    const segmenter = this.#segmenter;
    const count = segmenter.start(this.frame);
    if (count === 0) {
      this.#host.drop('badOffload');
      return;
    }
    for (let n = 0; n < count; n++) {
      const segment = this.#take(segmenter.sizeOf(n));
      if (segment === undefined) return;
      segmenter.emit(n, count, segment);
      this.#send(to, segment);
    }
  }

  #send(to: Output, frame: Frame): void {
    to.io.send(frame);
    frame.isQueued = true;
    if (!to.isDirty) this.#host.touch(to);
  }

  /** Scratch memory for a frame; undefined, and dropped, when it can never fit. */
  #take(size: number): Frame | undefined {
    let taken = this.#scratch.take(size);
    if (taken !== undefined) return taken;
    this.#makeRoom();
    taken = this.#scratch.take(size);
    if (taken === undefined) this.#host.drop('tooLarge');
    return taken;
  }

  #copy(size: number): Frame | undefined {
    let copy = this.#scratch.copy(this.frame, size);
    if (copy !== undefined) return copy;
    this.#makeRoom();
    copy = this.#scratch.copy(this.frame, size);
    if (copy === undefined) this.#host.drop('tooLarge');
    return copy;
  }

  #makeRoom(): void {
    this.#host.flushOutputs();
    this.frame.isQueued = false;
    this.#scratch.resetKeeping(this.frame);
  }
}

/** Bounds `maxSize` are those of an untagged frame: a tag comes on top, as the kernel's devices see it. */
function isTooLong({ view, start, end }: Frame, maxSize: number): boolean {
  const type = view.getUint16(start + macsSize);
  const tagSize = type === 0x8100 || type === 0x88a8 ? vlanTag.size : 0;
  return end - start > maxSize + tagSize;
}

/** Offsets of an offload count from the frame's start. */
function moveStart(frame: Frame, by: number): void {
  frame.start += by;
  frame.headroom += by;
  if (frame.checksumStart >= 0) frame.checksumStart -= by;
  if (frame.headerSize > 0) frame.headerSize -= by;
}
