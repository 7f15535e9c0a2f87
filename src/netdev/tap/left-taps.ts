/**
 * TAP devices that an earlier process of this switch left: attaching to them once that process is gone, and removing
 * those that nothing names any more. Used by `provider.ts` and, through `registry.ts`, when the daemon takes the
 * configuration up.
 */
import { errnos } from '../../base/errno.ts';
import { SyscallFailed } from '../../base/errors.ts';
import { logger } from '../../base/log.ts';
import type { Timers } from '../../base/timers.ts';
import { ms } from '../../base/units.ts';
import { openTap } from '../../sys/calls/device.ts';
import { dumpLinks, type Link } from '../../sys/netlink/link.ts';
import type { NetdevDeps } from '../provider.ts';
import { closeTap } from './tap-removal.ts';

const log = logger('netdev');

/** A process that was killed with thousands of devices holds them for about half a second. */
const waits = [10, 20, 50, 100, 200, 400, 800].map(ms);

/** As `openTap`, and waits a little for a process that is about to end. Throws SyscallFailed: EBUSY when it does not. */
export async function openTapWhenFree(name: string, timers: Timers): Promise<number> {
  for (const wait of waits) {
    try {
      return openTap(name);
    } catch (error) {
      if (!(error instanceof SyscallFailed) || error.errno !== errnos.EBUSY) throw error;
    }
    await new Promise<void>((done) => timers.after(wait, done));
  }
  return openTap(name);
}

/**
 * Removes what carries our mark but is not wanted, unless a process holds it; resolves when it is gone.
 * Differs: of the reference's userspace datapath, a device that was renamed, or whose port was deleted, while the daemon was
 * away stays.
 */
export async function removeLeftTaps(
  isWanted: (name: string) => boolean,
  { mark, timers }: NetdevDeps,
): Promise<void> {
  const left = dumpLinks().filter((link) => mark.isOn(link) && !isWanted(link.name));
  await Promise.all(left.map((link) => remove(link, timers)));
}

async function remove({ name, ifindex }: Link, timers: Timers): Promise<void> {
  try {
    const fd = await openTapWhenFree(name, timers);
    log.info(`${name}: removing the device, which an earlier process left and nothing names any more`);
    await closeTap({ fd, ifindex, name });
  } catch (error) {
    if (!(error instanceof SyscallFailed)) throw error;
    log.info(`${name}: leaving the device, which nothing names any more: ${error.message}`);
  }
}
