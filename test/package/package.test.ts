import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const manifest: { version: string; bin: Record<string, string> } = JSON.parse(
  readFileSync('package.json', 'utf8'),
);
/** Those that need no switch; test/system/library.test.ts runs the others. */
const examples: readonly (readonly [name: string, printed: RegExp])[] = [
  ['database-in-a-test.mjs', /^a \[ 22, 80 \] undefined\n$/],
  ['flow-table-in-a-test.mjs', /^0 packets: priority 10, .*\n1 packets: priority 0, all others -> drop\n$/s],
  ['why-dropped.mjs', /\n {2}dropped by table 1, priority 10, tcp,tp_dst=22: drop\n.*: vlanNotAdmitted\n$/s],
  ['network-in-a-test.mjs', /^\d+ of 50 answers came; [\d.]+ seconds have passed\n$/],
];

/** What the README has to type under a heading. */
function readmeBlocks(heading: string): string[] {
  const [, section = ''] = readFileSync('README.md', 'utf8').split(`\n## ${heading}\n`);
  return [...(section.split('\n## ')[0] ?? '').matchAll(/```sh\n(.*?)```/gs)].map(([, block]) => block ?? '');
}

/** Somebody without rights, if this is root and others may read the project. */
function ordinaryUser(): { uid?: number; gid?: number } {
  const nobody = { uid: 65534, gid: 65534 };
  if (process.getuid?.() !== 0) return {};
  return spawnSync('test', ['-r', `${process.cwd()}/dist/ovs-vsctl.cjs`], nobody).status === 0 ? nobody : {};
}

describe('the package', () => {
  it('has a bin entry for every launcher', () => {
    const launchers = readdirSync('bin').filter((file) => !file.includes('.'));
    expect(Object.keys(manifest.bin).sort()).toEqual(launchers.sort());
  });

  it.each(Object.entries(manifest.bin))('%s of a clone that is not built says what to do', (name, path) => {
    const folder = mkdtempSync(join(tmpdir(), 'ovs-ts-clone-'));
    try {
      for (const part of ['bin', 'package.json', 'package-lock.json'])
        cpSync(part, join(folder, part), { recursive: true });
      const args = name === 'ovs-ts' ? ['ovs-vsctl', 'show'] : ['--version'];
      const { status, stderr } = spawnSync(join(folder, path), args, { encoding: 'utf8' });
      expect(stderr).toMatch(
        /^ovs[a-z-]+: Cannot find module .*: not built yet\? Run in .*: npm ci && npm run build\n$/,
      );
      expect(stderr).toContain(folder);
      expect(status).toBe(1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.each(Object.entries(manifest.bin))('starts %s from any folder', (name, path) => {
    const { status, stdout, stderr } = spawnSync(`${process.cwd()}/${path}`, ['--version'], {
      cwd: '/',
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    if (name !== 'ovs-ts') expect(stdout).toMatch(new RegExp(`^${name} \\(Open vSwitch\\) 3\\.1\\.0\n`));
    expect(stdout).toMatch(new RegExp(`^ovs-ts ${manifest.version}\n$`, 'm'));
    expect(status).toBe(0);
  });

  it('starts a switch and does what the README says of a first bridge, as an ordinary user where it can become one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ovs-ts-start-'));
    const asUser = ordinaryUser();
    if (asUser.uid !== undefined) chownSync(folder, asUser.uid, asUser.uid);
    const OVS_RUNDIR = folder;
    const PATH = `${process.cwd()}/bin:${process.env.PATH}`;
    const env = { ...process.env, OVS_RUNDIR, OVS_DBDIR: folder, OVS_LOGDIR: folder, PATH };
    const [start = '', lines = ''] = readmeBlocks('A first bridge');
    // `npm start` but for the preparation, which has been done.
    const daemon = spawn('sh', ['-c', start.replace('npm start --', 'exec ovs-vswitchd --quickstart')], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
      ...asUser,
    });
    const ended = once(daemon, 'exit');
    const run = (line: string) => {
      const { status, stdout, stderr } = spawnSync('sh', ['-ec', line], { env, encoding: 'utf8', ...asUser });
      return { status, stdout, stderr };
    };
    try {
      let said = '';
      daemon.stdout.on('data', (text) => (said += text));
      await once(daemon.stdout, 'data');
      expect(said).toContain(`\n  export OVS_RUNDIR=${folder}\n`);
      expect(run(lines)).toEqual({
        status: 0,
        stderr: '',
        stdout: expect.stringMatching(
          /Bridge br0\n.*\n {4}1 {4}10 {2}02:00:00:00:00:01 .*in_port\(p1\).*actions:.*\bp2\n.* priority=5,.*actions=mod_dl_src:02:00:00:00:00:09,output:.*Datapath actions: set\(eth\(src=02:00:00:00:00:09\)\),\d+\n$/s,
        ),
      });
      expect(run('ovs-appctl exit')).toMatchObject({ status: 0, stderr: '' });
      expect(await ended).toEqual([0, null]);
      expect(existsSync(join(folder, 'ovs-vswitchd.pid'))).toBe(false);
    } finally {
      daemon.kill();
      await ended;
      rmSync(folder, { recursive: true });
    }
  });

  it('speaks OpenFlow to a switch without the native library', () => {
    const program = `
      import Module from 'node:module';
      import { createServer } from 'node:net';
      import { connect, messageBytes } from 'ovs-ts/openflow';
      const hello = messageBytes({ name: 'HELLO', value: { versions: undefined } }, 4);
      const server = createServer((socket) => socket.end(hello)).listen(0, '127.0.0.1', async () => {
        const { version } = await connect('tcp:127.0.0.1:' + server.address().port);
        console.log(version, Object.keys(Module._cache).filter((path) => path.includes('koffi')));
        server.close();
      });`;
    const args = ['--input-type=module', '--eval', program];
    expect(spawnSync(process.execPath, args, { encoding: 'utf8' }).stdout).toBe('4 []\n');
  });

  it('has a switch inside a test without the native library', () => {
    const program = `
      import Module from 'node:module';
      import { createTestSwitch } from 'ovs-ts/testing';
      const sw = await createTestSwitch({ bridges: { br0: { ports: ['p1'] } } });
      await sw.close();
      console.log(Object.keys(Module._cache).filter((path) => path.includes('koffi')));`;
    const args = ['--input-type=module', '--eval', program];
    expect(spawnSync(process.execPath, args, { encoding: 'utf8' }).stdout).toBe('[]\n');
  });

  it.each(examples)('runs the example %s', (name, printed) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [`examples/${name}`], {
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(stdout).toMatch(printed);
    expect(status).toBe(0);
  });
});
