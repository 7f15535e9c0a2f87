import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SyscallFailed } from '../../base/errors.ts';
import { lockFile, lockOwner } from './file-lock.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lock-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a file has no owner until another process locks it, and then refuses us', async () => {
  const file = join(folder, 'pid');
  const fd = openSync(file, 'w');
  expect(lockOwner(fd, file)).toBeUndefined();
  const script =
    'import fcntl,sys\nf=open(sys.argv[1],"w")\nfcntl.lockf(f,fcntl.LOCK_EX)\nprint("locked",flush=True)\nsys.stdin.read()';
  const other = spawn('python3', ['-c', script, file]);
  await new Promise((locked) => other.stdout.once('data', locked));
  expect(lockOwner(fd, file)).toBe(other.pid);
  expect(lockFile(fd, file)).toBe(false);
  other.stdin.end();
  await new Promise((ended) => other.once('close', ended));
  expect(lockFile(fd, file)).toBe(true);
  closeSync(fd);
});

test('a closed descriptor is a system error', () => {
  expect(() => lockFile(-1, 'nothing')).toThrow(SyscallFailed);
  expect(() => lockOwner(-1, 'nothing')).toThrow('nothing: fcntl failed (Bad file descriptor)');
});
