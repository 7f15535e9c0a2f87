/**
 * Ethernet addresses of the hosts that tunnels send to, or of gateways to them, as bridges learned them: RFC 826, RFC
 * 4861. Who is not used for a while is forgotten.
 */
import type { Timer, Timers } from '../../base/timers.ts';
import { ms } from '../../base/units.ts';
import type { HostAddress } from './host-address.ts';

const usualAge = 900_000;
/** Whoever is heard from may be learned. */
const mostEntries = 16_384;

export interface Neighbour {
  readonly bridge: string;
  readonly address: HostAddress;
  /** 6 bytes. */
  readonly mac: Uint8Array;
  /** In ms. */
  readonly expiresAt: number;
}

type Entry = { -readonly [K in keyof Neighbour]: Neighbour[K] };

/** Told of what is known now, or no more. */
type Changed = (bridge: string, address: HostAddress) => void;

export class NeighbourCache {
  readonly #timers: Timers;
  readonly #changed: Changed;
  readonly #entries = new Map<string, Entry>();
  #age = usualAge;
  #timer: Timer | undefined;
  #timerDue = Number.POSITIVE_INFINITY;

  constructor(timers: Timers, changed: Changed) {
    this.#timers = timers;
    this.#changed = changed;
  }

  /** Milliseconds that an entry is kept without being used. */
  get age(): number {
    return this.#age;
  }

  /** A shorter one holds for present entries, too. */
  set age(age: number) {
    this.#age = age;
    const latest = this.#now + age;
    for (const entry of this.#entries.values()) entry.expiresAt = Math.min(entry.expiresAt, latest);
    this.#arrange();
  }

  /** Is used then. */
  find(bridge: string, address: HostAddress): Uint8Array | undefined {
    const entry = this.#entries.get(nameOf(bridge, address));
    if (entry === undefined || this.isExpired(entry)) return undefined;
    entry.expiresAt = this.#now + this.#age;
    return entry.mac;
  }

  set(bridge: string, address: HostAddress, mac: Uint8Array): void {
    const before = this.find(bridge, address);
    if (before?.every((byte, n) => byte === mac[n]) === true) return;
    const name = nameOf(bridge, address);
    this.#entries.delete(name); // so that it comes last
    const [oldest] = this.#entries.values();
    if (this.#entries.size >= mostEntries && oldest !== undefined) this.#remove(oldest);
    const expiresAt = this.#now + this.#age;
    this.#entries.set(name, { bridge, address, mac, expiresAt });
    this.#changed(bridge, address);
    this.#wakeAt(expiresAt);
  }

  /** All of a bridge, or all. */
  flush(bridge?: string): void {
    for (const entry of this.#entries.values())
      if (bridge === undefined || entry.bridge === bridge) this.#remove(entry);
  }

  /** It is about to be forgotten. */
  isExpired({ expiresAt }: Neighbour): boolean {
    return expiresAt <= this.#now;
  }

  /** In the order in which they were learned. */
  [Symbol.iterator](): Iterator<Neighbour> {
    return this.#entries.values();
  }

  get #now(): number {
    return this.#timers.clock.now();
  }

  #remove({ bridge, address }: Entry): void {
    this.#entries.delete(nameOf(bridge, address));
    this.#changed(bridge, address);
  }

  /** The timer is for the earliest that may be due: entries that were used meanwhile are due later. */
  #wakeAt(due: number): void {
    if (due >= this.#timerDue) return;
    this.#timer?.cancel();
    this.#timerDue = due;
    this.#timer = this.#timers.at(ms(due), () => {
      this.#timerDue = Number.POSITIVE_INFINITY;
      for (const entry of this.#entries.values()) if (this.isExpired(entry)) this.#remove(entry);
      this.#arrange();
    });
  }

  #arrange(): void {
    let due = Number.POSITIVE_INFINITY;
    for (const { expiresAt } of this.#entries.values()) due = Math.min(due, expiresAt);
    this.#wakeAt(due);
  }
}

function nameOf(bridge: string, address: HostAddress): string {
  return `${address.join('.')} ${bridge}`;
}
