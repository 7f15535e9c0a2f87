/**
 * The frame path of a kernel device in a worker that only sends there: a socket of its own. Opened by `../registry.ts`.
 */
import { closeFd } from '../../sys/calls/fd.ts';
import type { Frame } from '../../wire/frame.ts';
import { emptyCounters } from '../counters.ts';
import type { PortCounters, TxPort } from '../provider.ts';
import { DeviceSender } from './device-sender.ts';
import { openSendSocket } from './packet-socket.ts';

/** Throws SyscallFailed. */
export function openPacketTxPort(name: string, ifindex: number): TxPort {
  return new PacketTxPort(openSendSocket(name, ifindex), { name, ifindex });
}

class PacketTxPort implements TxPort {
  readonly takesOffloads = true;
  readonly counters: PortCounters = emptyCounters();
  readonly #fd: number;
  readonly #sender: DeviceSender;
  #isOpen = true;

  constructor(fd: number, device: { readonly name: string; readonly ifindex: number }) {
    this.#fd = fd;
    this.#sender = new DeviceSender({ ...device, fd }, this.counters);
  }

  send(frame: Frame, queue = 0): void {
    this.#sender.send(frame, queue);
  }

  flush(): void {
    this.#sender.flush();
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#sender.close();
    closeFd(this.#fd);
  }
}
