/** `npm test` says what the tests left on the machine; here, in a network of its own, something is left on purpose. */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { whyNoNamespaces } from './support/namespace.ts';

/** No process has such a number, beyond the kernel's limit; each run of the test has another. */
const namespace = `ots-${4_194_305 + process.pid}-left`;

const leave = `
  import { execFileSync, spawn } from 'node:child_process';
  import { writeFileSync } from 'node:fs';
  import { Leftovers } from './scripts/leftovers.mjs';
  const nothing = new Leftovers().take();
  const leftovers = new Leftovers();
  const { env } = leftovers;
  writeFileSync(env.TMPDIR + '/captured.pcap', '');
  const child = spawn('sleep', ['600'], { env, stdio: 'ignore' });
  execFileSync('ip', ['netns', 'add', '${namespace}']);
  execFileSync('ip', ['tuntap', 'add', 'dev', 'left0', 'mode', 'tap']);
  console.log(JSON.stringify({ nothing, found: leftovers.take(), pid: child.pid }));
  child.kill('SIGKILL');
`;

test.skipIf(whyNoNamespaces() !== undefined)(
  'files, processes, namespaces and devices that are left are named',
  () => {
    const program = [process.execPath, '--input-type=module', '--eval', leave];
    const { stdout, stderr } = spawnSync('unshare', ['--net', ...program], { encoding: 'utf8' });
    spawnSync('ip', ['netns', 'delete', namespace]);
    expect(stderr).toBe('');
    const { nothing, found, pid } = JSON.parse(stdout);
    expect(nothing).toEqual([]);
    expect(found).toEqual([
      'file captured.pcap in the temporary folder',
      `process ${pid} sleep 600`,
      `network namespace ${namespace}`,
      expect.stringMatching(/^network device \d+: left0$/),
    ]);
  },
);
