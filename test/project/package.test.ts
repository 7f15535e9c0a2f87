import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const manifest: { version: string; bin: Record<string, string> } = JSON.parse(
  readFileSync('package.json', 'utf8'),
);
const examples = readdirSync('examples').filter((name) => name.endsWith('.mjs'));

describe('the package', () => {
  it('has a bin entry for every launcher', () => {
    expect(Object.keys(manifest.bin).sort()).toEqual(readdirSync('bin').sort());
  });

  it.each(Object.entries(manifest.bin))('starts %s from any folder', (name, path) => {
    const { status, stdout, stderr } = spawnSync(`${process.cwd()}/${path}`, ['--version'], {
      cwd: '/',
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(stdout).toContain(name);
    expect(status).toBe(0);
  });

  it.each(examples)('runs the example %s', (name) => {
    const { status, stderr } = spawnSync(process.execPath, [`examples/${name}`], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });
});
