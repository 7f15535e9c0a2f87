/**
 * `patch` ports: one end of a cable between two bridges. No frame passes here: translation goes straight on at the
 * peer. Named by `registry.ts` only.
 */
import type { Refused } from '../../base/errors.ts';
import { logger } from '../../base/log.ts';
import type { NetdevConfig, NetdevProvider } from '../provider.ts';
import { badOptions, VirtualNetdev } from '../virtual-netdev.ts';

const log = logger('netdev_vport');

export const patchProvider: NetdevProvider = {
  type: 'patch',
  async open(name, config, { random }) {
    const netdev = new PatchNetdev(name, random);
    await netdev.configure(config);
    return netdev;
  },
};

class PatchNetdev extends VirtualNetdev {
  readonly type = 'patch';
  readonly portSpec = undefined;

  /** Throws Refused without a peer, with itself as peer, or with anything else. */
  async configure({ options }: NetdevConfig): Promise<void> {
    const peer = options.get('peer');
    if (peer === undefined) throw this.#refusal("patch type requires valid 'peer' argument");
    if (options.size > 1) throw this.#refusal("patch type takes only a 'peer' argument");
    if (peer === this.name) throw this.#refusal('patch peer must not be self');
  }

  #refusal(why: string): Refused {
    const refused = badOptions(this.name, why);
    log.err(refused.message);
    return refused;
  }
}
