import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

function demo(folder: string, ...runner: readonly string[]) {
  const [program = '', ...args] = [...runner, process.execPath, 'scripts/demo.mjs'];
  return spawnSync(program, args, { cwd: folder, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } });
}

/** What the demo needs of this project, where everybody may read it. */
function readableCopy(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ovs-ts-copy-'));
  chmodSync(folder, 0o755);
  const parts = ['package.json', 'bin', 'dist', 'scripts', 'node_modules/koffi', 'node_modules/@koromix'];
  for (const part of parts) cpSync(part, join(folder, part), { recursive: true, dereference: true });
  return folder;
}

function leftovers(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith('ovs-ts-demo-'));
}

/** Runs what follows as somebody who is not root, with a /dev/net/tun that is open to all, as most hosts have it. */
const asNobody = [
  ...['unshare', '--mount', 'sh', '-c'],
  'mount -t tmpfs tmpfs /dev/net && mknod -m 666 /dev/net/tun c 10 200 && exec "$@"',
  ...['sh', 'setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'],
];

function expectHosts(stdout: string): void {
  expect(stdout).toMatch(/^Uses the Debian packages iproute2, iputils-ping, util-linux, mount, iperf3\./);
  expect(stdout).toContain('  $ ip netns exec left ping -c 3 -i 0.2 10.0.0.2\n');
  // For the last answers, ping does not wait as long as a busy machine may take.
  expect(stdout).toMatch(/^ +3 packets transmitted, [1-3] received/m);
  expect(stdout).toMatch(/^ +2 packets transmitted, [12] received/m);
  expect(stdout).toMatch(/Gbits\/sec +receiver/);
  expect(stdout).toMatch(/LOCAL +0 {2}([0-9a-f]{2}:){5}/);
  expect(stdout).toMatch(/in_port\(to-left\).*eth_type\(0x0800\).*actions:to-right/);
  expect(stdout).toContain('Done; nothing stays behind');
}

describe('the demo', () => {
  it('shows two hosts that talk through a bridge, and leaves nothing behind', () => {
    const before = leftovers();
    const { status, stdout, stderr } = demo('.');
    expect(stderr).toBe('');
    expectHosts(stdout);
    expect(status).toBe(0);
    expect(leftovers()).toEqual(before);
  });

  it('does the same without root, where the kernel lets users have namespaces', () => {
    const folder = readableCopy();
    try {
      const { status, stdout, stderr } = demo(folder, ...asNobody);
      if (status === 0) expectHosts(stdout);
      else expect(stderr).toMatch(/^demo: not root, and this kernel refuses .* Run: sudo npm run demo\n$/s);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('says which packages have the programs that it misses', () => {
    const { status, stderr } = demo('.', 'env', 'PATH=/nowhere');
    expect(stderr).toBe(
      'demo: needs ip, ping, unshare, mount. Run: apt-get install iproute2 iputils-ping util-linux mount\n',
    );
    expect(status).toBe(1);
  });
});
