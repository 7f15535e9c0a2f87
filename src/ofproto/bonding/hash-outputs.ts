/** By which port each hash of a balance-tcp bond goes out, as rules or in the datapath itself. */
import type { BondPorts } from '../../datapath/bond.ts';
import { bondHashCount } from '../../datapath/bond.ts';
import type { Datapath } from '../../datapath/provider.ts';
import type { OfprotoPort } from '../port.ts';

export type PortOfHash = (hash: number) => OfprotoPort | undefined;

export interface HashOutputs {
  update(portOf: PortOfHash): void;
  clear(): void;
  /** What went out under a hash in all; undefined where nothing can have. */
  bytesOf(hash: number): number | undefined;
}

/** The datapath chooses by itself: packets need not come back. */
export class DatapathBond implements HashOutputs {
  readonly #datapath: Datapath;
  readonly #id: number;

  constructor(datapath: Datapath, id: number) {
    this.#datapath = datapath;
    this.#id = id;
  }

  update(portOf: PortOfHash): void {
    const ports: BondPorts = Array.from({ length: bondHashCount }, (_, hash) => portOf(hash)?.dpPort);
    this.#datapath.setBond(this.#id, ports);
  }

  clear(): void {
    this.#datapath.deleteBond(this.#id);
  }

  bytesOf(hash: number): number {
    return this.#datapath.bondBytes(this.#id, hash);
  }
}
