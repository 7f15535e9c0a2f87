import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makePidfile, pidfileOwner } from '../../daemon/pidfile.ts';
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
    const fields = Array.from({ length: 40 }, (_, n) => n);
    const stat = `7 (a ) b) S ${fields.slice(1).join(' ')}`;
    expect(processUse(stat, 10)).toBe('0,84,230,0,9810,9810,36');
    expect(processUse('', 10)).toBeUndefined();
  });

  test('only local writable file systems count', () => {
    const mounts =
      '/dev/a / ext4 rw,noatime 0 0\n/dev/b /b ext4 ro 0 0\nproc /proc proc rw 0 0\n/dev/c /x\\040y xfs rw 0 0\n';
    expect(localMounts(mounts)).toEqual(['/', '/x y']);
  });

  test('this host has them', () => {
    const statistics = readSystemStatistics('/nowhere');
    expect(Number(statistics.get('cpu'))).toBeGreaterThan(0);
    expect(statistics.get('memory')).toMatch(/^\d+(,\d+){4}$/);
  });

  test('they tell of processes with pidfiles, without giving the lock of our own away', () => {
    const rundir = mkdtempSync(join(tmpdir(), 'system-statistics-'));
    try {
      const removePidfile = makePidfile(join(rundir, 'ours.pid'));
      writeFileSync(join(rundir, 'stale.pid'), `${process.ppid}\n`);
      const statistics = readSystemStatistics(rundir);
      expect(statistics.get('process_ours')).toMatch(/^\d+,\d+,\d+,0,\d+,\d+,\d+$/);
      expect(statistics.get('process_stale')).toBeUndefined();
      expect(pidfileOwner(join(rundir, 'ours.pid'))).toBe(process.pid);
      removePidfile();
    } finally {
      rmSync(rundir, { recursive: true });
    }
  });
});
