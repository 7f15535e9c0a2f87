/** What a request of address translation lets a new connection have: addresses and ports, in the order to try them. */
import { finishHash, mixWord } from '../../base/murmur3.ts';
import type { Random } from '../../base/random.ts';
import type { DpNatRange, Nat } from '../actions.ts';
import { hashOfTuple, ipVersionOf, setAddress, type Tuple, tupleWord } from './tuple.ts';

const wordSpan = 2 ** 32;

/** Where to begin in a range; both of 32 bits. */
export interface Start {
  readonly address: number;
  readonly port: number;
}

/**
 * Persistent: a client gets the same address whatever it speaks to, after a restart too. By hash, or where nothing is
 * said: the same connection gets the same again; only what is asked for by name may be known beforehand.
 */
export function startOf(
  { isPersistent, choosesPortBy }: Nat,
  original: Tuple,
  seed: number,
  random: Random,
): Start {
  const hash =
    choosesPortBy === 'random' ? random.u32() : hashOfTuple(original, choosesPortBy === 'hash' ? 0 : seed);
  return {
    address: (isPersistent ? hashClient(original) : hash) >>> 0,
    port: finishHash(mixWord(hash, 1)) >>> 0,
  };
}

function hashClient(original: Tuple): number {
  let hash = 0;
  for (let at = tupleWord.source; at < tupleWord.destination; at++) hash = mixWord(hash, original[at] ?? 0);
  return finishHash(hash);
}

/** Addresses of a range from one on, around its end. */
export class AddressChoice {
  /** At most 2^32: nobody needs more. */
  readonly count: number;
  readonly #min: readonly number[];
  readonly #first: number;

  constructor({ min, max }: DpNatRange, start: number) {
    this.#min = min;
    this.count = max === undefined ? 1 : spanOf(min, max);
    this.#first = Math.floor((start * this.count) / wordSpan);
  }

  /** The `n`th of them becomes the address from `word` on. */
  write(n: number, into: Tuple, word: number): void {
    setAddress(into, word, this.#min);
    let carry = (this.#first + n) % this.count;
    for (let at = word + this.#min.length / 4 - 1; carry > 0 && at >= word; at--) {
      const sum = (into[at] ?? 0) + carry;
      into[at] = sum % wordSpan;
      carry = Math.floor(sum / wordSpan);
    }
  }
}

/** All zero, as in `nat(src=0.0.0.0)`, stands for the address that a packet has anyway. */
export function namesAddress(range: DpNatRange | undefined): range is DpNatRange {
  return range?.min.some((byte) => byte !== 0) ?? false;
}

export function fitsVersion({ min }: DpNatRange, tuple: Tuple): boolean {
  return min.length === (ipVersionOf(tuple) === 4 ? 4 : 16);
}

/** From the first to the last of both. */
function spanOf(min: readonly number[], max: readonly number[]): number {
  // A difference once above 2^32 stays there, whatever bytes follow: no precision is lost that matters.
  const difference = min.reduce((sum, byte, n) => sum * 256 + (max[n] ?? 0) - byte, 0);
  return Math.min(Math.max(difference, 0) + 1, wordSpan);
}

/** Ports of a range from one on, around its end; the one to begin with need not be in it. */
export class PortChoice {
  readonly count: number;
  readonly #begin: number;
  readonly #min: number;
  readonly #size: number;
  readonly #isInside: boolean;

  constructor(begin: number, min: number, max: number) {
    this.#begin = begin;
    this.#min = min;
    this.#size = max - min + 1;
    this.#isInside = begin >= min && begin <= max;
    this.count = this.#size + (this.#isInside ? 0 : 1);
  }

  /** That port alone. */
  static only(port: number): PortChoice {
    return new PortChoice(port, port, port);
  }

  /** That port, or another one of those that mean as much: the lowest may be bound by few (RFC 4787, section 4.2.1). */
  static near(port: number): PortChoice {
    const { min, max } = portClasses.find((portClass) => port <= portClass.max) ?? highPorts;
    return new PortChoice(port, min, max);
  }

  /** Those of a request, beginning somewhere; undefined where it names none. */
  static within({ minPort, maxPort }: DpNatRange, start: number): PortChoice | undefined {
    if (minPort === undefined) return undefined;
    const max = Math.max(minPort, maxPort ?? minPort);
    return new PortChoice(minPort + (start % (max - minPort + 1)), minPort, max);
  }

  at(n: number): number {
    if (n === 0) return this.#begin;
    if (!this.#isInside) return this.#min + n - 1;
    return this.#min + ((this.#begin - this.#min + n) % this.#size);
  }
}

const highPorts = { min: 1024, max: 65535 };
/** In between, the lower ones keep to services that are told by them. */
const portClasses = [{ min: 1, max: 511 }, { min: 600, max: 1023 }, highPorts];
