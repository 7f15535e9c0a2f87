/** What becomes of a switch when a port goes of which frames are mirrored. */
import type { MacTable } from '../mac-learning.ts';
import type { MulticastSnooping } from '../multicast/snooping.ts';
import type { Bundle } from '../port.ts';
import type { SwitchProtocol } from '../protocols/switch-protocol.ts';
import type { MirrorSet } from './mirror-set.ts';

export interface MirroredPortsDeps {
  readonly mirrors: MirrorSet;
  readonly macs: MacTable<Bundle>;
  readonly multicast: MulticastSnooping;
}

/** As in the reference, all stations and groups are learned anew then; not where the port is one that copies go to. */
export class MirroredPorts implements SwitchProtocol {
  readonly #deps: MirroredPortsDeps;

  constructor(deps: MirroredPortsDeps) {
    this.#deps = deps;
  }

  bundleRemoved({ name }: Bundle): void {
    const { mirrors, macs, multicast } = this.#deps;
    const isMirrored = mirrors.all.some(
      (mirror) =>
        !('port' in mirror.config.output && mirror.config.output.port === name) &&
        (mirror.selects('sources', name) || mirror.selects('destinations', name)),
    );
    if (!isMirrored) return;
    macs.flush();
    multicast.flush();
  }

  stop(): void {}
}
