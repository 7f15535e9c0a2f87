/** The test's end of a cable into a switch's host, by which it sends frames as fast as it can. */
import { setImmediate } from 'node:timers/promises';
import type { PortIo } from '../../../src/netdev/provider.ts';
import { openPacketPort } from '../../../src/netdev/system/packet-port.ts';
import { indexOfDevice } from '../../../src/sys/calls/socket.ts';
import { Frame, FrameBatch } from '../../../src/wire/frame.ts';
import { type Namespace, run } from './namespace.ts';

/** Frames sent at a time. */
export const burstSize = 64;

/** Its other end, of the same name, is in the switch's host. */
export class Cable implements Disposable {
  readonly name: string;
  readonly #io: PortIo;
  readonly #batch = new FrameBatch(burstSize);

  constructor(name: string, host: Namespace, mtu = 1500) {
    this.name = name;
    run(
      'ip',
      'link',
      'add',
      name,
      'mtu',
      String(mtu),
      'type',
      'veth',
      'peer',
      'name',
      name,
      'netns',
      host.name,
    );
    host.run('ip', 'link', 'set', name, 'up', 'mtu', String(mtu));
    run('ip', 'link', 'set', name, 'up');
    this.#io = openPacketPort(name, indexOfDevice(name));
  }

  send(frames: readonly Uint8Array[]): void {
    for (const bytes of frames) {
      const frame = new Frame(bytes);
      frame.end = bytes.length;
      this.#io.send(frame);
    }
    this.#io.flush();
  }

  /**
   * Sends as fast as it can, until the work is done and at least `count` frames were sent, and lets the rest of the test
   * run in between. How many were sent.
   */
  async flood(
    next: () => Uint8Array,
    count: number,
    work: Promise<unknown> = Promise.resolve(),
  ): Promise<number> {
    let isDone = false;
    const done = work.finally(() => {
      isDone = true;
    });
    const { counters } = this.#io;
    const before = counters.txPackets;
    while (!isDone || counters.txPackets - before < count) {
      this.send(Array.from({ length: burstSize }, next));
      await setImmediate();
    }
    await done;
    return counters.txPackets - before;
  }

  /** What has come in by now. */
  receive(): Uint8Array[] {
    const got: Uint8Array[] = [];
    for (let count = this.#io.receive(this.#batch); count > 0; count = this.#io.receive(this.#batch)) {
      for (const { bytes, start, end } of this.#batch.frames.slice(0, count))
        got.push(bytes.slice(start, end));
      this.#io.release();
    }
    return got;
  }

  [Symbol.dispose](): void {
    this.#io.close();
    run('ip', 'link', 'del', this.name);
  }
}
