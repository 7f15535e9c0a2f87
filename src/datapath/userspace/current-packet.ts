/**
 * The packet that a worker's actions work on: its frame, its key, and what outer lists of actions go on with. Frames are
 * edited in place; one that is queued already, or that an outer list still needs, is copied first, so one frame to many
 * ports shares its memory. The key follows: it is extracted again where somebody asks for it after the frame was changed.
 */
import { extractKey, fragment } from '../../flow/extract.ts';
import { newKey } from '../../flow/key.ts';
import { ethernetPacket } from '../../flow/packet-type.ts';
import { datapathWordCount, hotWordCount, slots } from '../../flow/slots.ts';
import type { Frame } from '../../wire/frame.ts';
import type { DpDropReason } from '../drops.ts';
import type { FrameArena } from './frame-arena.ts';
import { Headers } from './headers.ts';

/** What the packet needs of the engine. */
export interface PacketHost {
  /** VLAN tags that keys show. */
  readonly vlanLimit: number;
  /** Sends what every port has queued, so that the arena and frames are free again. */
  flushOutputs(): void;
  /** `key` is the packet's, at the latest as it was before its actions changed it. */
  drop(reason: DpDropReason, frame: Frame, key: Uint32Array): void;
}

const inPortWord = slots.in_port.word;
const recircWord = slots.recirc_id.word;
const packetTypeWord = slots.packet_type.word;
const dpHashWord = slots.dp_hash.word;
const connectionWord = slots.ct_connection.word;
const fragmentWord = slots.nw_frag.word;
const priorityWord = slots.skb_priority.word;
const noMetadata = new Uint32Array(datapathWordCount - hotWordCount);

/** What a list of actions on a copy must not change for those behind it. */
export class SavedPacket {
  frame: Frame | undefined;
  readonly key = newKey();
  packetType = 0;
  maxSize = 0;
  isKeyStale = false;
}

/** One a worker, reused for all packets. */
export class CurrentPacket {
  /** Not valid outside `PacketExecution.run`. */
  frame: Frame;
  /** As it was before the frame was changed, until `refreshKey`. */
  key: Uint32Array = new Uint32Array(0);
  /** Bytes that the next output may send; lasts for one output. */
  maxSize = Number.POSITIVE_INFINITY;
  /** As in a key; 0 = Ethernet. */
  packetType = 0;
  /** It came to an end, or is held, before its actions came to theirs. */
  isDropped = false;
  /** Words of the key that extraction does not write were written, here or in a saved packet. */
  hasMetadata = false;
  readonly headers = new Headers();
  readonly #host: PacketHost;
  readonly #arena: FrameArena;
  /** The frame was changed since its key was extracted. */
  #isKeyStale = false;
  /** What the lists that this one is in go on with, outermost first: the first `#depth` of them. */
  readonly #saved: SavedPacket[] = [];
  #depth = 0;

  constructor(host: PacketHost, arena: FrameArena, frame: Frame) {
    this.#host = host;
    this.#arena = arena;
    this.frame = frame;
  }

  begin(frame: Frame, key: Uint32Array, hasMetadata: boolean): void {
    this.frame = frame;
    this.key = key;
    this.isDropped = false;
    this.hasMetadata = hasMetadata;
    this.#isKeyStale = false;
    this.maxSize = Number.POSITIVE_INFINITY;
    this.packetType = key[packetTypeWord] ?? 0;
  }

  /** Leaves the words of the key that extraction does not write as they are in most packets: zero. */
  end(): void {
    if (!this.hasMetadata) return;
    this.hasMetadata = false;
    this.key.set(noMetadata, hotWordCount);
  }

  /** Keeps the packet as it is, for `restore`. Saved packets are restored innermost first. */
  save(): SavedPacket {
    let saved = this.#saved[this.#depth];
    if (saved === undefined) {
      saved = new SavedPacket();
      this.#saved.push(saved);
    }
    this.#depth++;
    saved.frame = this.frame;
    saved.key.set(this.key);
    saved.packetType = this.packetType;
    saved.maxSize = this.maxSize;
    saved.isKeyStale = this.#isKeyStale;
    return saved;
  }

  restore(saved: SavedPacket): void {
    this.#depth--;
    if (saved.frame !== undefined) this.frame = saved.frame;
    this.key.set(saved.key);
    this.packetType = saved.packetType;
    this.maxSize = saved.maxSize;
    this.#isKeyStale = saved.isKeyStale;
    this.isDropped = false;
  }

