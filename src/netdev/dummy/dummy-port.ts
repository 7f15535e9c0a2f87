/** The frame path of a dummy device. Lives on the thread of the device: the main one. */
import type { Frame, FrameBatch } from '../../wire/frame.ts';
import type { IsPolled, PolledRxQueue, Polling, PortCounters, PortIo, WakesDatapath } from '../provider.ts';
import type { DummyDevice } from './device.ts';

const headroom = 128;

export class DummyPort implements PortIo, WakesDatapath {
  readonly fd = undefined;
  readonly takesOffloads = false;
  readonly counters: PortCounters;
  readonly #device: DummyDevice;
  #isOpen = true;

  constructor(device: DummyDevice) {
    this.#device = device;
    this.counters = device.counters;
  }

  get onInput(): () => void {
    return this.#device.onInput;
  }

  set onInput(tell: () => void) {
    this.#device.onInput = tell;
  }

  receive(batch: FrameBatch, isOurs: (queue: number) => boolean = () => true): number {
    batch.count = 0;
    if (!this.#isOpen) return 0;
    for (const { bytes, queue } of this.#device.take(batch.frames.length, isOurs)) {
      const frame = batch.frames[batch.count++];
      if (frame === undefined) break;
      this.#hand(bytes, frame);
      this.#device.queueCounters.count('rx', queue, bytes.byteLength);
    }
    return batch.count;
  }

  release(): void {}

  send(frame: Frame, queue = 0): void {
    const packet = frame.bytes.slice(frame.start, frame.end);
    if (!this.#isOpen || !this.#device.transmit(packet)) {
      this.counters.txDropped++;
      return;
    }
    this.counters.txPackets++;
    this.counters.txBytes += packet.byteLength;
    this.#device.queueCounters.count('tx', this.#device.isPolled ? queue : 0, packet.byteLength);
  }

  flush(): void {}

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#device.onInput = () => {};
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  #hand(packet: Uint8Array, frame: Frame): void {
    const bytes = new Uint8Array(headroom + packet.byteLength);
    bytes.set(packet, headroom);
    frame.use(bytes, new DataView(bytes.buffer), 0);
    frame.start = headroom;
    frame.end = bytes.byteLength;
    frame.headroom = headroom;
    frame.clearOffloads();
    this.counters.rxPackets++;
    this.counters.rxBytes += packet.byteLength;
  }
}

/** Of a device with queues that threads poll. */
export class PolledDummyPort extends DummyPort implements IsPolled {
  readonly #device: DummyDevice;

  constructor(device: DummyDevice) {
    super(device);
    this.#device = device;
  }

  get polling(): Polling {
    const { queueCounters, numa, queueCores: cores, isSpread } = this.#device;
    const sendQueueCount = queueCounters.size('tx');
    return { queueCount: queueCounters.size('rx'), numa, cores, sendQueueCount, isSpread };
  }

  get onPolling(): () => void {
    return this.#device.onPolling;
  }

  set onPolling(tell: () => void) {
    this.#device.onPolling = tell;
  }

  receiver(queues: ReadonlySet<number>): PolledRxQueue {
    let lastQueue = 0;
    return {
      fd: undefined,
      counters: this.counters,
      get lastQueue() {
        return lastQueue;
      },
      receive: (batch) => {
        const next = this.#device.queue.find(({ queue }) => queues.has(queue))?.queue;
        lastQueue = next ?? lastQueue;
        return this.receive(batch, (queue) => queue === next);
      },
      release: () => {},
      close: () => {},
    };
  }

  override close(): void {
    if (this.isOpen) this.#device.onPolling = () => {};
    super.close();
  }
}
