/** The connections that are remembered: found by the tuples of both directions, forgotten when silent for too long. */
import { List } from '../../base/list.ts';
import { type Ms, ms } from '../../base/units.ts';
import type { TrackedConnection } from './connection.ts';
import { hashOfTuple, isSameTuple, type Tuple } from './tuple.ts';

/** One direction of a connection, in the chain of those of the same hash. */
interface Entry {
  readonly connection: TrackedConnection;
  readonly tuple: Tuple;
  readonly isReply: boolean;
  readonly next: Entry | undefined;
}

export interface Found {
  readonly connection: TrackedConnection;
  readonly isReply: boolean;
}

export class ConnectionTable {
  /** Of this process, so that nobody can make tuples of one hash. */
  readonly seed: number;
  readonly #chains = new Map<number, Entry>();
  /** By how long they live, those silent for longest first. */
  readonly #byLifetime = new Map<number, List<TrackedConnection>>();
  readonly #zoneCounts = new Map<number, number>();
  readonly #byNumber = new Map<number, TrackedConnection>();
  #lastNumber = 0;
  /** None expires before. There may be thousands of lists, so they are not looked at in vain. */
  #nextExpiry = Number.POSITIVE_INFINITY;

  constructor(seed: number) {
    this.seed = seed;
  }

  get size(): number {
    return this.#byNumber.size;
  }

  countIn(zone: number): number {
    return this.#zoneCounts.get(zone) ?? 0;
  }

  /** One that has expired is forgotten. */
  find(tuple: Tuple, now: Ms): Found | undefined {
    for (
      let entry = this.#chains.get(hashOfTuple(tuple, this.seed));
      entry !== undefined;
      entry = entry.next
    ) {
      if (!isSameTuple(entry.tuple, tuple)) continue;
      if (entry.connection.expiresAt > now) return entry;
      this.remove(entry.connection);
      return undefined;
    }
    return undefined;
  }

  /** Of 0: undefined. */
  numbered(number: number): TrackedConnection | undefined {
    return number === 0 ? undefined : this.#byNumber.get(number);
  }

  add(connection: TrackedConnection): void {
    connection.number = this.#nextNumber();
    this.#byNumber.set(connection.number, connection);
    this.#link(connection, connection.original, false);
    this.#link(connection, connection.reply, true);
    connection.place = this.#listOf(connection.lifetime).push(connection);
    this.#nextExpiry = Math.min(this.#nextExpiry, connection.expiresAt);
    this.#count(connection.zone, 1);
  }

  /** It was heard of. */
  touch(connection: TrackedConnection, lifetime: Ms, now: Ms): void {
    const { place } = connection;
    if (place === undefined) return;
    connection.expiresAt = ms(now + lifetime);
    this.#nextExpiry = Math.min(this.#nextExpiry, connection.expiresAt);
    if (connection.lifetime === lifetime) {
      this.#listOf(lifetime).moveToEnd(place);
      return;
    }
    this.#leave(connection);
    connection.lifetime = lifetime;
    connection.place = this.#listOf(lifetime).push(connection);
  }

  remove(connection: TrackedConnection): void {
    if (connection.place === undefined) return;
    this.#leave(connection);
    connection.place = undefined;
    this.#byNumber.delete(connection.number);
    this.#unlink(connection.original, connection);
    this.#unlink(connection.reply, connection);
    this.#count(connection.zone, -1);
    connection.gateway?.close();
  }

  /** Forgets what has expired. */
  sweep(now: Ms): void {
    if (now < this.#nextExpiry) return;
    let next = Number.POSITIVE_INFINITY;
    for (const list of this.#byLifetime.values())
      for (const connection of list) {
        if (connection.expiresAt > now) {
          next = Math.min(next, connection.expiresAt);
          break;
        }
        this.remove(connection);
      }
    this.#nextExpiry = next;
  }

  /** Those that began first come first, as in ovs-vswitchd as long as there are three at most. */
  *[Symbol.iterator](): IterableIterator<TrackedConnection> {
    yield* this.#byNumber.values();
  }

  #nextNumber(): number {
    do this.#lastNumber = (this.#lastNumber + 1) >>> 0;
    while (this.#lastNumber === 0 || this.#byNumber.has(this.#lastNumber));
    return this.#lastNumber;
  }

  #listOf(lifetime: Ms): List<TrackedConnection> {
    let list = this.#byLifetime.get(lifetime);
    if (list === undefined) {
      list = new List();
      this.#byLifetime.set(lifetime, list);
    }
    return list;
  }

  #leave(connection: TrackedConnection): void {
    const list = this.#byLifetime.get(connection.lifetime);
    if (list === undefined || connection.place === undefined) return;
    list.remove(connection.place);
    if (list.size === 0) this.#byLifetime.delete(connection.lifetime);
  }

  #link(connection: TrackedConnection, tuple: Tuple, isReply: boolean): void {
    const hash = hashOfTuple(tuple, this.seed);
    this.#chains.set(hash, { connection, tuple, isReply, next: this.#chains.get(hash) });
  }

  #unlink(tuple: Tuple, connection: TrackedConnection): void {
    const hash = hashOfTuple(tuple, this.seed);
    let kept: Entry | undefined;
    for (let entry = this.#chains.get(hash); entry !== undefined; entry = entry.next)
      if (entry.connection !== connection || entry.tuple !== tuple) kept = { ...entry, next: kept };
    if (kept === undefined) this.#chains.delete(hash);
    else this.#chains.set(hash, kept);
  }

  #count(zone: number, by: 1 | -1): void {
    const count = this.countIn(zone) + by;
    if (count === 0) this.#zoneCounts.delete(zone);
    else this.#zoneCounts.set(zone, count);
  }
}
