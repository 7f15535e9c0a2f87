/**
 * Which multicast groups are wanted behind which ports of a bridge, and behind which ports there are routers, by VLAN
 * (RFC 4541): learned from what hosts and routers say. `snooping.ts` reads their messages; translation looks up.
 *
 * A full table forgets the group that nobody has asked for for the longest time, so a flood of reports costs no more
 * than the table's size. As in the reference, members that grow old go when their group is the first in that order.
 */
import type { Clock } from '../../base/clock.ts';
import { coverageCounter } from '../../base/coverage.ts';
import { List, type ListNode } from '../../base/list.ts';

const learned = coverageCounter('mcast_snooping_learned');
const expired = coverageCounter('mcast_snooping_expired');

/** Seconds that a port counts as one with a router behind it after a query. */
const routerTime = 180;

export interface MulticastTableConfig {
  /** Seconds that a member lasts without reports. */
  readonly agingTime: number;
  /** Groups at most. */
  readonly maxSize: number;
}

/** "224.1.1.1" or "ff02::1" in a VLAN. */
export interface GroupPlace {
  readonly vlan: number;
  readonly group: string;
}

/** Where something was heard of last, and when: a second of the clock. */
interface Heard<P> {
  readonly port: P;
  readonly vlan: number;
  readonly heardAt: number;
}

interface Group<P> extends GroupPlace {
  /** Second of the last report, by port; least recently heard first. There may be none left. */
  readonly members: Map<P, number>;
}

export class MulticastTable<P> {
  readonly #clock: Clock;
  readonly #onChange: (place: GroupPlace | undefined) => void;
  readonly #byPlace = new Map<string, ListNode<Group<P>>>();
  /** Least recently asked for first. */
  readonly #groups = new List<Group<P>>();
  /** By VLAN and port. */
  readonly #routerOf = new Map<number, Map<P, ListNode<Heard<P>>>>();
  /** Least recently heard first. */
  readonly #routers = new List<Heard<P>>();
  #config: MulticastTableConfig = { agingTime: 300, maxSize: 2048 };

