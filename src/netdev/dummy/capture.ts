/** Where a dummy port writes down its frames: options `pcap`, `rxq_pcap`, `tx_pcap`. */
import { closeSync, fstatSync, writeSync } from 'node:fs';
import { fromNodeError } from '../../base/errno.ts';
import { openSync } from '../../base/files.ts';
import { emitPcapHeader, emitPcapRecord } from '../../wire/pcap.ts';

export class Capture {
  readonly path: string;
  readonly #fd: number;

  /** Goes on where an earlier capture of the file ended. Throws SyscallFailed. */
  constructor(path: string) {
    this.path = path;
    try {
      this.#fd = openSync(path, 'a');
      if (fstatSync(this.#fd).size === 0) writeSync(this.#fd, emitPcapHeader());
    } catch (error) {
      throw fromNodeError(error, `${path}: cannot write capture`);
    }
  }

  write(frame: Uint8Array, wall: number): void {
    writeSync(this.#fd, emitPcapRecord(frame, wall));
  }

  close(): void {
    closeSync(this.#fd);
  }
}
