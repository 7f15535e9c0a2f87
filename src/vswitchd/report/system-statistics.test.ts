import { describe, expect, test } from 'vitest';
import {
  loadAverage,
  localMounts,
  memoryUse,
  processUse,
  readSystemStatistics,
} from './system-statistics.ts';

describe('statistics of the host', () => {
  test('the load is three numbers', () => {
    expect(loadAverage('0.52 0.58 0.59 1/467 30086\n')).toBe('0.52,0.58,0.59');
  });

  test('memory is counted in kilobytes', () => {
    const meminfo = `MemTotal: 1000 kB\nMemFree: 300 kB\nBuffers: 50 kB\nCached: 150 kB\nSwapTotal: 40 kB\nSwapFree: 30 kB\n`;
    expect(memoryUse(meminfo)).toBe('1000,700,200,40,10');
  });

  test('a process whose name holds spaces and parentheses is read after the last one', () => {
    const fields = Array.from({ length: 30 }, (_, n) => n);
    const stat = `7 (a ) b) S ${fields.slice(1).join(' ')}`;
    expect(processUse(stat, 10)).toBe(`${Math.round(20 / 1024)},84,230,0,9810,9810`);
    expect(processUse('', 10)).toBeUndefined();
  });

  test('only local writable file systems count', () => {
    const mounts =
      '/dev/a / ext4 rw,noatime 0 0\n/dev/b /b ext4 ro 0 0\nproc /proc proc rw 0 0\n/dev/c /x\\040y xfs rw 0 0\n';
    expect(localMounts(mounts)).toEqual([
      { device: '/dev/a', folder: '/' },
      { device: '/dev/c', folder: '/x y' },
    ]);
  });

  test('this host has them', () => {
    const statistics = readSystemStatistics('/nowhere');
    expect(Number(statistics.get('cpu'))).toBeGreaterThan(0);
    expect(statistics.get('memory')).toMatch(/^\d+(,\d+){4}$/);
  });
});
