/** writev(2) of a few pieces of memory named by address, again and again without allocating. */
import { lastErrno, libcFunction } from './libc.ts';
import { allocate, type Memory } from './memory.ts';

const nativeWritev = libcFunction<number | bigint>('long writev(int, uintptr_t, int)');

export class PartWriter {
  readonly #memory: Memory;
  readonly #parts: Uint32Array;
  readonly #partCount: number;

  constructor(partCount: number) {
    this.#partCount = partCount;
    this.#memory = allocate(partCount * 16);
    this.#parts = new Uint32Array(this.#memory.buffer);
  }

  setPart(part: number, address: number, size: number): void {
    const at = part * 4;
    this.#parts[at] = address; // storing keeps the low 32 bits
    this.#parts[at + 1] = address / 0x100000000;
    this.#parts[at + 2] = size;
  }

  /** Bytes written, or the negative error number. */
  write(fd: number): number {
    const sent = Number(nativeWritev(fd, this.#memory.address, this.#partCount));
    return sent < 0 ? -lastErrno() : sent;
  }

  close(): void {
    this.#memory.unmap();
  }
}
