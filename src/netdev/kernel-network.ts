/** Devices and routes of the kernel, as tunnels ask for them. */
import { dumpAddresses, type KernelAddress } from '../sys/netlink/address.ts';
import { linkMonitor } from '../sys/netlink/monitor.ts';
import { dumpRoutes, watchRoutes } from '../sys/netlink/route.ts';
import type { HostDevice, HostNetwork, HostNetworkEvents, HostRoute } from './host-network.ts';

/** What is known holds until the kernel says that something changed. */
export class KernelNetwork implements HostNetwork {
  readonly #devices = new Map<string, HostDevice | undefined>();
  #addresses: readonly KernelAddress[] | undefined;
  #routes: readonly HostRoute[] | undefined;

  device(name: string): HostDevice | undefined {
    if (this.#devices.has(name)) return this.#devices.get(name);
    this.#addresses ??= dumpAddresses();
    const device = describe(name, this.#addresses);
    this.#devices.set(name, device);
    return device;
  }

  routes(): readonly HostRoute[] {
    this.#routes ??= readRoutes();
    return this.#routes;
  }

  watch(events: HostNetworkEvents): void {
    watchRoutes(() => {
      this.#forget();
      events.routesChanged();
    });
    linkMonitor().listen((name) => {
      this.#forget();
      events.routesChanged();
      events.deviceChanged(name);
    });
  }

  #forget(): void {
    this.#devices.clear();
    this.#addresses = undefined;
    this.#routes = undefined;
  }
}

/** Undefined for one that is not there, or has no addresses. */
function describe(name: string, all: readonly KernelAddress[]): HostDevice | undefined {
  const link = linkMonitor().byName(name);
  const addresses = all.filter(({ ifindex }) => ifindex === link?.ifindex);
  if (link === undefined || addresses.length === 0) return undefined;
  const { mac, isLoopback, isRunning: hasCarrier } = link;
  return { mac: mac === '' ? undefined : mac, isLoopback, hasCarrier, addresses };
}

function readRoutes(): HostRoute[] {
  return dumpRoutes().flatMap(({ ifindex, ...route }) => {
    const device = linkMonitor().known(ifindex)?.name;
    return device === undefined ? [] : { ...route, device };
  });
}
