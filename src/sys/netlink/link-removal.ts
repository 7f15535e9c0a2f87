/**
 * Removes many devices at the price of one: the kernel removes a group of devices in one go (rtnetlink(7); IFLA_GROUP
 * of linux/if_link.h), without blocking the calling thread. Used for devices that the process itself made.
 */
import { SyscallFailed } from '../../base/errors.ts';
import { logger } from '../../base/log.ts';
import { dumpLinks, removeLinkGroup, setLink } from './link.ts';

const log = logger('netlink');

/** "ovs-": nobody numbers a group like this by hand. */
const doomedGroup = 0x6f76732d;

/** Resolves when as many as could be are gone: a failure is only logged, since it costs no more than time. */
export async function removeLinks(indexes: readonly number[]): Promise<void> {
  try {
    const tried = 'cannot remove network devices';
    for (const ifindex of indexes) setLink(ifindex, { group: doomedGroup }, tried);
    const own = new Set(indexes);
    const isShared = dumpLinks().some(({ group, ifindex }) => group === doomedGroup && !own.has(ifindex));
    if (isShared) log.warn(`${tried} together: others have their group`);
    else await removeLinkGroup(doomedGroup, tried);
  } catch (error) {
    if (!(error instanceof SyscallFailed)) throw error;
    log.dbg(() => `cannot remove ${indexes.length} devices together: ${error.message}`);
  }
}
