/** The cores of this host and their NUMA nodes, as /sys tells them. */
import { SyscallFailed } from '../../base/errors.ts';
import { readdirSync } from '../../base/files.ts';
import type { Core } from '../../datapath/polling/cores.ts';

const nodeFolder = '/sys/devices/system/node';
const cpuFolder = '/sys/devices/system/cpu';

/** By core. Without NUMA, all are of node 0. */
export function hostCores(list: (folder: string) => readonly string[] = listFolder): Core[] {
  const nodes = numbersAfter('node', list(nodeFolder));
  const cores = (folder: string, numa: number): Core[] =>
    numbersAfter('cpu', list(folder)).map((core) => ({ core, numa }));
  const all =
    nodes.length === 0
      ? cores(cpuFolder, 0)
      : nodes.flatMap((node) => cores(`${nodeFolder}/node${node}`, node));
  return all.sort((a, b) => a.core - b.core);
}

function numbersAfter(word: string, names: readonly string[]): number[] {
  return names
    .filter((name) => name.startsWith(word) && /^\d+$/.test(name.slice(word.length)))
    .map((name) => Number(name.slice(word.length)));
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (why) {
    if (why instanceof SyscallFailed) return [];
    throw why;
  }
}
