/** Files that nobody but the processes of a program needs: in memory, so that none is left, however the program ends. */
import { closeSync, fstatSync, ftruncateSync, readSync, writeSync } from 'node:fs';
import { decodeText, encodeText } from '../base/text.ts';
import { openMemoryFile } from '../sys/calls/memory-file.ts';

export class MemoryFile implements Disposable {
  readonly fd: number;

  private constructor(fd: number) {
    this.fd = fd;
  }

  /** An empty one; closing it is the caller's duty. Throws SyscallFailed. */
  static create(): MemoryFile {
    return new MemoryFile(openMemoryFile('failed to create temporary file'));
  }

  /** One that this process has from its parent. */
  static inherited(fd: number): MemoryFile {
    return new MemoryFile(fd);
  }

  /** Where this process can open it. */
  get path(): string {
    return `/proc/self/fd/${this.fd}`;
  }

  read(): string {
    const bytes = Buffer.alloc(fstatSync(this.fd).size);
    const size = readSync(this.fd, bytes, 0, bytes.length, 0);
    return decodeText(bytes.subarray(0, size));
  }

  /** Replaces what it holds. Throws Node's error. */
  write(content: string | Uint8Array): void {
    const bytes = typeof content === 'string' ? encodeText(content) : content;
    ftruncateSync(this.fd, 0);
    for (let at = 0; at < bytes.length; ) at += writeSync(this.fd, bytes, at, bytes.length - at, at);
  }

  [Symbol.dispose](): void {
    closeSync(this.fd);
  }
}
