/**
 * `dummy`, `dummy-internal` and `dummy-pmd` ports, and what takes the place of real ones with --enable-dummy. Named by
 * `registry.ts` only.
 */
import type {
  HasQueues,
  Netdev,
  NetdevConfig,
  NetdevProvider,
  NetdevState,
  NetdevStats,
  PortSpec,
} from '../provider.ts';
import type { DummyDevice, DummyDevices } from './device.ts';

/** A provider of dummy devices under any type name. */
export function dummyProvider(type: string, dummies: DummyDevices): NetdevProvider {
  return {
    type,
    async open(name, config, { timers }) {
      const netdev = new DummyNetdev(type, dummies.make(name, timers.clock));
      try {
        await netdev.configure(config);
      } catch (error) {
        await netdev[Symbol.asyncDispose]();
        throw error;
      }
      return netdev;
    },
  };
}

class DummyNetdev implements Netdev, HasQueues {
  readonly name: string;
  readonly type: string;
  readonly portSpec: PortSpec;
  readonly isAdopted = false;
  readonly queues = [0];
  onChange: () => void = () => {};
  readonly #device: DummyDevice;
  #isClosed = false;

  constructor(type: string, device: DummyDevice) {
    this.name = device.name;
    this.type = type;
    this.portSpec = { kind: 'dummy', name: device.name };
    this.#device = device;
    device.onStateChange = () => this.onChange();
  }

  get state(): NetdevState {
    return this.#device.state;
  }

  get isGone(): boolean {
    return this.#isClosed || this.#device.isGone;
  }

  async configure({ options, mac, mtuRequest }: NetdevConfig): Promise<void> {
    const ifindex = Number(options.get('ifindex') ?? 0);
    this.#device.set({
      ...(mac !== undefined && { mac: mac.toLowerCase() }),
      ...(mtuRequest !== undefined && { mtu: mtuRequest }),
      ifindex: Number.isInteger(ifindex) && ifindex > 0 ? ifindex : 0,
    });
    const both = options.get('pcap');
    this.#device.capture(both ?? options.get('rxq_pcap'), both ?? options.get('tx_pcap'));
  }

  async setUp(isUp: boolean): Promise<void> {
    this.#device.set({ isUp });
  }

  async stats(): Promise<NetdevStats> {
    const { rxPackets, rxBytes, txPackets, txBytes } = this.#device.counters;
    return new Map([
      ['rx_packets', rxPackets],
      ['rx_bytes', rxBytes],
      ['tx_packets', txPackets],
      ['tx_bytes', txBytes],
      ['rx_custom_packets_1', 0],
      ['rx_custom_packets_2', 0],
      ['rx_q0_packets', rxPackets],
      ['rx_q0_bytes', rxBytes],
      ['tx_q0_packets', txPackets],
      ['tx_q0_bytes', txBytes],
    ]);
  }

  async leave(): Promise<void> {
    await this[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#device.close();
  }
}
