/**
 * Short frames on their way out, in memory that the kernel reads (PACKET_TX_RING): one system call sends them all, for
 * less each than a message costs. A frame is copied in, behind its offload header. Used by `frame-sender.ts`.
 */
import { copyBytes, type Frame, gso } from '../../wire/frame.ts';
import { offloadHeaderSize, writeOffloadHeader } from '../offload-header.ts';
import { slotSize } from './packet-socket.ts';

/** Byte offsets inside a slot: struct tpacket2_hdr, then what is sent, which starts with the offload header. */
const slot = { status: 0, size: 4, header: 32, frame: 32 + offloadHeaderSize } as const;
const status = { available: 0, sendRequest: 1, wrongFormat: 4 } as const;
const sizeLimit = slotSize - slot.frame;

/** Memory shared with the kernel; a test makes one without. */
interface SharedSlots {
  readonly buffer: ArrayBuffer;
  readonly address: number;
}

export class SendRing {
  readonly #memory: Pick<Frame, 'bytes' | 'view'>;
  readonly #words: Int32Array;
  readonly #halves: Uint16Array;
  readonly #address: number;
  readonly #slotCount: number;
  readonly #send: () => number;
  /** Byte of the slot that is written next. */
  #next = 0;
  #waitingCount = 0;
  #waitingBytes = 0;

  /** `send` makes the kernel look at the ring and is negative when it refused a frame. */
  constructor({ buffer, address }: SharedSlots, send: () => number) {
    this.#memory = { bytes: new Uint8Array(buffer), view: new DataView(buffer) };
    this.#words = new Int32Array(buffer);
    this.#halves = new Uint16Array(buffer);
    this.#address = address;
    this.#slotCount = buffer.byteLength / slotSize;
    this.#send = send;
  }

  /** Frames added since the last `send`. */
  get waitingCount(): number {
    return this.#waitingCount;
  }

  /** Their bytes. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Copies the frame in. False when it is none for the ring, or the kernel still holds the slot: nothing happened. */
  add(frame: Frame): boolean {
    const at = this.#next;
    const size = frame.end - frame.start;
    if (size > sizeLimit || frame.gsoType !== gso.none || this.#words[at >> 2] !== status.available)
      return false;
    copyBytes(frame, frame.start, this.#memory, at + slot.frame, size);
    const header = (at + slot.header) >> 1;
    writeOffloadHeader(frame, this.#halves, header);
    this.#halves[header + 1] = size; // all of it counts as headers: the kernel then copies it and keeps no slot's page
    this.#words[(at + slot.size) >> 2] = offloadHeaderSize + size;
    this.#words[at >> 2] = status.sendRequest;
    this.#next = this.#after(at);
    this.#waitingCount++;
    this.#waitingBytes += size;
    return true;
  }

  /**
   * Gives what waits to the kernel, which takes it in order up to the first frame that it refuses. How many it left:
   * their slots are ours again, and `leftAt` tells where they are until the next `add`.
   */
  send(): number {
    const count = this.#waitingCount;
    this.#waitingCount = 0;
    this.#waitingBytes = 0;
    const result = this.#send();
    const last = this.#words[this.#before(this.#next) >> 2];
    // Without memory the kernel stops early, too, but calls what it has sent a success.
    return result < 0 || last === status.sendRequest ? this.#takeBack(count) : 0;
  }

  /** The native address of the frame's offload header, which the frame follows, and their size together. */
  leftAt(index: number): { readonly address: number; readonly size: number } {
    const at = (this.#next + index * slotSize) % (this.#slotCount * slotSize);
    return { address: this.#address + at + slot.header, size: this.#words[(at + slot.size) >> 2] ?? 0 };
  }

  #takeBack(count: number): number {
    let left = 0;
    for (; left < count; left++) {
      const at = this.#before(this.#next);
      const found = this.#words[at >> 2];
      if (found !== status.sendRequest && found !== status.wrongFormat) break;
      this.#words[at >> 2] = status.available;
      this.#next = at;
    }
    return left;
  }

  #after(at: number): number {
    return at + slotSize === this.#slotCount * slotSize ? 0 : at + slotSize;
  }

  #before(at: number): number {
    return (at === 0 ? this.#slotCount * slotSize : at) - slotSize;
  }
}
