/**
 * Datapaths without bridges: what `dpctl/add-dp` makes. Ports and flows are put there by hand, nothing decides for
 * them, and a packet without a flow is dropped.
 */
import { errnos, syscallFailed } from '../base/errno.ts';
import type { DpPort } from '../base/units.ts';
import type { Datapath } from '../datapath/provider.ts';
import type { Netdev } from '../netdev/provider.ts';
import type { Providers } from './providers.ts';

export class BareDatapath {
  readonly datapath: Datapath;
  readonly refusedUpcallCount = 0;
  readonly netdevs = new Map<DpPort, Netdev>();

  constructor(datapath: Datapath) {
    this.datapath = datapath;
  }

  netdevOf(port: DpPort): Netdev | undefined {
    return this.netdevs.get(port);
  }

  /** Throws SyscallFailed. The netdev is this datapath's from now on. */
  async addPort(netdev: Netdev, wanted: DpPort | undefined): Promise<void> {
    const { name, type, portSpec: spec, state } = netdev;
    try {
      if (spec === undefined) throw syscallFailed('add', errnos.EINVAL, `${name}: no frame path`);
      this.netdevs.set(
        await this.datapath.addPort({ name, type, ifindex: state.ifindex, spec }, wanted),
        netdev,
      );
    } catch (error) {
      await netdev[Symbol.asyncDispose]();
      throw error;
    }
  }

  async removePort(port: DpPort): Promise<void> {
    const netdev = this.netdevs.get(port);
    this.netdevs.delete(port);
    await this.datapath.removePort(port);
    await netdev?.[Symbol.asyncDispose]();
  }

  /** With its ports. */
  async destroy(): Promise<void> {
    for (const port of [...this.netdevs.keys()]) await this.removePort(port);
    await this.datapath.destroy();
  }
}

export class BareDatapaths {
  readonly #providers: Providers;
  readonly #opened: (datapath: Datapath) => void;
  readonly #all = new Set<BareDatapath>();

  /** `opened` tells a new one what all are told. */
  constructor(providers: Providers, opened: (datapath: Datapath) => void) {
    this.#providers = providers;
    this.#opened = opened;
  }

  [Symbol.iterator](): Iterator<BareDatapath> {
    return this.#all.values();
  }

  /** Throws SyscallFailed: EEXIST when there is one of that name, EAFNOSUPPORT for an unknown type. */
  async create(type: string, name: string): Promise<void> {
    for (const { datapath } of this.#all)
      if (datapath.name === name) throw syscallFailed('create', errnos.EEXIST, `${type}@${name}`);
    const datapath = await this.#providers.openDatapath(type, name);
    this.#opened(datapath);
    this.#all.add(new BareDatapath(datapath));
  }

  async remove(gone: BareDatapath): Promise<void> {
    if (this.#all.delete(gone)) await gone.destroy();
  }

  async destroyAll(): Promise<void> {
    for (const each of [...this.#all]) await this.remove(each);
  }
}
