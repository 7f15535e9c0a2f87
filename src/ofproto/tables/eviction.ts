/**
 * Which flow makes room for another in a full table: one of the largest group of flows, the least important there, and
 * of those the one that ends soonest. Flows without timeouts stay. ovs-vswitchd.conf.db(5), table Flow_Table.
 *
 * Flows of a group are in a heap. Use of a flow only puts off its end, so what a heap has on top is looked at again
 * before it counts, and nothing has to follow each packet.
 */

import { readField } from '../../flow/fields/value.ts';
import { type Match, unpackKey } from '../../flow/match.ts';
import { bitsOf } from '../../openflow/actions/field-bits.ts';
import { fieldOf, type Subfield } from '../../openflow/actions/subfield.ts';
import { dueOf } from './expiry.ts';
import type { Rule } from './rule.ts';

interface Entry {
  readonly rule: Rule;
  /** When it was to end as it was last looked at. */
  due: number;
}

/** Flows of one group that may be evicted. */
class EvictionGroup {
  readonly name: string;
  readonly members = new Map<Rule, Entry>();
  /** Each child, at 2n+1 and 2n+2, comes no sooner than its parent. Flows that are gone may be in it. */
  #heap: Entry[] = [];

  constructor(name: string) {
    this.name = name;
  }

  add(rule: Rule): void {
    const entry = { rule, due: dueOf(rule) };
    this.members.set(rule, entry);
    if (this.#heap.length > 2 * this.members.size + 64)
      this.#heap = this.#heap.filter((one) => this.members.get(one.rule) === one).sort(compare);
    this.#push(entry);
  }

  /** The one to go first; it is a member no longer. */
  take(): Rule | undefined {
    for (let top = this.#pop(); top !== undefined; top = this.#pop()) {
      if (this.members.get(top.rule) !== top) continue;
      const due = dueOf(top.rule);
      if (due <= top.due) {
        this.members.delete(top.rule);
        return top.rule;
      }
      top.due = due;
      this.#push(top);
    }
    return undefined;
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let n = heap.push(entry) - 1;
    while (n > 0) {
      const parent = (n - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || compare(above, entry) <= 0) break;
      heap[n] = above;
      n = parent;
    }
    heap[n] = entry;
  }

  #pop(): Entry | undefined {
    const heap = this.#heap;
    const [top] = heap;
    const last = heap.pop();
    if (last === undefined || last === top) return top;
    let n = 0;
    for (;;) {
      let child = 2 * n + 1;
      const [left, right] = [heap[child], heap[child + 1]];
      if (left === undefined) break;
      let first = left;
      if (right !== undefined && compare(right, left) < 0) {
        child++;
        first = right;
      }
      if (compare(last, first) <= 0) break;
      heap[n] = first;
      n = child;
    }
    heap[n] = last;
    return top;
  }
}

function compare(a: Entry, b: Entry): number {
  return a.rule.importance - b.rule.importance || a.due - b.due;
}

export class EvictionIndex {
  readonly #fields: readonly Subfield[];
  readonly #groups = new Map<string, EvictionGroup>();
  readonly #groupOf = new Map<Rule, EvictionGroup>();
  /** By how many members they have. */
  readonly #bySize: Set<EvictionGroup>[] = [];
  #largest = 0;

  /** Flows with the same values of these are one group. */
  constructor(groupFields: readonly Subfield[]) {
    this.#fields = groupFields;
  }

  add(rule: Rule, match: Match): void {
    if ((rule.idleTimeout === 0 && rule.hardTimeout === 0) || this.#groupOf.has(rule)) return;
    const name = this.#nameOf(match);
    let group = this.#groups.get(name);
    if (group === undefined) {
      group = new EvictionGroup(name);
      this.#groups.set(name, group);
    }
    this.#leaveSize(group);
    group.add(rule);
    this.#groupOf.set(rule, group);
    this.#takeSize(group);
  }

  remove(rule: Rule): void {
    const group = this.#groupOf.get(rule);
    if (group === undefined) return;
    this.#leaveSize(group);
    group.members.delete(rule);
    this.#forget(rule, group);
  }

  /** The flow to go, which is not here any more; undefined when none may. */
  take(): Rule | undefined {
    while (this.#largest > 0 && (this.#bySize[this.#largest]?.size ?? 0) === 0) this.#largest--;
    const [group] = this.#bySize[this.#largest] ?? [];
    if (group === undefined) return undefined;
    this.#leaveSize(group);
    const rule = group.take();
    if (rule !== undefined) this.#forget(rule, group);
    return rule;
  }

  #forget(rule: Rule, group: EvictionGroup): void {
    this.#groupOf.delete(rule);
    if (group.members.size === 0) this.#groups.delete(group.name);
    else this.#takeSize(group);
  }

  #leaveSize(group: EvictionGroup): void {
    this.#bySize[group.members.size]?.delete(group);
  }

  #takeSize(group: EvictionGroup): void {
    const { size } = group.members;
    while (this.#bySize.length <= size) this.#bySize.push(new Set());
    this.#bySize[size]?.add(group);
    this.#largest = Math.max(this.#largest, size);
  }

  #nameOf(match: Match): string {
    if (this.#fields.length === 0) return '';
    const key = unpackKey(match);
    return this.#fields
      .map(({ field, low, width }) => bitsOf(readField(key, fieldOf(field)), low, width).toString(16))
      .join();
  }
}
