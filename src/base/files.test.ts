import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  copyFileSync,
  existsSync,
  makeFolders,
  readdirSync,
  readTextOrEmpty,
  readTextSync,
  renameSync,
  rmSync,
  writeFileSync,
} from './files.ts';

test('a path names the same file whatever its bytes are', () => {
  const folder = `${mkdtempSync(join(tmpdir(), 'ovs-files-'))}/\udce9`;
  makeFolders(folder);
  writeFileSync(`${folder}/é\udcff`, Buffer.of(0x61, 0xe9));
  expect(readTextSync(`${folder}/é\udcff`)).toBe('a\udce9');
  expect(readdirSync(folder)).toEqual(['é\udcff']);
  copyFileSync(`${folder}/é\udcff`, `${folder}/\udc80`);
  renameSync(`${folder}/é\udcff`, `${folder}/\udc81`);
  expect(readdirSync(folder).sort()).toEqual(['\udc80', '\udc81']);
  expect([readTextOrEmpty(`${folder}/\ufffd`), readTextOrEmpty(`${folder}/\udc81`)]).toEqual(['', 'a\udce9']);
  rmSync(folder, { recursive: true });
  expect(existsSync(folder)).toBe(false);
  rmSync(join(folder, '..'), { recursive: true });
});

test('folders are made with those above them, and one that cannot be made says why', () => {
  const above = mkdtempSync(join(tmpdir(), 'ovs-files-'));
  makeFolders(join(above, 'a/b'));
  makeFolders(join(above, 'a/b'));
  expect(readdirSync(join(above, 'a'))).toEqual(['b']);
  writeFileSync(join(above, 'file'), '');
  expect(() => makeFolders(join(above, 'file'))).toThrow('EEXIST');
  expect(() => makeFolders(join(above, 'file/c'))).toThrow('EEXIST');
  expect(() => makeFolders('/proc/none/c')).toThrow('ENOENT');
  rmSync(above, { recursive: true });
});
