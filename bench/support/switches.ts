/** The switches that are compared: each stands between two hosts in some topology and is taken away again. */
import { spawnSync } from 'node:child_process';
import { startDaemons } from './daemons.ts';
import { type Endpoint, type Host, run } from './hosts.ts';
import { reference } from './reference.ts';
import type { Names, Topology } from './topologies.ts';

export type Kind = 'ours' | 'reference' | 'linux';

export interface Switch {
  /** To whom the first host talks. */
  readonly far: Endpoint;
  readonly remove: () => Promise<void>;
}

/** Ours and the reference on their userspace datapaths, or the kernel's own bridge. */
export async function openSwitch(
  kind: Kind,
  topology: Topology,
  hosts: readonly [Host, Host],
): Promise<Switch> {
  const names = namesFor(hosts);
  const { left, toRight, toLeft } = names;
  const undo: (() => void | Promise<void>)[] = [];
  const remove = async (): Promise<void> => {
    for (const step of undo.reverse()) await step();
  };
  try {
    if (topology.hasTrunk === true) {
      run(`ip link add ${toRight} up type veth peer name ${toLeft}`);
      undo.push(() => void run(`ip link del ${toRight}`));
      run(`ip link set ${toLeft} up`);
    }
    if (kind === 'linux') makeKernelBridges(topology, names, undo);
    else await startOpenVswitch(kind, topology, names, undo);
    if (topology.isOwnAddress !== true) return { far: hosts[1], remove };
    run(`ip addr add ${ownAddress}/24 dev ${left}`);
    run(`ip link set ${left} up`);
    if (kind === 'reference' && !reference.isOurs) run(`ethtool -K ${left} tx off`); // as for its hosts: see setOffloads
    return { far: { address: ownAddress }, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

const ownAddress = '10.0.0.9';

function namesFor(hosts: readonly [Host, Host]): Names {
  const [{ outer: a }, { outer: b }] = hosts;
  return { a, b, left: `${a}l`, right: `${a}r`, toRight: `${a}x`, toLeft: `${a}y` };
}

export function hasKernelBridge({ linux, needsKernelVlans }: Topology): boolean {
  if (linux === undefined) return false;
  if (needsKernelVlans !== true) return true;
  const probe = spawnSync('ip', ['link', 'add', 'probe', 'type', 'bridge', 'vlan_filtering', '1']);
  if (probe.status === 0) run('ip link del probe');
  return probe.status === 0;
}

function makeKernelBridges(topology: Topology, names: Names, undo: (() => void)[]): void {
  for (const bridge of [names.left, names.right])
    undo.push(() => void spawnSync('ip', ['link', 'del', bridge])); // there may be no right one
  for (const line of topology.linux?.(names) ?? []) run(line);
}

async function startOpenVswitch(
  which: 'ours' | 'reference',
  topology: Topology,
  names: Names,
  undo: (() => void | Promise<void>)[],
): Promise<void> {
  const daemons = await startDaemons(which);
  undo.push(() => daemons.stop());
  const call = (line: string): string => daemons.call('ovs-vsctl', ...line.split(' '));
  for (const bridge of [names.left, names.right]) undo.push(() => void call(`--if-exists del-br ${bridge}`));
  for (const line of topology.openVswitch(names)) {
    const [command, bridge] = line.split(' ');
    call(command === 'add-br' ? `${line} -- set bridge ${bridge} datapath_type=netdev` : line);
  }
}
