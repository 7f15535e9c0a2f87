/** A set of VLAN numbers as a bitmap: `trunks`, `cvlans`, `flood_vlans`. */
export class VlanSet {
  readonly #bits = new Uint32Array(128);

  constructor(vlans: Iterable<number>) {
    for (const vlan of vlans) this.#bits[vlan >> 5] = (this.#bits[vlan >> 5] ?? 0) | (1 << (vlan & 31));
  }

  has(vlan: number): boolean {
    return (((this.#bits[vlan >> 5] ?? 0) >>> (vlan & 31)) & 1) === 1;
  }

  equals(other: VlanSet): boolean {
    return this.#bits.every((word, n) => word === other.#bits[n]);
  }
}
