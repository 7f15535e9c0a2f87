/** A TAP port without a device. Opened by `../registry.ts`. */
import { PracticeKernel, practicePort } from '../practice-kernel.ts';
import type { PracticePort } from '../provider.ts';
import { TapPort } from './tap-port.ts';

/** Throws SyscallFailed. */
export function openPracticeTapPort(): PracticePort {
  const kernel = new PracticeKernel();
  return practicePort(kernel, new TapPort(kernel.fd));
}
