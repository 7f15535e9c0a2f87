/**
 * The frame path of a kernel device in a worker that only sends there: a socket of its own. Opened by `../registry.ts`.
 */
import { closeFd } from '../../sys/calls/fd.ts';
import type { Frame } from '../../wire/frame.ts';
import { emptyCounters } from '../counters.ts';
import type { PortCounters, TxPort } from '../provider.ts';
import { FrameSender } from './frame-sender.ts';
import { openSendSocket } from './packet-socket.ts';
import { QueueSenders } from './queue-senders.ts';

/** Throws SyscallFailed. */
export function openPacketTxPort(name: string, ifindex: number): TxPort {
  return new PacketTxPort(openSendSocket(name, ifindex), { name, ifindex });
}

class PacketTxPort implements TxPort {
  readonly takesOffloads = true;
  readonly counters: PortCounters = emptyCounters();
  readonly #fd: number;
  readonly #device: { readonly name: string; readonly ifindex: number };
  readonly #sender: FrameSender;
  #queues: QueueSenders | undefined;
  #isOpen = true;

  constructor(fd: number, device: { readonly name: string; readonly ifindex: number }) {
    this.#fd = fd;
    this.#device = device;
    this.#sender = new FrameSender(fd, this.counters, () => {});
  }

  send(frame: Frame, queue = 0): void {
    if (!this.#isOpen) this.counters.txDropped++;
    else if (queue === 0) this.#sender.add(frame);
    else this.#sendToQueue(frame, queue);
  }

  flush(): void {
    if (!this.#isOpen) return;
    this.#sender.flush();
    this.#queues?.flush();
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#sender.close();
    this.#queues?.close();
    closeFd(this.#fd);
  }

  #sendToQueue(frame: Frame, queue: number): void {
    this.#queues ??= new QueueSenders(this.#device, this.counters, this.#sender);
    this.#queues.add(frame, queue);
  }
}
