/** The frame path of a kernel device in a worker that only sends there: a socket of its own. Opened by `../registry.ts`. */
import { closeFd } from '../../sys/calls/fd.ts';
import type { Frame } from '../../wire/frame.ts';
import { emptyCounters } from '../counters.ts';
import type { PortCounters, TxPort } from '../provider.ts';
import { FrameSender } from './frame-sender.ts';
import { openSendSocket } from './packet-socket.ts';

/** Throws SyscallFailed. */
export function openPacketTxPort(name: string, ifindex: number): TxPort {
  return new PacketTxPort(openSendSocket(name, ifindex));
}

class PacketTxPort implements TxPort {
  readonly takesOffloads = true;
  readonly counters: PortCounters = emptyCounters();
  readonly #fd: number;
  readonly #sender: FrameSender;
  #isOpen = true;

  constructor(fd: number) {
    this.#fd = fd;
    this.#sender = new FrameSender(fd, this.counters, () => {});
  }

  send(frame: Frame): void {
    if (this.#isOpen) this.#sender.add(frame);
    else this.counters.txDropped++;
  }

  flush(): void {
    if (this.#isOpen) this.#sender.flush();
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#sender.close();
    closeFd(this.#fd);
  }
}
