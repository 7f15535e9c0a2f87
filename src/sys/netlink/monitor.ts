/**
 * The devices of this network namespace as the kernel announces them: one notification stream for the whole process,
 * however many ports there are, and no polling. Used by netdevs and by whoever waits for a device to appear.
 */

import { coverageCounter } from '../../base/coverage.ts';
import { Malformed } from '../../base/errors.ts';
import { logger } from '../../base/log.ts';
import { kernelName } from '../calls/device.ts';
import type { Watch } from '../calls/fd.ts';
import { dumpLinks, type Link, NETLINK_ROUTE, parseLinkChange, RTMGRP_LINK } from './link.ts';
import type { NetlinkMessage } from './message.ts';
import { NetlinkSocket } from './socket.ts';

const changed = coverageCounter('nln_changed');

const log = logger('netlink_notifier');

/** Told that the device of that name appeared, changed or went; a rename tells both names. */
export type LinkListener = (name: string) => void;

export class LinkMonitor {
  readonly #socket = new NetlinkSocket(NETLINK_ROUTE, RTMGRP_LINK);
  readonly #watch: Watch;
  readonly #byIndex = new Map<number, Link>();
  readonly #byName = new Map<string, Link>();
  readonly #listeners = new Map<string, Set<LinkListener>>();
  readonly #allListeners = new Set<LinkListener>();
  /** What had a name that somebody listens to, when it got another. */
  readonly #renamed = new Map<string, Link>();
  /** Names to tell about once all that has arrived is taken in. */
  readonly #changed = new Set<string>();
  #isTelling = false;

  /** Throws SyscallFailed. */
  constructor() {
    this.#resync();
    this.#changed.clear();
    this.#watch = this.#socket.watch(() => this.refresh());
  }

  /** The device as it is now, notifications that are under way included. Its own name may be shorter (`kernelName`). */
  byName(name: string): Link | undefined {
    this.#drain();
    return this.#byName.get(kernelName(name));
  }

  /** As of the last notification taken in; cheap. */
  known(ifindex: number): Link | undefined {
    return this.#byIndex.get(ifindex);
  }

  /** The last that was heard of a device under a name that is listened to, when it has another name by now. */
  lastUnder(name: string): Link | undefined {
    return this.#renamed.get(name);
  }

  /** Takes in what has arrived and tells the listeners. */
  refresh(): void {
    this.#drain();
    if (this.#isTelling) return;
    this.#isTelling = true;
    try {
      for (const name of this.#changed) {
        this.#changed.delete(name);
        changed.total++;
        for (const tell of this.#listeners.get(name) ?? []) tell(name);
        for (const tell of this.#allListeners) tell(name);
      }
    } finally {
      this.#isTelling = false;
    }
  }

  /** Listens to one name, or to all without. Returns what ends it. */
  listen(listener: LinkListener, name?: string): () => void {
    if (name === undefined) {
      this.#allListeners.add(listener);
      return () => void this.#allListeners.delete(listener);
    }
    const those = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, those.add(listener));
    return () => {
      those.delete(listener);
      if (those.size > 0 || this.#listeners.get(name) !== those) return;
      this.#listeners.delete(name);
      this.#renamed.delete(name);
    };
  }

  close(): void {
    this.#watch.close();
    this.#socket.close();
  }

  #drain(): void {
    try {
      if (this.#socket.drain((message) => this.#take(message))) return;
      log.info('netlink receive buffer overflowed');
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      log.warn(error.message);
    }
    this.#resync();
  }

  #take(message: NetlinkMessage): void {
    const change = parseLinkChange(message);
    if (change === undefined) return;
    if (change.isRemoved) this.#remove(change.link.ifindex);
    else this.#put(change.link);
  }

  #put(link: Link): void {
    const before = this.#byIndex.get(link.ifindex);
    if (before !== undefined && before.name !== link.name) {
      this.#remove(link.ifindex);
      if (this.#listeners.has(before.name)) this.#renamed.set(before.name, before);
    }
    if (before?.name === link.name && isSame(before, link)) return;
    const flips =
      (before?.runningChanges ?? 0) + (before !== undefined && before.isRunning !== link.isRunning ? 1 : 0);
    const now = { ...link, runningChanges: flips };
    this.#byIndex.set(link.ifindex, now);
    this.#byName.set(link.name, now);
    this.#renamed.delete(link.name);
    this.#changed.add(link.name);
  }

  #remove(ifindex: number): void {
    const link = this.#byIndex.get(ifindex);
    if (link === undefined) return;
    this.#byIndex.delete(ifindex);
    if (this.#byName.get(link.name) === link) this.#byName.delete(link.name);
    this.#changed.add(link.name);
  }

  /** Looks at everything again: at start, and after notifications were lost. */
  #resync(): void {
    const found = new Set<number>();
    for (const link of dumpLinks()) {
      found.add(link.ifindex);
      this.#put(link);
    }
    for (const ifindex of [...this.#byIndex.keys()]) if (!found.has(ifindex)) this.#remove(ifindex);
  }
}

function isSame(a: Link, b: Link): boolean {
  return (
    a.mac === b.mac &&
    a.mtu === b.mtu &&
    a.isUp === b.isUp &&
    a.isRunning === b.isRunning &&
    a.kind === b.kind
  );
}

let shared: LinkMonitor | undefined;

/** The monitor of this process, made when first asked for. Main thread only. */
export function linkMonitor(): LinkMonitor {
  shared ??= new LinkMonitor();
  return shared;
}
