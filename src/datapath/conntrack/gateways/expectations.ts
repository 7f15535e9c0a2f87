/** Connections that were announced and may begin: found by their first packet, bounded in number. */
import { destinationPortOf, hashOfTuple, isSameTuple, newTuple, setPorts, type Tuple } from '../tuple.ts';

export interface Expectation {
  /** Of the packet that begins it; source port 0 stands for any. */
  readonly tuple: Tuple;
  /** Of packets that answer, where addresses are translated; destination port 0 stands for that of the first packet. */
  readonly reply: Tuple;
  /** What is translated then. */
  readonly natSource: boolean;
  readonly natDestination: boolean;
  /** Of the connection that announced it, as it was then. */
  readonly parent: Tuple;
  readonly mark: number;
  readonly label: Uint32Array;
  /** All of the connection that announced it, this one included, oldest first. */
  readonly siblings: Expectation[];
}

/** Of one connection. Ends open one data connection at a time; several may not have begun yet. */
const shareOfOne = 16;
/** Of all. */
const defaultLimit = 65536;

export class Expectations {
  readonly #seed: number;
  readonly #limit: number;
  readonly #chains = new Map<number, Expectation[]>();
  /** Oldest first. */
  readonly #all = new Set<Expectation>();
  readonly #wanted = newTuple();

  /** `seed`: see `ConnectionTable`. */
  constructor(seed: number, limit = defaultLimit) {
    this.#seed = seed;
    this.#limit = limit;
  }

  get size(): number {
    return this.#all.size;
  }

  /** What a packet with that tuple begins. It stays afterwards: a packet that nobody answered comes again. */
  find(tuple: Tuple): Expectation | undefined {
    const wanted = this.#wanted;
    wanted.set(tuple);
    setPorts(wanted, 0, destinationPortOf(tuple));
    return this.#chains
      .get(hashOfTuple(wanted, this.#seed))
      ?.find((expectation) => isSameTuple(expectation.tuple, wanted));
  }

  /** Where there is no room, the oldest gives way. None with the same tuple may be there. */
  add(expectation: Expectation): void {
    const { siblings, tuple } = expectation;
    const [eldest] = siblings.length < shareOfOne ? [] : siblings;
    if (eldest !== undefined) this.#remove(eldest);
    const [oldest] = this.size < this.#limit ? [] : this.#all;
    if (oldest !== undefined) this.#remove(oldest);
    this.#all.add(expectation);
    siblings.push(expectation);
    const hash = hashOfTuple(tuple, this.#seed);
    const chain = this.#chains.get(hash);
    if (chain === undefined) this.#chains.set(hash, [expectation]);
    else chain.push(expectation);
  }

  /** The connection that announced them is forgotten. */
  forget(siblings: readonly Expectation[]): void {
    for (const expectation of [...siblings]) this.#remove(expectation);
  }

  #remove(expectation: Expectation): void {
    const { siblings, tuple } = expectation;
    this.#all.delete(expectation);
    siblings.splice(siblings.indexOf(expectation), 1);
    const hash = hashOfTuple(tuple, this.#seed);
    const kept = this.#chains.get(hash)?.filter((other) => other !== expectation) ?? [];
    if (kept.length === 0) this.#chains.delete(hash);
    else this.#chains.set(hash, kept);
  }
}
