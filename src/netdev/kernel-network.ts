/** Devices and routes of the kernel, as tunnels ask for them. */
import { networkInterfaces } from 'node:os';
import { readIpv4, readIpv6 } from '../base/addresses.ts';
import { linkMonitor } from '../sys/netlink/monitor.ts';
import { dumpRoutes, watchRoutes } from '../sys/netlink/route.ts';
import type { DeviceAddress, HostDevice, HostNetwork, HostNetworkEvents, HostRoute } from './host-network.ts';

export class KernelNetwork implements HostNetwork {
  /** Until something changes. */
  #devices: ReadonlyMap<string, HostDevice> | undefined;
  #routes: readonly HostRoute[] | undefined;

  device(name: string): HostDevice | undefined {
    this.#devices ??= readDevices();
    return this.#devices.get(name);
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
    this.#devices = undefined;
    this.#routes = undefined;
  }
}

function readDevices(): Map<string, HostDevice> {
  const devices = new Map<string, HostDevice>();
  for (const [name, entries = []] of Object.entries(networkInterfaces())) {
    const link = linkMonitor().byName(name);
    const [first] = entries;
    if (link === undefined || first === undefined) continue;
    const addresses = entries.map(({ address, family, cidr }): DeviceAddress => {
      const bytes = family === 'IPv4' ? readIpv4(address) : readIpv6(address.replace(/%.*/, ''));
      return { address: bytes, prefix: Number(cidr?.split('/')[1] ?? 8 * bytes.length) };
    });
    const mac = link.mac === '' ? undefined : link.mac;
    devices.set(name, { mac, isLoopback: first.internal, hasCarrier: link.isRunning, addresses });
  }
  return devices;
}

function readRoutes(): HostRoute[] {
  return dumpRoutes().flatMap(({ ifindex, ...route }) => {
    const device = linkMonitor().known(ifindex)?.name;
    return device === undefined ? [] : { ...route, device };
  });
}
