/** Several switches and hosts on one clock, joined by links: a whole network inside one test. */
import { Refused } from '../base/errors.ts';
import { type Random, seededRandom } from '../base/random.ts';
import { MemoryTransport } from '../net/memory-transport.ts';
import type { Listener, ListenOptions } from '../openflow/library/listen.ts';
import { type HostOptions, TestHost } from './host.ts';
import { type LinkEnd, type LinkOptions, TestLink } from './link.ts';
import type { TestPort } from './port.ts';
import { listenInMemory, openTestSwitch, type TestSwitch, type TestSwitchOptions } from './switch.ts';
import { VirtualTime } from './virtual-time.ts';

export interface TestNetworkOptions {
  /** What links lose and what switches draw at random repeats for the same number; 1 unless given. */
  readonly seed?: number;
}

/**
 * A network with nothing in it.
 *
 * ```ts
 * await using net = createTestNetwork({ seed: 7 });
 * const s1 = await net.addSwitch('s1', { bridges: { br0: { ports: ['p1', 'p2'] } } });
 * const h1 = net.addHost('h1', { ip: '10.0.0.1' });
 * const h2 = net.addHost('h2', { ip: '10.0.0.2' });
 * net.link(h1, s1.bridge('br0').port('p1'), { delay: 5 });
 * net.link(h2, s1.bridge('br0').port('p2'), { loss: 0.01 });
 * await h1.ping('10.0.0.2'); // { sent: 1, received: 1, times: [10] }
 * ```
 */
export function createTestNetwork({ seed = 1 }: TestNetworkOptions = {}): TestNetwork {
  return new TestNetwork(seed);
}

/** One owner, who closes it, and its switches with it. */
export class TestNetwork implements AsyncDisposable {
  readonly #seed: number;
  readonly #random: Random;
  readonly #time = new VirtualTime();
  readonly #transport = new MemoryTransport(this.#time.defer);
  readonly #switches = new Map<string, TestSwitch>();
  readonly #hosts = new Map<string, TestHost>();

  /** @internal */
  constructor(seed: number) {
    this.#seed = seed;
    this.#random = seededRandom(seed);
  }

  /** Milliseconds since the network was made. */
  get now(): number {
    return this.#time.now;
  }

  /** Moves the clock of all that is in it. Rejects with Refused where packets go round and round without taking time. */
  advance(milliseconds: number): Promise<void> {
    return this.#time.advance(milliseconds);
  }

  /** Until all that is under way is done, as `TestSwitch.settle` does it. Rejects as `advance` does. */
  async settle(): Promise<void> {
    await this.#time.settle();
    for (const each of this.#switches.values()) await each.settle();
  }

  /**
   * Moves the clock until `isReached`, by no more than so many milliseconds; resolves with whether it is. Asked after
   * everything that happens.
   */
  advanceUntil(isReached: () => boolean, atMost: number): Promise<boolean> {
    return this.#time.advanceUntil(isReached, atMost);
  }

  /** Rejects as `createTestSwitch` does, and with Refused for a name that is taken. */
  async addSwitch(name: string, options: TestSwitchOptions = {}): Promise<TestSwitch> {
    if (this.#switches.has(name)) throw taken('switch', name);
    const seed = this.#seed + this.#switches.size;
    const deps = { time: this.#time, transport: this.#transport, runFolder: `/run/${name}` };
    const made = await openTestSwitch(deps, { seed, ...options });
    this.#switches.set(name, made);
    return made;
  }

  /** Throws Malformed for what is no address, and Refused for a name that is taken. */
  addHost(name: string, options: HostOptions = {}): TestHost {
    if (this.#hosts.has(name)) throw taken('host', name);
    const number = (this.#hosts.size + 1).toString(16).padStart(6, '0').match(/../g)?.join(':');
    const host = new TestHost(name, { mac: `02:00:00:${number}`, ...options }, this.#time);
    this.#hosts.set(name, host);
    return host;
  }

  /**
   * Joins two ports or hosts. Frames that come out of them go along the link and are not there to be taken any more.
   * Throws Refused for what cannot be, and for a host that has a link.
   */
  link(a: TestPort | TestHost, b: TestPort | TestHost, options: LinkOptions = {}): TestLink {
    return new TestLink([endOf(a), endOf(b)], options, { time: this.#time, random: this.#random });
  }

  /**
   * Listens for the switches in it, which connect to "tcp:HOST:PORT" with any host where this is "ptcp:PORT"; as `listen`
   * of `ovs-ts/openflow`, but for no more than this network.
   */
  listen(remote: string, options: ListenOptions = {}): Promise<Listener> {
    return listenInMemory(this.#transport, remote, options);
  }

  /** Ends all switches in it. A second time does nothing. */
  async close(): Promise<void> {
    for (const each of this.#switches.values()) await each.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function endOf(end: TestPort | TestHost): LinkEnd {
  if (!(end instanceof TestHost)) {
    return {
      receive(bytes) {
        if (end.hasDevice) end.send(bytes);
        return end.hasDevice;
      },
      onFrame: (take) => end.onFrame(take),
      setCarrier: async (hasCarrier) => {
        if (end.hasDevice) await end.setCarrier(hasCarrier);
      },
    };
  }
  return {
    receive(bytes) {
      end.receive(bytes);
      return true;
    },
    onFrame: (take) => end.onTransmit(take),
    setCarrier: async () => {},
  };
}

function taken(what: string, name: string): Refused {
  return new Refused('testing', `there is a ${what} ${name} already`);
}
