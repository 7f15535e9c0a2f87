/**
 * What the tunnels of all bridges have in common: routes, neighbours, and what is listened on. Made once for a process;
 * tells whoever has flows which of them may be wrong now (translate/tags.ts).
 */
import { isDeepStrictEqual } from 'node:util';
import type { Timers } from '../../base/timers.ts';
import { egressPortsAtStart, type PortRange } from '../../datapath/provider.ts';
import type { HostDevice, HostNetwork } from '../../netdev/host-network.ts';
import { listeningTag, neighbourTag, routesTag } from '../translate/tags.ts';
import { ListeningPorts } from './listening-ports.ts';
import { NeighbourCache } from './neighbour-cache.ts';
import { RouteTable } from './route-table.ts';

interface Listener {
  /** Flows that depended on any of the tags may be wrong. */
  changed(tags: number): void;
  /** What leads out of the host may be another device, or the same one in another state. */
  egressChanged(): void;
  /** Packets of tunnels are to be sent from other ports of UDP. */
  sourcePortsChanged(): void;
}

export class TunnelHost {
  readonly routes: RouteTable;
  readonly neighbours: NeighbourCache;
  readonly listening: ListeningPorts;
  #sourcePorts = egressPortsAtStart;
  readonly #network: HostNetwork;
  readonly #timers: Timers;
  readonly #listeners = new Set<Listener>();
  /** Devices that were asked for, as they were. */
  readonly #seen = new Map<string, HostDevice | undefined>();
  #isRefreshing = false;

  constructor(network: HostNetwork, timers: Timers) {
    this.#network = network;
    this.#timers = timers;
    this.listening = new ListeningPorts(network, () => this.#changed(listeningTag));
    this.neighbours = new NeighbourCache(timers, (...of) => this.#changed(neighbourTag(...of)));
    this.routes = new RouteTable(network, {
      deviceUsed: (device) => this.listening.addDevice(device),
      deviceUnused: (device) => this.listening.removeDevice(device),
      changed: () => this.#changed(routesTag),
    });
    network.watch({
      routesChanged: () => {
        this.routes.hostChanged();
        this.#refreshSoon();
      },
      deviceChanged: (name) => {
        this.listening.deviceChanged(name);
        this.#lookAgain(name);
      },
    });
  }

  /** A device of that name; undefined where there is none. */
  device(name: string): HostDevice | undefined {
    const device = this.#network.device(name);
    this.#seen.set(name, device);
    return device;
  }

  /** Nobody asks for it any more. */
  forget(name: string): void {
    this.#seen.delete(name);
  }

  #changed(tags: number): void {
    for (const listener of this.#listeners) listener.changed(tags);
  }

  /** Changes of the host come in great numbers. */
  #refreshSoon(): void {
    if (this.#isRefreshing) return;
    this.#isRefreshing = true;
    this.#timers.at(this.#timers.clock.now(), () => {
      this.#isRefreshing = false;
      for (const name of this.#seen.keys()) this.#lookAgain(name);
      this.#changed(routesTag);
      for (const listener of this.#listeners) listener.egressChanged();
    });
  }

  /** Flows depend on what devices are, where that was asked. */
  #lookAgain(name: string): void {
    if (!this.#seen.has(name)) return;
    const before = this.#seen.get(name);
    if (!isDeepStrictEqual(before, this.device(name))) this.#changed(listeningTag);
  }

  get sourcePorts(): PortRange {
    return this.#sourcePorts;
  }

  set sourcePorts(range: PortRange) {
    this.#sourcePorts = range;
    for (const listener of this.#listeners) listener.sourcePortsChanged();
  }

  watch(listener: Listener): void {
    this.#listeners.add(listener);
  }
}
