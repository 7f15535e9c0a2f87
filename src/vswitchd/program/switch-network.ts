/** The host's devices and routes, with the dummies of `--enable-dummy`: what tunnels of this process know of the host. */
import type { DummyDevices } from '../../netdev/dummy/device.ts';
import type { HostDevice, HostNetwork, HostNetworkEvents, HostRoute } from '../../netdev/host-network.ts';
import { KernelNetwork } from '../../netdev/kernel-network.ts';
import type { ProgramOptions } from './options.ts';

export class SwitchNetwork implements HostNetwork {
  /** Undefined where dummies take the place of its devices. */
  readonly #kernel: KernelNetwork | undefined;
  readonly #dummies: DummyDevices;
  readonly #usesRoutes: boolean;

  constructor(
    { dummy, usesHostRoutes }: Pick<ProgramOptions, 'dummy' | 'usesHostRoutes'>,
    dummies: DummyDevices,
  ) {
    this.#kernel = dummy === 'none' || dummy === 'beside' ? new KernelNetwork() : undefined;
    this.#dummies = dummies;
    this.#usesRoutes = usesHostRoutes;
  }

  device(name: string): HostDevice | undefined {
    const dummy = this.#dummies.get(name);
    if (dummy === undefined) return this.#kernel?.device(name);
    const { state, addresses } = dummy;
    const { ipv4, ipv6 } = addresses;
    return {
      mac: state.mac,
      isLoopback: false,
      hasCarrier: state.isUp,
      addresses: [ipv4, ipv6].flatMap((one) => (one?.address.some(Boolean) === true ? one : [])),
    };
  }

  routes(): readonly HostRoute[] {
    return this.#usesRoutes ? (this.#kernel?.routes() ?? []) : [];
  }

  watch(events: HostNetworkEvents): void {
    this.#kernel?.watch(events);
    this.#dummies.onChanged = (name) => events.deviceChanged(name);
  }
}
