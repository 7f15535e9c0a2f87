/**
 * Takes TAP devices down, many at a time: the kernel waits some twenty milliseconds for its readers before a device
 * is gone, once for all devices that one request removes. What is to be closed while a removal is under way goes
 * together in the next. Used by `provider.ts`.
 */
import { isPersistentTap } from '../../sys/calls/device.ts';
import { closeInBackground } from '../../sys/calls/fd.ts';
import { removeLinks } from '../../sys/netlink/link-removal.ts';
import { linkMonitor } from '../../sys/netlink/monitor.ts';

export interface OpenTap {
  readonly fd: number;
  readonly ifindex: number;
  readonly name: string;
}

let waiting: { tap: OpenTap; done: () => void }[] = [];
let isRemoving = false;

/** Resolves when the device is gone; one that somebody made persistent stays. */
export function closeTap(tap: OpenTap): Promise<void> {
  return new Promise((done) => {
    waiting.push({ tap, done });
    if (isRemoving) return;
    isRemoving = true;
    queueMicrotask(() => void removeWaiting());
  });
}

async function removeWaiting(): Promise<void> {
  while (waiting.length > 0) {
    const batch = waiting;
    waiting = [];
    const own = batch.filter(({ tap }) => isOurs(tap)).map(({ tap }) => tap.ifindex);
    if (own.length > 1) await removeLinks(own);
    await Promise.all(batch.map(({ tap }) => closeInBackground(tap.fd)));
    for (const { done } of batch) done();
  }
  isRemoving = false;
}

/** It is still where we made it, and would go with its descriptor. */
function isOurs({ fd, ifindex, name }: OpenTap): boolean {
  return linkMonitor().byName(name)?.ifindex === ifindex && !isPersistentTap(fd);
}
