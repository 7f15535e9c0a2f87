/** Devices and routes of the kernel, as tunnels ask for them. */
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { readIpv4, readIpv6 } from '../base/addresses.ts';
import { linkMonitor } from '../sys/netlink/monitor.ts';
import { dumpRoutes, watchRoutes } from '../sys/netlink/route.ts';
import type { DeviceAddress, HostDevice, HostNetwork, HostNetworkEvents, HostRoute } from './host-network.ts';

/** What is known holds until the kernel says that something changed. */
export class KernelNetwork implements HostNetwork {
  readonly #devices = new Map<string, HostDevice | undefined>();
  #addresses: ReturnType<typeof networkInterfaces> | undefined;
  #routes: readonly HostRoute[] | undefined;

  device(name: string): HostDevice | undefined {
    if (this.#devices.has(name)) return this.#devices.get(name);
    this.#addresses ??= networkInterfaces();
    const device = describe(name, this.#addresses[name]);
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
function describe(name: string, entries: readonly NetworkInterfaceInfo[] = []): HostDevice | undefined {
  const [first] = entries;
  const link = first && linkMonitor().byName(name);
  if (link === undefined) return undefined;
  return {
    mac: link.mac === '' ? undefined : link.mac,
    isLoopback: first?.internal === true,
    hasCarrier: link.isRunning,
    addresses: entries.map(addressOf),
  };
}

function addressOf({ address, family, cidr }: NetworkInterfaceInfo): DeviceAddress {
  const bytes = family === 'IPv4' ? readIpv4(address) : readIpv6(address.replace(/%.*/, ''));
  return { address: bytes, prefix: Number(cidr?.split('/')[1] ?? 8 * bytes.length) };
}

function readRoutes(): HostRoute[] {
  return dumpRoutes().flatMap(({ ifindex, ...route }) => {
    const device = linkMonitor().known(ifindex)?.name;
    return device === undefined ? [] : { ...route, device };
  });
}
