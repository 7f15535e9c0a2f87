import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ownDevices } from './own-devices.ts';

const folder = mkdtempSync(join(tmpdir(), 'own-devices-'));
const [real, link] = [join(folder, 'run'), join(folder, 'link')];
mkdirSync(real);
symlinkSync(real, link);
afterAll(() => rmSync(folder, { recursive: true }));

const markOf = (rundir: string, ...remotes: string[]) => ownDevices(rundir, remotes).nameFor(1);

describe('the devices of a switch are its own', () => {
  test('by whatever path it is told its folder and the socket of its database', () => {
    const usual = markOf(real, `unix:${real}/db.sock`);
    expect(markOf(link, `unix:${real}/db.sock`)).toBe(usual);
    expect(markOf(real, `unix:${link}/db.sock`)).toBe(usual);
    expect(markOf(real, 'unix:db.sock')).toBe(usual);
    expect(markOf(folder, `unix:${real}/db.sock`)).not.toBe(usual);
    expect(markOf(real, `unix:${real}/other.sock`)).not.toBe(usual);
  });

  test('in whatever order it is told the servers of a cluster', () => {
    expect(markOf(real, 'tcp:10.0.0.1', 'tcp:10.0.0.2')).toBe(
      markOf(real, 'tcp:10.0.0.2:6640', 'tcp:10.0.0.1'),
    );
  });

  test('even when the folder is not there yet, or a remote makes no sense', () => {
    expect(markOf(`${folder}/later`, 'nonsense')).toBe(markOf(`${folder}/later`, 'nonsense'));
  });
});
