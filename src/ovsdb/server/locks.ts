/**
 * Named locks of RFC 7047 section 4.1.8 to 4.1.10, shared by all databases and sessions of one server.
 * `S` is the session type: whoever owns or waits for a lock.
 */
import { compareBytes } from '../../base/text.ts';

/** How a lock was asked for: `lock` waits its turn, `steal` takes it at once. */
export type LockMode = 'lock' | 'steal';

interface Waiter<S> {
  readonly session: S;
  readonly mode: LockMode;
}

export interface HeldLock {
  readonly name: string;
  /** `lost`: it was stolen from us, or we stole it and lost it again. */
  readonly state: 'held' | 'waiting' | 'lost';
}

export class LockTable<S> {
  /** The first waiter owns the lock. Those who lost it by a steal are in `#lost` until they unlock. */
  readonly #queues = new Map<string, Waiter<S>[]>();
  readonly #lost = new Map<string, Set<S>>();

  isOwner(name: string, session: S): boolean {
    return this.#queues.get(name)?.[0]?.session === session;
  }

  /** Whether `session` has asked for the lock and not given it back since. */
  isHolder(name: string, session: S): boolean {
    return (
      this.#lost.get(name)?.has(session) === true ||
      this.#queues.get(name)?.some((w) => w.session === session) === true
    );
  }

  /** The session must not hold the lock in any way. Returns whom it was stolen from, if so. */
  lock(name: string, session: S, mode: LockMode): S | undefined {
    let queue = this.#queues.get(name);
    if (queue === undefined) {
      queue = [];
      this.#queues.set(name, queue);
    }
    const owner = queue[0];
    if (mode === 'lock' || owner === undefined) {
      queue.push({ session, mode });
      return undefined;
    }
    queue[0] = { session, mode };
    // Who waited its turn gets the lock back when the thief lets go; a thief that was robbed does not.
    if (owner.mode === 'lock') queue.splice(1, 0, owner);
    else this.#setLost(name, owner.session);
    return owner.session;
  }

  /** Returns who owns the lock now, if that changed. */
  unlock(name: string, session: S): S | undefined {
    this.#lost.get(name)?.delete(session);
    const queue = this.#queues.get(name);
    const at = queue?.findIndex((w) => w.session === session) ?? -1;
    if (queue === undefined || at < 0) return undefined;
    queue.splice(at, 1);
    if (queue.length === 0) this.#queues.delete(name);
    return at === 0 ? queue[0]?.session : undefined;
  }

  /** All that `session` holds, sorted by name. */
  heldBy(session: S): HeldLock[] {
    const held: HeldLock[] = [];
    for (const [name, queue] of this.#queues) {
      const at = queue.findIndex((w) => w.session === session);
      const waiter = queue[at];
      if (waiter !== undefined) held.push({ name, state: at === 0 ? 'held' : 'waiting' });
    }
    for (const [name, sessions] of this.#lost) if (sessions.has(session)) held.push({ name, state: 'lost' });
    return held.sort((a, b) => compareBytes(a.name, b.name));
  }

  #setLost(name: string, session: S): void {
    const sessions = this.#lost.get(name) ?? new Set<S>();
    sessions.add(session);
    this.#lost.set(name, sessions);
  }
}
