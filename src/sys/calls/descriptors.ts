/**
 * The descriptors of this process: how many it may have open, and who may still have one when they become few. Log
 * files, compaction and connections of our own go without asking; what may come in any number leaves some for them.
 */

import { errnos } from '../../base/errno.ts';
import { SyscallFailed } from '../../base/errors.ts';
import { closeEventFd, openEventFd } from './eventfd.ts';
import { failed, libcFunction } from './libc.ts';

const getrlimit = libcFunction('int getrlimit(int, void *)');
const RLIMIT_NOFILE = 7;

/** Who asks: a client's connection, a port, or the administrator's connection, which has the last ones. */
export type DescriptorUse = 'client' | 'port' | 'control';

/** What each leaves to the others: this part of the limit, but no more than that many. */
const reserves: Readonly<Record<DescriptorUse, { readonly part: number; readonly most: number }>> = {
  client: { part: 1 / 8, most: 32 },
  port: { part: 1 / 16, most: 16 },
  control: { part: 1 / 32, most: 8 },
};

export interface Descriptors {
  /** How many may be open now. */
  limit(): number;
  /** How many are, as far as is known: `limit` when no other can be had, Infinity when no process of the host can. */
  used(): number;
}

export const ownDescriptors: Descriptors = {
  limit() {
    const limits = new BigUint64Array(2); // struct rlimit: the one that counts, and how far it may be raised
    if (getrlimit(RLIMIT_NOFILE, limits) < 0) throw failed('getrlimit', 'the limit of open files');
    return Number(limits[0]);
  },
  used() {
    try {
      const lowestFree = openEventFd(); // so all below are in use
      closeEventFd(lowestFree);
      return lowestFree;
    } catch (error) {
      if (!(error instanceof SyscallFailed)) throw error;
      return error.errno === errnos.ENFILE ? Number.POSITIVE_INFINITY : ownDescriptors.limit();
    }
  },
};

const remedy = 'close some, or raise the limit: prlimit --nofile now, LimitNOFILE= of the service for good';

/** How many more may be opened for that; none when it is not above 0. */
export function spareDescriptors(use: DescriptorUse, descriptors = ownDescriptors): number {
  const limit = descriptors.limit();
  const { part, most } = reserves[use];
  return limit - Math.floor(Math.min(limit * part, most)) - descriptors.used();
}

/** Undefined when another one may be opened for that, otherwise what stands against it and what helps. */
export function descriptorShortage(use: DescriptorUse, descriptors = ownDescriptors): string | undefined {
  if (spareDescriptors(use, descriptors) > 0) return undefined;
  const [used, limit] = [descriptors.used(), descriptors.limit()];
  if (used === Number.POSITIVE_INFINITY)
    return 'this host has as many files open as it may; close some, or raise the limit: sysctl fs.file-max';
  return `${used} of the ${limit} files that this process may have open are in use; ${remedy}`;
}

/** Did the process, or the whole host, have too many files open? */
export function isDescriptorLimit(error: unknown): boolean {
  return error instanceof SyscallFailed && (error.errno === errnos.EMFILE || error.errno === errnos.ENFILE);
}
