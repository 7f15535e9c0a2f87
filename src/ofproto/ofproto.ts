/** One OpenFlow switch: its ports, bundles and learned addresses. Made by `Backer.addBridge`. */
import type { OfPort } from '../base/units.ts';
import type { Netdev } from '../netdev/provider.ts';

import type { BundleConfig, OfprotoConfig } from './config.ts';
import { Bundle, type OfprotoPort } from './port.ts';

export interface AddPortOptions {
  /** Honoured when free. */
  readonly wanted?: OfPort;
  /** Name of the peer, for a patch port. */
  readonly patchPeer?: string;
}

export class Ofproto {
  readonly name: string;
  readonly #ports = new Map<OfPort, OfprotoPort>();
  readonly #bundles = new Map<string, Bundle>();
  #config: OfprotoConfig;

  constructor(name: string, config: OfprotoConfig) {
    this.name = name;
    this.#config = config;
  }

  get config(): OfprotoConfig {
    return this.#config;
  }

  get ports(): ReadonlyMap<OfPort, OfprotoPort> {
    return this.#ports;
  }

  get bundles(): ReadonlyMap<string, Bundle> {
    return this.#bundles;
  }

  configure(config: OfprotoConfig): void {
    this.#config = config;
  }

  /**
   * Adds a device; resolves with its number once frames flow. The device of the bridge's own name is the local port.
   * The netdev stays the caller's: close it after `removePort`. Throws SyscallFailed when the datapath cannot open it.
   */
  async addPort(netdev: Netdev, _options: AddPortOptions = {}): Promise<OfPort> {
    throw new Error(`not yet: ${netdev.name}`);
  }

  /** Resolves when nothing touches the device any more. */
  async removePort(port: OfPort): Promise<void> {
    this.#ports.delete(port);
  }

  /** Its netdev's state changed, or `patchPeer` did. */
  updatePort(_port: OfPort, _change: { readonly patchPeer?: string } = {}): void {}

  /** Makes or changes the bundle that stands for a Port row. */
  setBundle(name: string, config: BundleConfig): void {
    this.#bundles.set(name, new Bundle(name, config));
  }

  removeBundle(name: string): void {
    this.#bundles.delete(name);
  }
}
