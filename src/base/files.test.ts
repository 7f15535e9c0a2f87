import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readTextOrEmpty,
  readTextSync,
  renameSync,
  rmSync,
  writeFileSync,
} from './files.ts';

test('a path names the same file whatever its bytes are', () => {
  const folder = `${mkdtempSync(join(tmpdir(), 'ovs-files-'))}/\udce9`;
  mkdirSync(folder);
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
