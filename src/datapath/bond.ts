/**
 * Bonds of which the datapath itself chooses the member: by which port each of 256 hashes goes out, and what went out
 * under it. Every thread has one, over the same counters.
 */
import type { DpPort } from '../base/units.ts';

export const bondHashCount = 256;

/** By hash; undefined where frames go nowhere. */
export type BondPorts = readonly (DpPort | undefined)[];

export class SharedBond {
  readonly ports: BondPorts;
  readonly buffer: SharedArrayBuffer;
  /** Two words a hash: bytes, and how often they overflowed. */
  readonly #counters: Uint32Array;

  /** Goes on with the counters in `buffer`, where it is given. */
  constructor(ports: BondPorts, buffer = new SharedArrayBuffer(8 * bondHashCount)) {
    this.ports = ports;
    this.buffer = buffer;
    this.#counters = new Uint32Array(buffer);
  }

  /** Counts a frame of so many bytes, and tells where it goes. */
  take(hash: number, size: number): DpPort | undefined {
    const bucket = hash & (bondHashCount - 1);
    const before = Atomics.add(this.#counters, 2 * bucket, size);
    if (before + size > 0xffffffff) Atomics.add(this.#counters, 2 * bucket + 1, 1);
    return this.ports[bucket];
  }

  bytesOf(hash: number): number {
    const at = 2 * (hash & (bondHashCount - 1));
    return (this.#counters[at + 1] ?? 0) * 2 ** 32 + (this.#counters[at] ?? 0);
  }
}

/** Those of a datapath, by number. */
export class BondTable {
  readonly #bonds = new Map<number, SharedBond>();

  /** What was counted before counts on. */
  set(id: number, ports: BondPorts): SharedBond {
    const bond = new SharedBond(ports, this.#bonds.get(id)?.buffer);
    this.#bonds.set(id, bond);
    return bond;
  }

  delete(id: number): void {
    this.#bonds.delete(id);
  }

  bytesOf(id: number, hash: number): number {
    return this.#bonds.get(id)?.bytesOf(hash) ?? 0;
  }

  get all(): ReadonlyMap<number, BondPorts> {
    return new Map([...this.#bonds].map(([id, { ports }]) => [id, ports]));
  }
}
