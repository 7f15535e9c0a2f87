/**
 * Frames for queues of a device other than the usual one: those of a queue go through a socket of their own, whose
 * packets have the priority that names the queue's class. Used by ports that send; one that is never given such a
 * frame has none of this. Nothing here allocates for a frame.
 */
import { SyscallFailed } from '../../base/errors.ts';
import { closeInBackground } from '../../sys/calls/fd.ts';
import { level, socketOption, trySetOption } from '../../sys/calls/socket.ts';
import type { Frame } from '../../wire/frame.ts';
import type { PortCounters } from '../provider.ts';
import { classfulQueueLimit, queueClass } from '../qos/queue-class.ts';
import { FrameSender } from './frame-sender.ts';
import { openSendSocket } from './packet-socket.ts';

/** More queues at once share sockets, and cost a system call each time that another one sends. */
const socketLimit = 8;

interface QueueSender {
  queue: number;
  readonly fd: number;
  readonly sender: FrameSender;
}

export class QueueSenders {
  readonly #device: { readonly name: string; readonly ifindex: number };
  readonly #counters: PortCounters;
  /** What sends to a queue for which there can be no socket. */
  readonly #usual: FrameSender;
  readonly #senders: QueueSender[] = [];
  /** The one that makes way next. */
  #oldest = 0;

  constructor(
    device: { readonly name: string; readonly ifindex: number },
    counters: PortCounters,
    usual: FrameSender,
  ) {
    this.#device = device;
    this.#counters = counters;
    this.#usual = usual;
  }

  add(frame: Frame, queue: number): void {
    for (const one of this.#senders) {
      if (one.queue !== queue) continue;
      one.sender.add(frame);
      return;
    }
    (this.#senderFor(queue) ?? this.#usual).add(frame);
  }

  flush(): void {
    for (const { sender } of this.#senders) sender.flush();
  }

  close(): void {
    for (const { sender, fd } of this.#senders) {
      sender.close();
      void closeInBackground(fd);
    }
    this.#senders.length = 0;
  }

  /** Undefined for a queue that no device has, and where the kernel has no socket to spare. */
  #senderFor(queue: number): FrameSender | undefined {
    if (queue >= classfulQueueLimit) return undefined;
    const one = this.#senders.length < socketLimit ? this.#open() : this.#makeWay();
    if (one === undefined || !trySetOption(one.fd, level.socket, socketOption.priority, queueClass(queue)))
      return undefined;
    one.queue = queue;
    return one.sender;
  }

  #makeWay(): QueueSender | undefined {
    const one = this.#senders[this.#oldest];
    this.#oldest = (this.#oldest + 1) % socketLimit;
    one?.sender.flush();
    return one;
  }

  #open(): QueueSender | undefined {
    try {
      const fd = openSendSocket(this.#device.name, this.#device.ifindex);
      const one = { queue: noQueue, fd, sender: new FrameSender(fd, this.#counters, () => {}) };
      this.#senders.push(one);
      return one;
    } catch (error) {
      if (!(error instanceof SyscallFailed)) throw error;
      return undefined;
    }
  }
}

const noQueue = -1;
