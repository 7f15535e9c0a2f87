/** A TAP port without a device. Opened by `../registry.ts`. */

import type { WarmUpPort } from '../provider.ts';
import { WarmUpKernel, warmUpPort } from '../warm-up-kernel.ts';
import { TapPort } from './tap-port.ts';

/** Throws SyscallFailed. */
export function openWarmUpTapPort(): WarmUpPort {
  const kernel = new WarmUpKernel();
  return warmUpPort(kernel, new TapPort(kernel.fd));
}
