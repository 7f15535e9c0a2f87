/**
 * What plays the kernel for a port in practice: the far end of a pair of sockets, whose near end the port has. Shared by
 * the `practice-port.ts` of `system/` and `tap/`.
 */
import { closeFd } from '../sys/calls/fd.ts';
import { openDatagramPair, receiveBytes, sendBytes, stopReceiving } from '../sys/calls/socket.ts';

/** Longer than what is sent in practice. */
const scratchSize = 4096;

export class PracticeKernel {
  /** For the port. */
  readonly fd: number;
  readonly #far: number;
  readonly #scratch = new Uint8Array(scratchSize);

  /** Throws SyscallFailed. */
  constructor() {
    [this.fd, this.#far] = openDatagramPair();
  }

  /** Makes `fd` readable: `bytes` can be read there. */
  send(bytes: Uint8Array): void {
    sendBytes(this.#far, bytes);
  }

  /** Takes away what the port has sent. */
  takeSent(): void {
    while (receiveBytes(this.#far, this.#scratch) > 0);
  }

  /** From now on what the port sends is refused. */
  refuse(): void {
    stopReceiving(this.#far);
  }

  /** Its own end; `fd` belongs to the port's owner. */
  close(): void {
    closeFd(this.#far);
  }
}
