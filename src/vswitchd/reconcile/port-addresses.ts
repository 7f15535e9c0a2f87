/**
 * The address that each port of a bridge offers to those who have none of their own: the bridge takes the lowest of
 * all, a fake bridge the lowest of the ports with its tag. Used by `bridge-facts.ts`.
 */
import { MinimumTracker } from './minimum-tracker.ts';

/** Which fake bridges an address is offered to: those with that tag, or every one with a tag. */
type Group = number | 'every';

export class PortAddresses {
  readonly #all = new MinimumTracker<string, string>();
  readonly #groups = new Map<Group, MinimumTracker<string, string>>();
  readonly #groupOf = new Map<string, Group>();

  put(port: string, group: Group | undefined, mac: string | undefined): void {
    this.#all.put(port, mac);
    const before = this.#groupOf.get(port);
    if (before !== undefined) this.#membersOf(before).put(port, undefined);
    if (group === undefined || mac === undefined) {
      this.#groupOf.delete(port);
      return;
    }
    this.#groupOf.set(port, group);
    this.#membersOf(group).put(port, mac);
  }

  get lowest(): string | undefined {
    return this.#all.minimum;
  }

  lowestWithTag(tag: number): string | undefined {
    const own = this.#groups.get(tag)?.minimum;
    const common = this.#groups.get('every')?.minimum;
    return own === undefined || (common !== undefined && common < own) ? common : own;
  }

  #membersOf(group: Group): MinimumTracker<string, string> {
    let members = this.#groups.get(group);
    if (members === undefined) {
      members = new MinimumTracker();
      this.#groups.set(group, members);
    }
    return members;
  }
}
