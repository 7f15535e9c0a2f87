/** Network namespaces of the calling thread (tests, the demonstration). Threads and children made later are in it too. */
import { checked, libcFunction } from './libc.ts';

const nativeUnshare = libcFunction('int unshare(int)');

const CLONE_NEWNET = 0x40000000;

/** Puts the thread into a new network namespace of its own, which goes with the process. Throws SyscallFailed. */
export function unshareNetwork(): void {
  checked(nativeUnshare(CLONE_NEWNET), 'unshare', 'cannot make a network namespace');
}
