import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { logRegistry } from '../base/log.ts';
import { expectReadOrMalformed } from '../base/malformed-fixture.ts';
import { checkNotRunning, findLockOwner, makePidfile, pidfileOwner, readPidText } from './pidfile.ts';
import { Fatal } from './program.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pid-'));
  logRegistry.setLevel('off', 'console');
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('a pidfile', () => {
  test('belongs to the process that made it, until it is removed', () => {
    const path = join(folder, 'x.pid');
    checkNotRunning(path);
    const remove = makePidfile(path);
    expect(pidfileOwner(path)).toBe(process.pid);
    expect(() => checkNotRunning(path)).toThrow(
      new Fatal(`${path}: already running as pid ${process.pid}, aborting`),
    );
    const other = spawnSync('python3', [
      '-c',
      'import fcntl,sys\nfcntl.lockf(open(sys.argv[1],"r+"),fcntl.LOCK_EX|fcntl.LOCK_NB)',
      path,
    ]);
    expect(other.status).toBe(1);
    expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`);
    remove();
    remove();
    expect(existsSync(path)).toBe(false);
  });

  test('that nobody has locked is stale', () => {
    const path = join(folder, 'x.pid');
    writeFileSync(path, '1\n');
    expect(() => pidfileOwner(path)).toThrow('No such process');
    expect(() => checkNotRunning(path)).not.toThrow();
  });

  test('that is missing is a system error', () => {
    expect(() => pidfileOwner(join(folder, 'none'))).toThrow('No such file or directory');
    expect(() => makePidfile(join(folder, 'none', 'x.pid'))).toThrow(
      'create failed (No such file or directory)',
    );
  });
});

test('the owner of a lock is found by the inode', () => {
  const locks = [
    '1: POSIX  ADVISORY  WRITE 4346 fe:00:2154899 0 EOF',
    '2: FLOCK  ADVISORY  WRITE 99 fe:00:77 0 EOF',
    '3: POSIX  ADVISORY  READ 98 fe:00:77 0 EOF',
    '3: -> POSIX  ADVISORY  WRITE 97 fe:00:77 0 EOF',
    '4: POSIX  ADVISORY  WRITE 12 fe:00:77 0 EOF',
  ].join('\n');
  expect(findLockOwner(locks, 2154899)).toBe(4346);
  expect(findLockOwner(locks, 77)).toBe(12);
  expect(findLockOwner(locks, 5)).toBeUndefined();
  expect(statSync(folder).ino).toBeGreaterThan(0);
});

test('random texts hold a process id or are malformed', () => {
  expect(readPidText(' 12\n')).toBe(12);
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.integer().map(String)), (text) => {
      expectReadOrMalformed(() => {
        expect(readPidText(text)).toBeGreaterThan(0);
      });
    }),
  );
  fc.assert(fc.property(fc.string(), fc.nat(), (text, inode) => findLockOwner(text, inode) === undefined));
});
