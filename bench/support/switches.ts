/** The switches that are compared: each joins the outer ends of two hosts and is taken away again. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { startDaemons } from './daemons.ts';
import { type Host, run } from './hosts.ts';

export interface Switch {
  readonly remove: () => Promise<void>;
}

export function linuxBridge(hosts: readonly [Host, Host]): Switch {
  const name = `${hosts[0].outer}br`;
  run(`ip link add ${name} type bridge`);
  for (const { outer } of hosts) run(`ip link set ${outer} master ${name}`);
  run(`ip link set ${name} up`);
  return {
    async remove() {
      run(`ip link del ${name}`);
    },
  };
}

/** A bridge of a whole switch, ours or the installed reference, on its userspace datapath. */
export async function openVswitch(
  which: 'ours' | 'reference',
  hosts: readonly [Host, Host],
): Promise<Switch> {
  const daemons = await startDaemons(which);
  const bridge = `${hosts[0].outer}o`;
  const ports = hosts.flatMap(({ outer }) => ['--', 'add-port', bridge, outer]);
  const type = ['--', 'set', 'bridge', bridge, 'datapath_type=netdev'];
  try {
    daemons.call('ovs-vsctl', 'add-br', bridge, ...type, ...ports);
  } catch (error) {
    await daemons.stop();
    throw error;
  }
  return {
    async remove() {
      daemons.call('ovs-vsctl', 'del-br', bridge);
      await daemons.stop();
    },
  };
}

export function isInstalled(program: string): boolean {
  return spawnSync('which', [program]).status === 0;
}

export function isRoot(): boolean {
  return /^Uid:\s+0\s/m.test(readFileSync('/proc/self/status', 'utf8'));
}
