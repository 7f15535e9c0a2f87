/**
 * `patch` ports: one end of a cable between two bridges. No frame passes here: translation goes straight on at the
 * peer. Named by `registry.ts` only.
 */
import { formatMac } from '../../base/addresses.ts';
import { Refused } from '../../base/errors.ts';
import { logger } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import type { Netdev, NetdevConfig, NetdevProvider, NetdevState, NetdevStats } from '../provider.ts';

const log = logger('netdev_vport');

export const patchProvider: NetdevProvider = {
  type: 'patch',
  async open(name, config, { random }) {
    const netdev = new PatchNetdev(name, random);
    await netdev.configure(config);
    return netdev;
  },
};

class PatchNetdev implements Netdev {
  readonly name: string;
  readonly type = 'patch';
  readonly portSpec = undefined;
  readonly isGone = false;
  readonly isAdopted = false;
  onChange: () => void = () => {};
  #state: NetdevState;

  constructor(name: string, random: Random) {
    this.name = name;
    this.#state = {
      ifindex: 0,
      mac: randomMac(random),
      mtu: undefined,
      isUp: true,
      hasCarrier: true,
      linkResets: 0,
      linkSpeed: undefined,
      duplex: undefined,
      linkModes: undefined,
      status: new Map(),
      changeNumber: 1,
    };
  }

  get state(): NetdevState {
    return this.#state;
  }

  /** Throws Refused without a peer, with itself as peer, or with anything else. */
  async configure({ options }: NetdevConfig): Promise<void> {
    const peer = options.get('peer');
    if (peer === undefined) throw this.#refusal("patch type requires valid 'peer' argument");
    if (options.size > 1) throw this.#refusal("patch type takes only a 'peer' argument");
    if (peer === this.name) throw this.#refusal('patch peer must not be self');
  }

  #refusal(why: string): Refused {
    log.err(`${this.name}: ${why}`);
    return new Refused('EINVAL', `${this.name}: ${why}`);
  }

  async setUp(isUp: boolean): Promise<void> {
    if (isUp === this.#state.isUp) return;
    this.#state = { ...this.#state, isUp, changeNumber: this.#state.changeNumber + 1 };
    this.onChange();
  }

  /** The layer above counts what crosses. */
  async stats(): Promise<NetdevStats> {
    return new Map();
  }

  async leave(): Promise<void> {
    await this[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** Locally administered, unicast. */
function randomMac(random: Random): string {
  const bytes = Array.from({ length: 6 }, () => random.u32() & 0xff);
  bytes[0] = ((bytes[0] ?? 0) & ~1) | 2;
  return formatMac(bytes);
}
