/** What benches need of the machine: each of these says what is missing, or undefined. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { unshareNetwork } from '../../src/sys/calls/namespace.ts';
import { run } from './hosts.ts';

export function missingProgram(program: string, from = program): string | undefined {
  return spawnSync('which', [program]).status === 0 ? undefined : `needs ${from}`;
}

export function missingReference(): string | undefined {
  return missingProgram('ovs-vswitchd', 'openvswitch-switch');
}

/** For switches of the kernel's devices, ours and the reference's. */
export function missingForDevices(): string | undefined {
  const isRoot = /^Uid:\s+0\s/m.test(readFileSync('/proc/self/status', 'utf8'));
  return isRoot ? missingReference() : 'needs root, for devices and namespaces';
}

/** From here on the process sees no devices but its own, and addresses of a switch are nobody else's business. */
export function enterOwnNetwork(): void {
  unshareNetwork();
  run('ip link set lo up');
}
