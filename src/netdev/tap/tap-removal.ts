/**
 * Takes TAP devices down, many at a time: the kernel waits some twenty milliseconds for its readers before a device
 * is gone, once for all devices that one request removes. What is to be closed while a removal is under way goes
 * together in the next. Used by `provider.ts` and `left-taps.ts`.
 */
import { endPersistence } from '../../sys/calls/device.ts';
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

/** Resolves when the device is gone; should the process end before that, it goes with it. */
export function closeTap(tap: OpenTap): Promise<void> {
  endPersistence(tap.fd);
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
    const own = batch.filter(({ tap }) => isThere(tap)).map(({ tap }) => tap.ifindex);
    if (own.length > 1) await removeLinks(own);
    await Promise.all(batch.map(({ tap }) => closeInBackground(tap.fd)));
    for (const { done } of batch) done();
  }
  isRemoving = false;
}

/** False for one that somebody has deleted, renamed or moved away: that goes with its descriptor alone. */
function isThere({ ifindex, name }: OpenTap): boolean {
  return linkMonitor().byName(name)?.ifindex === ifindex;
}
