/** The ports of a datapath, for the switches that share it: each device has one, but tunnels of a kind share theirs. */
import type { DpPort } from '../base/units.ts';
import type { Datapath, NewDpPort } from '../datapath/provider.ts';
import type { Netdev } from '../netdev/provider.ts';

interface SharedPort {
  readonly name: string;
  readonly number: Promise<DpPort>;
  userCount: number;
}

export class DatapathPorts {
  readonly #datapath: Datapath;
  readonly #shared = new Map<string, SharedPort>();

  constructor(datapath: Datapath) {
    this.#datapath = datapath;
  }

  /**
   * Resolves with the device's number once frames flow; with undefined for one that no frame reaches by itself. Throws
   * SyscallFailed when the datapath cannot open it.
   */
  async open(netdev: Netdev, wanted?: DpPort): Promise<DpPort | undefined> {
    const { portSpec: spec, name, type, state } = netdev;
    if (spec === undefined) return undefined;
    if (spec.kind === 'tunnel') return this.#share({ name: spec.name, type, ifindex: 0, spec });
    const number = await this.#datapath.addPort({ name, type, ifindex: state.ifindex, spec }, wanted);
    this.#datapath.setPortMtu(number, state.mtu);
    return number;
  }

  /** Resolves when nothing touches the device any more. */
  async close(number: DpPort): Promise<void> {
    for (const shared of this.#shared.values()) {
      if ((await shared.number) !== number) continue;
      if (--shared.userCount > 0) return;
      this.#shared.delete(shared.name);
    }
    await this.#datapath.removePort(number);
  }

  async #share(port: NewDpPort): Promise<DpPort> {
    const { name } = port;
    let shared = this.#shared.get(name);
    if (shared === undefined) {
      shared = { name, number: this.#datapath.addPort(port), userCount: 0 };
      this.#shared.set(name, shared);
    }
    shared.userCount++;
    try {
      return await shared.number;
    } catch (error) {
      this.#shared.delete(name);
      throw error;
    }
  }
}
