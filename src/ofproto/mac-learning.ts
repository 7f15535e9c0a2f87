/**
 * Which address is behind which port of a bridge, learned from source addresses (IEEE 802.1D clause 7.8) or set by
 * `fdb/add`. Every operation costs the same however full the table is. Translation looks up and learns; the views in
 * views/fdb.ts show it.
 *
 * A full table evicts the oldest address of the port that has the most, so that a flood of made-up addresses on one
 * port never pushes out those of the others.
 */
import type { Clock } from '../base/clock.ts';
import { coverageCounter } from '../base/coverage.ts';
import { List, type ListNode } from '../base/list.ts';
import { type HeapNode, MaxHeap } from '../base/max-heap.ts';
import { isMulticast, type Mac } from '../flow/mac.ts';
import { VlanSet } from './vlan-set.ts';

const learned = coverageCounter('mac_learning_learned');
const expired = coverageCounter('mac_learning_expired');
const evicted = coverageCounter('mac_learning_evicted');
const moved = coverageCounter('mac_learning_moved');
const staticNotMoved = coverageCounter('mac_learning_static_none_move');

/** Seconds for which a gratuitous ARP that came by an ordinary port forbids a bond to move the address. */
const gratuitousArpLock = 5;

/** One learned or configured address. `P` is whatever stands for a port. */
export interface MacEntry<P> {
  readonly mac: Mac;
  readonly vlan: number;
  readonly port: P;
  readonly isStatic: boolean;
  /** Second of the last time it was seen; meaningless when static. */
  readonly seenAt: number;
}

export interface MacStats {
  learnedCount: number;
  expiredCount: number;
  evictedCount: number;
  movedCount: number;
}

interface Entry<P> extends MacEntry<P> {
  port: P;
  isStatic: boolean;
  seenAt: number;
  /** A bond must not move the address before that second. */
  lockedUntil: number;
  /** Its place among all entries. */
  inAll: ListNode<Entry<P>> | undefined;
  /** Its place among those of its port; undefined when static. */
  inShare: ListNode<Entry<P>> | undefined;
}

/** The learned (not the static) entries of one port, least recently seen first. */
type Share<P> = HeapNode<List<Entry<P>>>;

export class MacTable<P> {
  readonly #clock: Clock;
  readonly #onChange: (mac: Mac, vlan: number) => void;
  readonly #ofVlan = new Map<number, Map<Mac, Entry<P>>>();
  /** Least recently seen first. */
  readonly #all = new List<Entry<P>>();
  #staticCount = 0;
  readonly #shares = new Map<P, Share<P>>();
  /** To find a largest one at once. */
  readonly #bySize = new MaxHeap<List<Entry<P>>>();
  #agingTime = 300;
  #maxSize = 8192;
  #floodVlans = new VlanSet([]);
  #stats: MacStats = { learnedCount: 0, expiredCount: 0, evictedCount: 0, movedCount: 0 };

  /** `onChange` hears of every address whose place changed: flows that depended on it are to be translated again. */
  constructor(clock: Clock, onChange: (mac: Mac, vlan: number) => void) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  get size(): number {
    return this.#all.size;
  }

  get maxSize(): number {
    return this.#maxSize;
  }

  /** Entries made by `addStatic`. */
  get staticCount(): number {
    return this.#staticCount;
  }

  get stats(): Readonly<MacStats> {
    return this.#stats;
  }

  clearStats(): void {
    this.#stats = { learnedCount: 0, expiredCount: 0, evictedCount: 0, movedCount: 0 };
  }

