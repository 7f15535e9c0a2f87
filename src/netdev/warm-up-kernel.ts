/**
 * What plays the kernel for a port of the warm-up: the far end of a pair of sockets, whose near end the port has.
 * Shared by the `warm-up-port.ts` of `system/` and `tap/`.
 */
import { closeFd } from '../sys/calls/fd.ts';
import { openDatagramPair, receiveBytes, sendBytes, stopReceiving } from '../sys/calls/socket.ts';
import { offloadHeaderSize } from './offload-header.ts';
import type { PortIo, WarmUpPort } from './provider.ts';

/** Longer than what is sent in a warm-up. */
const scratchSize = 4096;

export class WarmUpKernel {
  /** For the port. */
  readonly fd: number;
  readonly #far: number;
  readonly #scratch = new Uint8Array(scratchSize);
  /** Of which the first bytes are the offload header: none. */
  readonly #message = new Uint8Array(scratchSize);

  /** Throws SyscallFailed. */
  constructor() {
    [this.fd, this.#far] = openDatagramPair();
  }

  /** Makes `fd` readable: the frame can be received there. */
  send(frame: Uint8Array): void {
    this.#message.set(frame, offloadHeaderSize);
    sendBytes(this.#far, this.#message.subarray(0, offloadHeaderSize + frame.length));
  }

  /** Takes away what the port has sent. */
  takeSent(): void {
    while (receiveBytes(this.#far, this.#scratch) > 0);
  }

  /** From now on what the port sends is refused. */
  refuse(): void {
    stopReceiving(this.#far);
  }

  /** Both ends. */
  close(): void {
    closeFd(this.fd);
    closeFd(this.#far);
  }
}

/** A port on the near end of `kernel`, which goes with it. `arrive`: for a port that frames reach otherwise. */
export function warmUpPort(
  kernel: WarmUpKernel,
  io: PortIo,
  arrive = (frame: Uint8Array) => kernel.send(frame),
): WarmUpPort {
  return {
    io,
    arrive,
    takeSent: () => kernel.takeSent(),
    refuse: () => kernel.refuse(),
    close() {
      io.close();
      kernel.close();
    },
  };
}
