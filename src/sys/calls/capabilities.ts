/**
 * Linux capabilities of this thread, and of those it starts later: what a daemon that gives up root keeps.
 * capabilities(7).
 */
import { checked, libcFunction } from './libc.ts';

/** Numbers of linux/capability.h. */
export const capabilities = {
  netBroadcast: 11,
  netAdmin: 12,
  netRaw: 13,
  ipcLock: 14,
  perfmon: 38,
  bpf: 39,
} as const;

const PR_SET_KEEPCAPS = 8;
const VERSION_3 = 0x20080522;

const prctl = libcFunction('int prctl(int option, ulong a, ulong b, ulong c, ulong d)');
const capset = libcFunction('int capset(void *header, void *data)');

/** The next change of user leaves the permitted capabilities. Throws SyscallFailed. */
export function keepCapabilities(): void {
  checked(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), 'prctl', 'keep capabilities');
}

/** Has these and no others from now on. Throws SyscallFailed, also when one of them is not permitted. */
export function setCapabilities(wanted: readonly number[]): void {
  const header = Buffer.alloc(8); // version, and pid 0: this thread
  header.writeUInt32LE(VERSION_3, 0);
  const data = Buffer.alloc(24); // twice: effective, permitted, inheritable; low word first
  for (const capability of wanted) {
    const word = 12 * (capability >> 5);
    const bit = 2 ** (capability & 31);
    for (const at of [word, word + 4]) data.writeUInt32LE(data.readUInt32LE(at) + bit, at);
  }
  checked(capset(header, data), 'capset', 'set capabilities');
}
