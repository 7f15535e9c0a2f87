/** The frame path of a dummy device. Lives on the thread of the device: the main one. */
import type { Frame, FrameBatch } from '../../wire/frame.ts';
import type { PortCounters, PortIo, WakesDatapath } from '../provider.ts';
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

  receive(batch: FrameBatch): number {
    const { queue } = this.#device;
    const count = this.#isOpen ? Math.min(queue.length, batch.frames.length) : 0;
    const taken = queue.splice(0, count);
    taken.forEach(({ bytes, queue }, i) => {
      const frame = batch.frames[i];
      if (frame === undefined) return;
      this.#hand(bytes, frame);
      this.#device.queueCounters.count('rx', queue, bytes.byteLength);
    });
    batch.count = count;
    return count;
  }

  release(): void {}

  send(frame: Frame): void {
    const packet = frame.bytes.slice(frame.start, frame.end);
    if (!this.#isOpen || !this.#device.transmit(packet)) {
      this.counters.txDropped++;
      return;
    }
    this.counters.txPackets++;
    this.counters.txBytes += packet.byteLength;
    this.#device.queueCounters.count('tx', 0, packet.byteLength);
  }

  flush(): void {}

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#device.onInput = () => {};
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
