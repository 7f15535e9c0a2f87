import { describe, expect, test } from 'vitest';
import { hostCores } from './host-cores.ts';

describe('the cores of a host', () => {
  test('are told by NUMA node', () => {
    const folders = new Map([
      ['/sys/devices/system/node', ['has_cpu', 'node0', 'node1', 'online']],
      ['/sys/devices/system/node/node0', ['cpu0', 'cpu10', 'cpulist', 'meminfo']],
      ['/sys/devices/system/node/node1', ['cpu1', 'cpumap']],
    ]);
    expect(hostCores((folder) => folders.get(folder) ?? [])).toEqual([
      { core: 0, numa: 0 },
      { core: 1, numa: 1 },
      { core: 10, numa: 0 },
    ]);
  });

  test('are all of node 0 where the kernel knows no nodes', () => {
    const list = (folder: string) =>
      folder === '/sys/devices/system/cpu' ? ['cpu0', 'cpu1', 'cpufreq'] : [];
    expect(hostCores(list)).toEqual([
      { core: 0, numa: 0 },
      { core: 1, numa: 0 },
    ]);
  });
});
