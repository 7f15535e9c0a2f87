/** Why something could not be made, as the log and the database tell it. */
import { type Refused, SyscallFailed } from '../../base/errors.ts';
import { isDescriptorLimit } from '../../sys/calls/descriptors.ts';
import type { LiveState } from './live.ts';

export function failureText(why: Refused | SyscallFailed): string {
  return why instanceof SyscallFailed ? why.reason : why.message;
}

/** Where too many files were open, it may be made later. */
export function noteShortage(state: LiveState, why: unknown): void {
  if (isDescriptorLimit(why)) state.lacksDescriptors = true;
}
