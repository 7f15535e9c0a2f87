/** memfd_create(2): a file in memory, without a name in any folder, that is gone with the last process that holds it. */
import { checked, libcFunction } from './libc.ts';

const nativeMemfdCreate = libcFunction('int memfd_create(const char *, unsigned int)');

const MFD_CLOEXEC = 1;

/** Its descriptor; a child process has it only when it is handed over. Throws SyscallFailed. */
export function openMemoryFile(tried: string): number {
  return checked(nativeMemfdCreate('ovs', MFD_CLOEXEC), 'memfd_create', tried);
}
