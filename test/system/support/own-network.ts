/**
 * Where it may, a process that imports this has a network of its own, and so has all that it starts. Other tests change
 * routes of the machine, and with each change the real daemon looks at all its flows anew, which shows in what it exports.
 */
import { execFileSync } from 'node:child_process';
import { SyscallFailed } from '../../../src/base/errors.ts';
import { unshareNetwork } from '../../../src/sys/calls/namespace.ts';

try {
  unshareNetwork();
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
} catch (error) {
  if (!(error instanceof SyscallFailed)) throw error; // it may not: it goes on in the machine's
}
