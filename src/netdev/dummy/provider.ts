/**
 * `dummy`, `dummy-internal` and `dummy-pmd` ports, and what takes the place of real ones with --enable-dummy. Named by
 * `registry.ts` only.
 */

import { coverageCounter } from '../../base/coverage.ts';
import { emptyMap } from '../../base/empty-map.ts';
import { errnos, syscallFailed } from '../../base/errno.ts';
import { readIpv4Prefix } from '../../base/ip-prefix.ts';
import { logger } from '../../base/log.ts';
import type {
  Netdev,
  NetdevConfig,
  NetdevProvider,
  NetdevState,
  NetdevStats,
  PortSpec,
  TakesAddresses,
  TellsConfig,
} from '../provider.ts';
import type { HasQos, PortQos } from '../qos/port-qos.ts';
import type { DummyDevice, DummyDevices } from './device.ts';

const asked = coverageCounter('netdev_get_stats');

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

/** Of a device in each direction. */
const mostQueues = 1024;

function queuesAskedFor(text: string | undefined): number {
  return Math.max(1, Number.parseInt(text ?? '1', 10) || 1);
}

const log = logger('netdev_dummy');

/** Nothing shapes it, and what it sends goes through the one queue that it was made with. */
const dummyQos: PortQos = {
  types: [],
  missingQueue: 'EINVAL',
  current: () => undefined,
  set: () => {},
  setQueue: () => {},
  deleteQueue: () => {},
  queues: () => new Map([[0, new Map()]]),
  statistics: () =>
    new Map([[0, { txBytes: undefined, txPackets: undefined, txErrors: undefined, createdAt: undefined }]]),
};

class DummyNetdev implements Netdev, HasQos, TellsConfig, TakesAddresses {
  readonly name: string;
  readonly type: string;
  readonly portSpec: PortSpec;
  readonly isAdopted = false;
  readonly qos = dummyQos;
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

  async configure(config: NetdevConfig): Promise<void> {
    const { options, mac, mtuRequest } = config;
    const ifindex = Number(options.get('ifindex') ?? 0);
    this.#device.set({
      ...(mac !== undefined && { mac: mac.toLowerCase() }),
      ...(mtuRequest !== undefined && { mtu: mtuRequest }),
      ifindex: Number.isInteger(ifindex) && ifindex > 0 ? ifindex : 0,
    });
    this.#join(options);
    if (this.#isPolled) this.#setPolling(config);
    const both = options.get('pcap');
    this.#device.capture(both ?? options.get('rxq_pcap'), both ?? options.get('tx_pcap'));
  }

  #join(options: ReadonlyMap<string, string>): void {
    const stream = options.get('stream');
    const passive = options.get('pstream');
    if (stream !== undefined && passive !== undefined) {
      log.warn(`Open failed: both ${passive} and ${stream} are configured`);
      return;
    }
    const remote = stream ?? passive;
    this.#device.join(remote === undefined ? undefined : { isActive: stream !== undefined, remote });
  }

  #setPolling({ options, queueCores = emptyMap, isSpread = false }: NetdevConfig): void {
    this.#resizeQueues(options);
    this.#device.isPolled = true;
    this.#device.numa = Number.parseInt(options.get('numa_id') ?? '0', 10) || 0;
    this.#device.queueCores = queueCores;
    this.#device.isSpread = isSpread;
    this.#device.onPolling();
  }

  #resizeQueues(options: ReadonlyMap<string, string>): void {
    const [rx, tx] = [queuesAskedFor(options.get('n_rxq')), queuesAskedFor(options.get('n_txq'))];
    if (Math.max(rx, tx) > mostQueues)
      log.warn(
        `The one or both of interface ${this.name} queues(rxq: ${rx}, txq: ${tx}) exceed ${mostQueues}. Sets it ${mostQueues}.`,
      );
    this.#device.queueCounters.resize('rx', Math.min(rx, mostQueues));
    this.#device.queueCounters.resize('tx', Math.min(tx, mostQueues));
  }

  /** The reference receives on such a device in a thread that polls, and so may have several queues. */
  get #isPolled(): boolean {
    return this.type === 'dummy-pmd';
  }

  get config(): ReadonlyMap<string, string> {
    const { state, link, queueCounters } = this.#device;
    const config = new Map<string, string>();
    if (state.ifindex !== 0) config.set('ifindex', String(state.ifindex));
    if (link !== undefined) config.set(link.isActive ? 'stream' : 'pstream', link.remote);
    if (!this.#isPolled) return config;
    for (const direction of ['rx', 'tx'] as const) {
      const size = String(queueCounters.size(direction));
      config.set(`requested_${direction}_queues`, size);
      config.set(`configured_${direction}_queues`, size);
    }
    return config;
  }

  setIpv4(address: string, netmask: string): void {
    const ipv4 = readIpv4Prefix(`${address}/${netmask}`);
    this.#device.addresses = { ...this.#device.addresses, ipv4 };
  }

  /** There is no host that would have routes. */
  addGateway(address: string): void {
    throw syscallFailed('route', errnos.EOPNOTSUPP, address);
  }

  async setUp(isUp: boolean): Promise<void> {
    this.#device.set({ isUp });
  }

  stats(): NetdevStats {
    asked.total++;
    const { rxPackets, rxBytes, txPackets, txBytes } = this.#device.counters;
    return new Map([
      ['rx_packets', rxPackets],
      ['rx_bytes', rxBytes],
      ['tx_packets', txPackets],
      ['tx_bytes', txBytes],
      ['rx_custom_packets_1', rxPackets],
      ['rx_custom_packets_2', rxPackets],
      ...this.#device.queueCounters.entries(),
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
