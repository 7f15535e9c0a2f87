/**
 * What a kernel device is given to send, by one thread: frames of the usual queue go through the port's own socket or
 * ring, those of others each through a socket of their own.
 */
import type { Frame } from '../../wire/frame.ts';
import type { PortCounters } from '../provider.ts';
import { FrameSender } from './frame-sender.ts';
import { QueueSenders } from './queue-senders.ts';
import type { SendRing } from './send-ring.ts';

interface SendingDevice {
  readonly name: string;
  readonly ifindex: number;
  /** The port's socket. */
  readonly fd: number;
}

export class DeviceSender {
  readonly #device: SendingDevice;
  readonly #counters: PortCounters;
  readonly #usual: FrameSender;
  #others: QueueSenders | undefined;
  #isOpen = true;

  /** `onBusy` is called when many frames are sent at once for the first time. */
  constructor(device: SendingDevice, counters: PortCounters, onBusy: () => void = () => {}) {
    this.#device = device;
    this.#counters = counters;
    this.#usual = new FrameSender(device.fd, counters, onBusy);
  }

  /** From now on messages go through that socket. */
  useSocket(fd: number): void {
    this.#usual.useSocket(fd);
  }

  /** From now on short frames go through that ring. */
  useRing(ring: SendRing): void {
    this.#usual.useRing(ring);
  }

  send(frame: Frame, queue: number): void {
    if (!this.#isOpen) this.#counters.txDropped++;
    else if (queue === 0) this.#usual.add(frame);
    else this.#sendToQueue(frame, queue);
  }

  flush(): void {
    if (!this.#isOpen) return;
    this.#usual.flush();
    this.#others?.flush();
  }

  /** The port's socket stays. */
  close(): void {
    this.#isOpen = false;
    this.#usual.close();
    this.#others?.close();
  }

  #sendToQueue(frame: Frame, queue: number): void {
    this.#others ??= new QueueSenders(this.#device, this.#counters, this.#usual);
    this.#others.add(frame, queue);
  }
}