  /** `onChange` hears of every group whose members changed, and with undefined that routers did. */
  constructor(clock: Clock, onChange: (place: GroupPlace | undefined) => void) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  configure({ agingTime, maxSize }: MulticastTableConfig): void {
    this.#config = {
      agingTime: Math.min(3600, Math.max(15, agingTime)),
      maxSize: Math.min(1_000_000, Math.max(10, maxSize)),
    };
  }

  /** A host behind `port` wants the group. True where nobody wanted it before. */
  join(place: GroupPlace, port: P): boolean {
    const known = this.#byPlace.get(keyOf(place));
    const node = known ?? this.#add(place);
    this.#groups.moveToEnd(node);
    const { members } = node.value;
    const isMember = members.delete(port);
    members.set(port, this.#now());
    if (!isMember) this.#onChange(node.value);
    return known === undefined;
  }

  /** No host behind `port` wants the group any longer. True where one did. */
  leave(place: GroupPlace, port: P): boolean {
    const group = this.#byPlace.get(keyOf(place))?.value;
    if (group === undefined || !group.members.delete(port)) return false;
    this.#onChange(group);
    return true;
  }

  /** There is a router behind `port`. True where that is news. */
  addRouter(vlan: number, port: P): boolean {
    const routers = this.#routerOf.get(vlan) ?? new Map<P, ListNode<Heard<P>>>();
    const known = routers.get(port);
    if (known !== undefined) this.#routers.remove(known);
    routers.set(port, this.#routers.push({ port, vlan, heardAt: this.#now() }));
    this.#routerOf.set(vlan, routers);
    if (known !== undefined) return false;
    learned.total++;
    this.#onChange(undefined);
    return true;
  }

  isRouter(vlan: number, port: P): boolean {
    return this.#routerOf.get(vlan)?.has(port) === true;
  }

  /** The ports behind which it is wanted; undefined for a group that nobody has asked for. */
  membersOf(place: GroupPlace): Iterable<P> | undefined {
    return this.#byPlace.get(keyOf(place))?.value.members.keys();
  }

  /** Groups, least recently asked for first; their members by second of the last report. */
  groups(): Iterable<GroupPlace & { readonly members: ReadonlyMap<P, number> }> {
    return this.#groups;
  }

  /** Least recently heard first. */
  routers(): Iterable<Heard<P>> {
    return this.#routers;
  }

  /** Whole seconds since then. */
  ageOf(heardAt: number): number {
    return this.#now() - heardAt;
  }

  /** Forgets all groups and routers. */
  flush(): void {
    for (const { group, vlan } of this.#groups) this.#forget({ group, vlan });
    for (const router of this.#routers) this.#forgetRouter(router);
  }

  /** Forgets what was heard by `port`. */
  flushPort(port: P): void {
    for (const group of this.#groups) {
      if (!group.members.delete(port)) continue;
      if (group.members.size === 0) this.#forget(group);
      else this.#onChange(group);
    }
    for (const router of this.#routers) if (router.port === port) this.#forgetRouter(router);
  }

  /**
   * Looks at `limit` groups at most that may be too old or too many, and at all routers. Returns whether more are left.
   */
  run(limit = 1024): boolean {
    const now = this.#now();
    for (const router of this.#routers) {
      if (now < router.heardAt + routerTime) break;
      expired.total++;
      this.#forgetRouter(router);
    }
    for (let n = 0; n < limit; n++) {
      const first = this.#groups.first?.value;
      if (first === undefined) return false;
      if (this.#groups.size > this.#config.maxSize) this.#forget(first);
      else if (!this.#prune(first, now)) return false;
    }
    return true;
  }

  /** Milliseconds (the clock's) at which `run` has something to do; Infinity when nothing will. */
  nextExpiry(): number {
    if (this.#groups.size > this.#config.maxSize) return Number.NEGATIVE_INFINITY;
    const never = Number.POSITIVE_INFINITY;
    const router = this.#routers.first?.value;
    const group = this.#groups.first?.value;
    const [heardAt = Number.NEGATIVE_INFINITY] = group?.members.values() ?? [];
    const routerDue = router === undefined ? never : router.heardAt + routerTime;
    return 1000 * Math.min(routerDue, group === undefined ? never : heardAt + this.#config.agingTime);
  }

  #now(): number {
    return Math.floor(this.#clock.now() / 1000);
  }

  #add({ vlan, group }: GroupPlace): ListNode<Group<P>> {
    const oldest = this.#groups.first?.value;
    if (oldest !== undefined && this.#groups.size >= this.#config.maxSize) this.#forget(oldest);
    const added = { vlan, group, members: new Map<P, number>() };
    const node = this.#groups.push(added);
    this.#byPlace.set(keyOf(added), node);
    learned.total++;
    return node;
  }

  /** Of the first group, members that are too old; true where some were, or none are left. */
  #prune(group: Group<P>, now: number): boolean {
    let count = 0;
    for (const [port, heardAt] of group.members) {
      if (now < heardAt + this.#config.agingTime) break;
      group.members.delete(port);
      count++;
    }
    if (group.members.size === 0) {
      this.#forget(group);
      count++;
    } else if (count > 0) this.#onChange(group);
    expired.total += count;
    return count > 0;
  }

  #forget(place: GroupPlace): void {
    const key = keyOf(place);
    const node = this.#byPlace.get(key);
    if (node === undefined) return;
    this.#byPlace.delete(key);
    this.#groups.remove(node);
    this.#onChange(place);
  }

  #forgetRouter({ vlan, port }: Heard<P>): void {
    const routers = this.#routerOf.get(vlan);
    const node = routers?.get(port);
    if (routers === undefined || node === undefined) return;
    this.#routers.remove(node);
    routers.delete(port);
    if (routers.size === 0) this.#routerOf.delete(vlan);
    this.#onChange(undefined);
  }
}

function keyOf({ vlan, group }: GroupPlace): string {
  return `${vlan} ${group}`;
}
