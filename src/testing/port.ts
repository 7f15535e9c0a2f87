/** A port of a bridge as a test sees it: packets in and out, and its cable. */
import { Refused } from '../base/errors.ts';
import type { WaitOptions } from '../base/waiting.ts';
import type { DummyDevice } from '../netdev/dummy/device.ts';
import type { Arrivals } from './arrivals.ts';
import { type Packet, packetBytes, type TestFrame } from './packets.ts';

/** @internal */
export interface TestPortDeps {
  /** Resolves when the switch has followed a change. */
  readonly settle: () => Promise<void>;
  /** Undefined while there is none. */
  readonly device: () => DummyDevice | undefined;
  readonly arrivals: () => Arrivals;
  /** The number that OpenFlow has for it; undefined while the bridge has not taken it. */
  readonly ofport: () => number | undefined;
}

export class TestPort {
  readonly name: string;
  readonly #deps: TestPortDeps;

  /** @internal */
  constructor(name: string, deps: TestPortDeps) {
    this.name = name;
    this.#deps = deps;
  }

  /** The number that OpenFlow has for it: 65534 for the bridge's own port. Throws Refused where it has none. */
  get ofport(): number {
    const number = this.#deps.ofport();
    if (number === undefined) throw new Refused('testing', `port ${this.name} is in no bridge any more`);
    return number;
  }

  /** The address of its device. */
  get mac(): string {
    return this.#device.state.mac ?? '';
  }

  /**
   * A packet comes in from outside. What the switch makes of it is done when this returns, but for what takes time: a
   * controller's answer, or links of a network. Throws Malformed for what is no packet, and Refused for a port without a
   * device.
   */
  send(packet: Packet): void {
    this.#device.receive(packetBytes(packet));
  }

  /** What came out since the last time, in its order. */
  take(): TestFrame[] {
    return this.#deps.arrivals().take();
  }

  /** Frames that nobody took and that are lost, since more than 65 536 waited. */
  get lostCount(): number {
    return this.#deps.arrivals().lostCount;
  }

  /**
   * What comes out, frame by frame, each given once; `take` has nothing of it then. Ends when the switch is closed.
   * Iterating over the port itself is the same.
   */
  frames(options: WaitOptions = {}): AsyncGenerator<TestFrame, void> {
    return this.#deps.arrivals().each(options);
  }

  [Symbol.asyncIterator](): AsyncGenerator<TestFrame, void> {
    return this.frames();
  }

  /** From now on `take` is told of each frame that comes out, at once; undefined: they wait to be taken again. */
  onFrame(take: ((frame: TestFrame) => void) | undefined): void {
    this.#deps.arrivals().onFrame = take;
  }

  /**
   * Patch ports have none, and ports that were removed.
   * @internal
   */
  get hasDevice(): boolean {
    return this.#deps.device() !== undefined;
  }

  /** There is a carrier. */
  get hasCarrier(): boolean {
    return this.#device.state.hasCarrier;
  }

  /** The cable is pulled out or plugged in; resolves when the switch has taken note. */
  async setCarrier(hasCarrier: boolean): Promise<void> {
    this.#device.set({ isUp: hasCarrier });
    await this.#deps.settle();
  }

  get #device(): DummyDevice {
    const device = this.#deps.device();
    if (device === undefined) throw new Refused('testing', `port ${this.name} has no device`);
    return device;
  }
}
