/**
 * Counters of kernel devices, read together: whoever asks within one turn of the event loop shares one walk through
 * the kernel's devices, so that thousands of ports cost a few system calls.
 */
import { SyscallFailed } from '../base/errors.ts';
import { type LinkCounters, readLinkStats } from '../sys/netlink/link.ts';

/** From this many askers on, all devices are read at once. */
const dumpThreshold = 8;

let asked: Map<number, ((counters: LinkCounters | undefined) => void)[]> | undefined;

/** undefined when the device is gone. */
export function readCounters(ifindex: number): Promise<LinkCounters | undefined> {
  return new Promise((resolve) => {
    if (asked === undefined) {
      asked = new Map();
      queueMicrotask(() => queueMicrotask(answer)); // after the askers of this turn, whatever they awaited before
    }
    const those = asked.get(ifindex);
    if (those === undefined) asked.set(ifindex, [resolve]);
    else those.push(resolve);
  });
}

function answer(): void {
  const waiting = asked ?? new Map();
  asked = undefined;
  const found = new Map<number, LinkCounters>();
  const take = (ifindex: number, counters: LinkCounters) => void found.set(ifindex, counters);
  if (waiting.size >= dumpThreshold) tryRead(take, undefined);
  else for (const ifindex of waiting.keys()) tryRead(take, ifindex);
  for (const [ifindex, resolves] of waiting) for (const resolve of resolves) resolve(found.get(ifindex));
}

function tryRead(take: (ifindex: number, counters: LinkCounters) => void, ifindex: number | undefined): void {
  try {
    readLinkStats(take, ifindex);
  } catch (error) {
    if (!(error instanceof SyscallFailed)) throw error; // gone meanwhile: the asker gets nothing
  }
}