  /** Makes the key that of the frame as it is. Metadata and the recirculation id are not the frame's: they stay. */
  refreshKey(): void {
    if (!this.#isKeyStale) return;
    this.#isKeyStale = false;
    const { key } = this;
    const inPort = key[inPortWord] ?? 0;
    const id = key[recircWord] ?? 0;
    extractKey(this.frame, key, this.#host.vlanLimit, this.packetType);
    key[inPortWord] = inPort;
    key[recircWord] = id;
  }

  /** For the next look-up. */
  setRecirculation(id: number): void {
    this.key[recircWord] = id;
  }

  /** Writes the masked bits of a word of the key that has no bytes in the frame. */
  setMetadata(word: number, value: number, mask: number): void {
    this.key[word] = ((this.key[word] ?? 0) & ~mask) | (value & mask);
    this.hasMetadata = true;
  }

  /** The same of all bits of words in a row. */
  setMetadataWords(first: number, words: Uint32Array): void {
    this.key.set(words, first);
    this.hasMetadata = true;
  }

  /** Notes a hash of the key as it is. */
  hash(of: (key: Uint32Array, basis: number) => number, basis: number): void {
    this.refreshKey();
    this.setMetadata(dpHashWord, of(this.key, basis) || 1, 0xffffffff); // 0 is "none was taken"
  }

  /** Which it asks for among those of an output. */
  get queue(): number {
    return this.hasMetadata ? (this.key[priorityWord] ?? 0) : 0;
  }

  /** The frame has a tunnel's headers in front from here on: a new packet, as if it had come in by that port. */
  becomeOuter(inPort: number): void {
    const { key } = this;
    if (this.hasMetadata) key.set(noMetadata, hotWordCount); // `hasMetadata` stays: a saved packet may have some
    key[inPortWord] = inPort;
    key[recircWord] = 0;
    this.packetType = ethernetPacket;
    this.#isKeyStale = true;
  }

  /** The frame is what a tunnel carried from here on, and came in by that port; its key is fresh. */
  becomeInner(packetType: number, inPort: number): void {
    this.packetType = packetType;
    this.#isKeyStale = true;
    this.refreshKey();
    this.key[inPortWord] = inPort;
    this.key[connectionWord] = 0;
  }

  /** Is it a fragment of an IP packet? */
  get isFragment(): boolean {
    this.refreshKey();
    return ((this.key[fragmentWord] ?? 0) & fragment.any) !== 0;
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

  /** `maxSize`, which no other output sees. */
  takeMaxSize(): number {
    const { maxSize } = this;
    this.maxSize = Number.POSITIVE_INFINITY;
    return maxSize;
  }

  /** Its actions end here; somebody keeps a copy, which goes on later. */
  hold(): void {
    this.isDropped = true;
  }

  /** Ends the packet here. */
  drop(reason: DpDropReason): void {
    this.isDropped = true;
    this.lose(reason);
  }

  /** A copy that was to go somewhere goes nowhere; the packet itself goes on. */
  lose(reason: DpDropReason): void {
    this.#host.drop(reason, this.frame, this.key);
  }

  /**
   * Before a change: makes sure that nobody else needs the frame's bytes, and that so many in front of them are free.
   * False when the packet had to be dropped.
   */
  makeWritable(headroom = 0): boolean {
    const { frame } = this;
    this.#isKeyStale = true;
    if (!frame.isQueued && frame.headroom >= headroom && !this.#isSaved(frame)) return true;
    return this.#replace(this.copy(frame.end - frame.start, headroom));
  }

  /** Cuts the packet to what the next output may send. False when it had to be dropped. */
  cut(headroom = 0): boolean {
    const { frame } = this;
    const maxSize = this.takeMaxSize();
    return maxSize >= frame.end - frame.start || this.#replace(this.copyCut(maxSize, headroom));
  }

  /** A copy of the first bytes, without the offloads of the whole frame. Fails as `copy` does. */
  copyCut(size: number, headroom = 0): Frame | undefined {
    const cut = this.copy(size, headroom);
    cut?.clearOffloads();
    return cut;
  }

  /** A copy of the first bytes with the frame's offloads; undefined, and dropped, when it can never fit the arena. */
  copy(size: number, headroom = 0): Frame | undefined {
    let copy = this.#arena.copy(this.frame, size, headroom);
    if (copy !== undefined) return copy;
    this.#makeRoom();
    copy = this.#arena.copy(this.frame, size, headroom);
    if (copy === undefined) this.lose('tooLarge');
    return copy;
  }

  /** Memory for another frame. Fails as `copy` does. */
  take(size: number, headroom: number): Frame | undefined {
    let taken = this.#arena.take(size, headroom);
    if (taken !== undefined) return taken;
    this.#makeRoom();
    taken = this.#arena.take(size, headroom);
    if (taken === undefined) this.lose('tooLarge');
    return taken;
  }

  #replace(frame: Frame | undefined): boolean {
    if (frame === undefined) this.isDropped = true;
    else this.frame = frame;
    return frame !== undefined;
  }

  /** Does a list that this one is in go on with the frame? */
  #isSaved(frame: Frame): boolean {
    return this.#depth > 0 && this.#saved[this.#depth - 1]?.frame === frame;
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
