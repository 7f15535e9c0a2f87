import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readdirSync } from '../base/files.ts';
import { encodeText } from '../base/text.ts';
import { listenStreams } from './listener.ts';
import { connectStream } from './stream.ts';

let folder = '';
const cleanups: (() => void)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'listener-'));
});
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
  rmSync(folder, { recursive: true });
});

describe('a listener', () => {
  test('gives its socket the mode and removes it at the end', async () => {
    const path = `${folder}/sock`;
    const listener = await listenStreams({ kind: 'punix', path }, {}, () => {});
    expect(statSync(path).mode & 0o777).toBe(0o770 & ~process.umask());
    listener.close();
    expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
  });

  test('takes the place of a socket that a crashed program left, but not of a file', async () => {
    const path = `${folder}/sock`;
    const first = await listenStreams({ kind: 'punix', path }, {}, () => {});
    const second = await listenStreams({ kind: 'punix', path }, {}, () => {});
    first.close();
    second.close();
    writeFileSync(path, 'precious');
    await expect(listenStreams({ kind: 'punix', path }, {}, () => {})).rejects.toMatchObject({
      reason: 'Address already in use',
    });
  });

  test('reaches paths longer than a socket address', async () => {
    const path = join(folder, 'x'.repeat(120), 'sock');
    mkdirSync(join(folder, 'x'.repeat(120)));
    const listener = await listenStreams({ kind: 'punix', path }, {}, (stream) => stream.close());
    cleanups.push(() => listener.close());
    const stream = await connectStream({ kind: 'unix', path });
    await new Promise((closed) => stream.setEvents({ data() {}, closed }));
    expect(statSync(path).isSocket()).toBe(true);
    const name = join(folder, 'x'.repeat(120));
    await expect(connectStream({ kind: 'unix', path: name })).rejects.toMatchObject({
      reason: 'File name too long',
    });
  });

  test('reaches paths that are not UTF-8', async () => {
    const path = `${folder}/é\udce9/\udcff.sock`;
    mkdirSync(encodeText(dirname(path)));
    await expect(connectStream({ kind: 'unix', path })).rejects.toMatchObject({
      reason: 'No such file or directory',
    });
    const listener = await listenStreams({ kind: 'punix', path }, {}, (stream) => stream.close());
    cleanups.push(() => listener.close());
    expect(readdirSync(dirname(path))).toEqual(['\udcff.sock']);
    const stream = await connectStream({ kind: 'unix', path });
    await new Promise((closed) => stream.setEvents({ data() {}, closed }));
    listener.close();
    expect(readdirSync(dirname(path))).toEqual([]);
  });

  test('rejects when the folder is missing', async () => {
    await expect(
      listenStreams({ kind: 'punix', path: `${folder}/no/sock` }, {}, () => {}),
    ).rejects.toMatchObject({
      reason: 'No such file or directory',
    });
  });

  test('rejects when the port is taken', async () => {
    const first = await listenStreams({ kind: 'ptcp', host: '127.0.0.1', port: 0 }, {}, () => {});
    cleanups.push(() => first.close());
    await expect(listenStreams(first.remote, {}, () => {})).rejects.toMatchObject({
      reason: 'Address already in use',
    });
  });
});
