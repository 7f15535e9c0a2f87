/** A capture of dropped packets, with why they were dropped as comments. Written as fast as the disk takes it. */
import { constants, createWriteStream, type WriteStream } from 'node:fs';
import { fromNodeError } from '../../base/errno.ts';
import { openSync } from '../../base/files.ts';
import type { DroppedPacket } from '../../ofproto/drops/drop-stream.ts';
import { formatDropComment } from '../../ofproto/views/dropped-packet.ts';
import { emitPcapngDevice, emitPcapngHeader, emitPcapngPacket } from '../../wire/pcapng.ts';

/** Anew, and without waiting for somebody to read a pipe. */
const openFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NONBLOCK;

/** Bytes that wait for the disk at most. */
const waitingLimit = 4 << 20;

export class DropCapture {
  readonly #path: string;
  readonly #stream: WriteStream;
  readonly #ended: Promise<void>;
  /** By bridge and port. */
  readonly #devices = new Map<string, number>();
  #failure: Error | undefined;
  /** Packets that came faster than they could be written. */
  missedCount = 0;

  /** Calls `onFailure` when it cannot go on. Throws SyscallFailed. */
  constructor(path: string, onFailure: () => void) {
    this.#path = path;
    this.#stream = createWriteStream(path, { fd: this.#open() });
    this.#ended = new Promise((resolve) => {
      this.#stream.on('close', () => resolve());
    });
    this.#stream.on('error', (why) => {
      this.#failure = fromNodeError(why, `${path}: cannot write capture`);
      onFailure();
    });
    this.#stream.write(emitPcapngHeader());
  }

  write(packet: DroppedPacket): void {
    if (this.#failure !== undefined) return;
    if (this.#stream.writableLength > waitingLimit) {
      this.missedCount++;
      return;
    }
    const { time, head: bytes, size } = packet;
    const comment = formatDropComment(packet);
    this.#stream.write(emitPcapngPacket({ device: this.#deviceOf(packet), time, bytes, size, comment }));
  }

  /** Resolves when all is written. Rejects with SyscallFailed. */
  async close(): Promise<void> {
    this.#stream.end();
    await this.#ended;
    if (this.#failure !== undefined) throw this.#failure;
  }

  #open(): number {
    try {
      return openSync(this.#path, openFlags);
    } catch (error) {
      throw fromNodeError(error, `${this.#path}: cannot write capture`);
    }
  }

  #deviceOf({ bridge = '-', port = '-' }: DroppedPacket): number {
    const name = `${bridge} ${port}`;
    const known = this.#devices.get(name);
    if (known !== undefined) return known;
    const made = this.#devices.size;
    this.#devices.set(name, made);
    this.#stream.write(emitPcapngDevice(name));
    return made;
  }
}
