import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const manifest: { version: string; bin: Record<string, string> } = JSON.parse(
  readFileSync('package.json', 'utf8'),
);
/** Those that need no switch; test/system/library.test.ts runs the others. */
const examples = ['database-in-a-test.mjs'];

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

  it('starts a switch that its tools find, as the README has it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ovs-ts-start-'));
    const env = { ...process.env, OVS_RUNDIR: folder, OVS_DBDIR: folder, OVS_LOGDIR: folder };
    const daemon = spawn(`${process.cwd()}/bin/ovs-vswitchd`, ['--quickstart'], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(daemon, 'exit');
    const run = (...command: string[]) => {
      const [program = '', ...args] = command;
      return spawnSync(`bin/${program}`, args, { env, encoding: 'utf8' });
    };
    try {
      await once(daemon.stdout, 'data');
      expect(run('ovs-appctl', 'ofproto/list')).toMatchObject({ status: 0, stderr: '' });
      const uuid = run('ovs-vsctl', 'get', 'Open_vSwitch', '.', '_uuid').stdout.trim();
      expect(run('ovs-vsctl', 'show').stdout.split('\n')[0]).toBe(uuid);
      expect(run('ovs-appctl', 'exit')).toMatchObject({ status: 0, stderr: '' });
      expect(await ended).toEqual([0, null]);
      expect(existsSync(join(folder, 'ovs-vswitchd.pid'))).toBe(false);
    } finally {
      daemon.kill();
      await ended;
      rmSync(folder, { recursive: true });
    }
  });

  it.each(examples)('runs the example %s', (name) => {
    const { status, stderr } = spawnSync(process.execPath, [`examples/${name}`], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });
});
