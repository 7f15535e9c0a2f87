import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { takeLockFile } from './lock-file.ts';

const tryLock = `import fcntl,sys
f=open(sys.argv[1],"a")
try:
  fcntl.lockf(f,fcntl.LOCK_EX|fcntl.LOCK_NB); print("free")
except OSError: print("locked")`;

test('a lock file is locked for other processes until it is released, and only once by this one', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lock-file-'));
  const path = join(folder, '.conf.db.~lock~');
  const others = () => spawnSync('python3', ['-c', tryLock, path], { encoding: 'utf8' }).stdout.trim();
  try {
    const lock = takeLockFile(path);
    expect(() => takeLockFile(path)).toThrow('Resource deadlock avoided');
    symlinkSync(path, join(folder, 'other name'));
    expect(() => takeLockFile(join(folder, 'other name'))).toThrow('Resource deadlock avoided');
    expect(others()).toBe('locked');
    lock.release();
    expect(others()).toBe('free');
    expect(() => takeLockFile(join(folder, 'none', 'x'))).toThrow('No such file or directory');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
