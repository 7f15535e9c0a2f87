/** A device that is nothing but its configuration: what patch ports and tunnels have in common. */
import { formatMac } from '../base/addresses.ts';
import { Refused } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import { ownDeviceState } from './own-state.ts';
import type { Netdev, NetdevConfig, NetdevState, NetdevStats, PortSpec } from './provider.ts';

export abstract class VirtualNetdev implements Netdev {
  readonly name: string;
  abstract readonly type: string;
  abstract readonly portSpec: PortSpec | undefined;
  readonly isGone = false;
  readonly isAdopted = false;
  onChange: () => void = () => {};
  #state: NetdevState;

  constructor(name: string, random: Random) {
    this.name = name;
    this.#state = ownDeviceState(randomMac(random), undefined);
  }

  get state(): NetdevState {
    return this.#state;
  }

  abstract configure(config: NetdevConfig): Promise<void>;

  async setUp(isUp: boolean): Promise<void> {
    if (isUp !== this.#state.isUp) this.change({ isUp });
  }

  /** The layer above counts what crosses. */
  stats(): NetdevStats {
    return new Map();
  }

  async leave(): Promise<void> {
    await this[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  protected change(change: Partial<NetdevState>): void {
    this.#state = { ...this.#state, ...change, changeNumber: this.#state.changeNumber + 1 };
    this.onChange();
  }
}

/** Of the device of that name. */
export function badOptions(name: string, why: string): Refused {
  return new Refused('EINVAL', `${name}: ${why}`);
}

/** Locally administered, unicast. */
function randomMac(random: Random): string {
  const bytes = Array.from({ length: 6 }, () => random.u32() & 0xff);
  bytes[0] = ((bytes[0] ?? 0) & ~1) | 2;
  return formatMac(bytes);
}