  /** True when the VLANs in which nothing is learned changed, so that every flow may be wrong. */
  configure(config: { agingTime: number; maxSize: number; floodVlans: readonly number[] }): boolean {
    this.#agingTime = Math.min(3600, Math.max(15, config.agingTime));
    this.#maxSize = Math.min(1_000_000, Math.max(10, config.maxSize));
    const floodVlans = new VlanSet(config.floodVlans);
    const isChanged = !floodVlans.equals(this.#floodVlans);
    this.#floodVlans = floodVlans;
    return isChanged;
  }

  /** Where to send a frame to `mac`; undefined for a group address and in a VLAN that is flooded. */
  lookup(mac: Mac, vlan: number): MacEntry<P> | undefined {
    if (isMulticast(mac) || this.#floodVlans.has(vlan)) return undefined;
    return this.#ofVlan.get(vlan)?.get(mac);
  }

  mayLearn(mac: Mac, vlan: number): boolean {
    return !isMulticast(mac) && !this.#floodVlans.has(vlan);
  }

  /**
   * Takes note that a frame from `mac` came in by `port`. Returns true when that changed the table. A gratuitous ARP
   * that a bond hears shortly after another port did is that port's own, reflected, and moves nothing.
   */
  learn(mac: Mac, vlan: number, port: P, arp: { isGratuitous: boolean; isBond: boolean }): boolean {
    if (!this.mayLearn(mac, vlan)) return false;
    const now = this.#now();
    const entry = this.#ofVlan.get(vlan)?.get(mac);
    if (entry === undefined) {
      const made = this.#add(mac, vlan, port, now);
      if (made !== undefined && arp.isGratuitous && !arp.isBond) made.lockedUntil = now + gratuitousArpLock;
      return made !== undefined;
    }
    if (entry.isStatic) {
      if (entry.port !== port) staticNotMoved.total++;
      return false;
    }
    if (arp.isGratuitous) {
      if (!arp.isBond) entry.lockedUntil = now + gratuitousArpLock;
      else if (now < entry.lockedUntil) return false;
    }
    if (entry.seenAt !== now || entry.port !== port) this.#refresh(entry, now);
    if (entry.port === port) return false;
    this.#stats.movedCount++;
    moved.total++;
    this.#move(entry, port);
    return true;
  }

  /** Is a bond forbidden to move this address now? */
  isLocked(entry: MacEntry<P>): boolean {
    const held = this.#ofVlan.get(entry.vlan)?.get(entry.mac);
    return held !== undefined && this.#now() < held.lockedUntil;
  }

  /** Sets an address that neither ages nor moves; makes a learned one static. */
  addStatic(mac: Mac, vlan: number, port: P): void {
    const entry = this.#ofVlan.get(vlan)?.get(mac) ?? this.#insert(mac, vlan, port, this.#now());
    if (!entry.isStatic) {
      this.#leaveShare(entry);
      entry.isStatic = true;
      this.#staticCount++;
    }
    entry.port = port;
    this.#makeNewest(entry);
    this.#onChange(mac, vlan);
  }

  /** False when there is no static entry of that address. */
  removeStatic(mac: Mac, vlan: number): boolean {
    const entry = this.#ofVlan.get(vlan)?.get(mac);
    if (entry === undefined || !entry.isStatic) return false;
    this.#remove(entry);
    return true;
  }

  /** Forgets one address, static or not. */
  forget(mac: Mac, vlan: number): void {
    const entry = this.#ofVlan.get(vlan)?.get(mac);
    if (entry !== undefined) this.#remove(entry);
  }

  /** Forgets what was learned; static entries stay. */
  flush(): void {
    for (const entry of this.#all) if (!entry.isStatic) this.#remove(entry);
  }

  /** Forgets every address behind `port`, static ones too. */
  flushPort(port: P): void {
    for (const { mac, vlan } of this.ofPort(port)) this.forget(mac, vlan);
  }

  /** What was learned behind one is behind the other from now on. */
  movePort(from: P, to: P): void {
    for (const entry of [...(this.#shares.get(from)?.value ?? [])]) this.#move(entry, to);
  }

  /** Every address behind `port`. Cost follows their number, unless static ones are there. */
  ofPort(port: P): MacEntry<P>[] {
    const found: MacEntry<P>[] = [...(this.#shares.get(port)?.value ?? [])];
    if (this.#staticCount > 0) {
      for (const entry of this.#all) if (entry.isStatic && entry.port === port) found.push(entry);
    }
    return found;
  }

  /** Forgets at most `limit` addresses that are too old or too many. Returns whether more are left to forget. */
  run(limit = 1024): boolean {
    const now = this.#now();
    for (let n = 0; n < limit; n++) {
      const entry = this.#oldestLearned();
      if (entry === undefined) return false;
      if (this.#all.size <= this.#maxSize && now < entry.seenAt + this.#agingTime) return false;
      this.#stats.expiredCount++;
      expired.total++;
      this.#remove(entry);
    }
    return true;
  }

  /** Milliseconds (the clock's) at which the next address grows too old; Infinity when none does. */
  nextExpiry(): number {
    const entry = this.#oldestLearned();
    return entry === undefined ? Number.POSITIVE_INFINITY : (entry.seenAt + this.#agingTime) * 1000;
  }

  /** Whole seconds since the address was last seen. */
  age(entry: MacEntry<P>): number {
    return this.#now() - entry.seenAt;
  }

  /** Least recently seen first. */
  *entries(): IterableIterator<MacEntry<P>> {
    yield* this.#all;
  }

  #now(): number {
    return Math.floor(this.#clock.now() / 1000);
  }

  /** undefined when the table is full of static entries. */
  #add(mac: Mac, vlan: number, port: P, now: number): Entry<P> | undefined {
    if (this.#all.size >= this.#maxSize && !this.#evict()) return undefined;
    const entry = this.#insert(mac, vlan, port, now);
    this.#stats.learnedCount++;
    learned.total++;
    this.#onChange(mac, vlan);
    return entry;
  }

  #insert(mac: Mac, vlan: number, port: P, now: number): Entry<P> {
    const entry: Entry<P> = {
      mac,
      vlan,
      port,
      isStatic: false,
      seenAt: now,
      lockedUntil: Number.NEGATIVE_INFINITY,
      inAll: undefined,
      inShare: undefined,
    };
    ensure(this.#ofVlan, vlan, () => new Map<Mac, Entry<P>>()).set(mac, entry);
    entry.inAll = this.#all.push(entry);
    this.#joinShare(entry);
    return entry;
  }

  #remove(entry: Entry<P>): void {
    const ofMac = this.#ofVlan.get(entry.vlan);
    ofMac?.delete(entry.mac);
    if (ofMac?.size === 0) this.#ofVlan.delete(entry.vlan);
    if (entry.inAll !== undefined) this.#all.remove(entry.inAll);
    if (entry.isStatic) this.#staticCount--;
    else this.#leaveShare(entry);
    this.#onChange(entry.mac, entry.vlan);
  }

  /** Static entries in front are skipped: they are few, and made newest whenever they are set. */
  #oldestLearned(): Entry<P> | undefined {
    let node = this.#all.first;
    while (node?.value.isStatic) node = node.next;
    return node?.value;
  }

  #refresh(entry: Entry<P>, now: number): void {
    entry.seenAt = now;
    this.#makeNewest(entry);
    if (entry.inShare !== undefined) this.#shares.get(entry.port)?.value.moveToEnd(entry.inShare);
  }

  #move(entry: Entry<P>, port: P): void {
    this.#leaveShare(entry);
    entry.port = port;
    this.#joinShare(entry);
    this.#onChange(entry.mac, entry.vlan);
  }

  #evict(): boolean {
    const entry = this.#bySize.first?.first?.value;
    if (entry === undefined) return false;
    this.#stats.evictedCount++;
    evicted.total++;
    this.#remove(entry);
    return true;
  }

  #makeNewest(entry: Entry<P>): void {
    if (entry.inAll !== undefined) this.#all.moveToEnd(entry.inAll);
  }

  #joinShare(entry: Entry<P>): void {
    const share = this.#shares.get(entry.port) ?? this.#makeShare(entry.port);
    entry.inShare = share.value.push(entry);
    this.#bySize.setRank(share, share.value.size);
  }

  #makeShare(port: P): Share<P> {
    const share = this.#bySize.insert(new List<Entry<P>>(), 0);
    this.#shares.set(port, share);
    return share;
  }

  #leaveShare(entry: Entry<P>): void {
    const share = this.#shares.get(entry.port);
    if (share === undefined || entry.inShare === undefined) return;
    share.value.remove(entry.inShare);
    entry.inShare = undefined;
    if (share.value.size > 0) {
      this.#bySize.setRank(share, share.value.size);
      return;
    }
    this.#bySize.remove(share);
    this.#shares.delete(entry.port);
  }
}

function ensure<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
