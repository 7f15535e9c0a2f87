/** The package's examples, which are programs over its library, against the reference's daemons and against ours. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { compileSchema, equalSchemas } from '../../src/ovsdb/engine/schema.ts';
import { until, type Which, whyNoReference } from './support/daemon-pair.ts';
import { DummyHost } from './support/dummy-host.ts';

const reason = whyNoReference();
if (reason !== undefined) process.stderr.write(`library.test.ts: not run: ${reason}\n`);

/** A switch with dummy devices: the reference's two daemons, or ours with its own database. */
async function startSwitch(which: Which): Promise<DummyHost> {
  const host = new DummyHost(which);
  if (which === 'reference') await host.prepare();
  else expect(await host.start('--embedded-db')).toMatchObject({ status: 0 });
  await host.untilItAnswers();
  return host;
}

function build(remote: string, ...args: string[]) {
  const run = spawnSync('node', ['examples/build-bridge.mjs', remote, ...args], { encoding: 'utf8' });
  return { status: run.status, stdout: run.stdout, stderr: run.stderr };
}

describe.runIf(reason === undefined).each(['reference', 'ours'] as const)(
  'against the daemons: %s',
  (which) => {
    test('the examples build a bridge, and print its ports as they come and go', async () => {
      await using host = await startSwitch(which);
      const remote = `unix:${host.folder}/db.sock`;
      const monitor = spawn('node', ['examples/monitor-ports.mjs', remote], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const ended = once(monitor, 'exit');
      let printed = '';
      monitor.stdout.on('data', (text) => (printed += text));
      try {
        // Which of two new ports gets which number is the switch's affair.
        expect(build(remote, 'br0', 'p1', 'p2=10')).toEqual({
          status: 0,
          stderr: '',
          stdout: expect.stringMatching(
            /^br0: OpenFlow port 65534\np1: OpenFlow port [12]\np2: OpenFlow port [12]\n$/,
          ),
        });
        expect(build(remote, 'br0', 'p1', 'p3').stdout).toMatch(
          /\np1: OpenFlow port [12]\np3: OpenFlow port 3\n$/,
        );
        expect(host.run('ovs-vsctl', 'list-ports', 'br0').stdout).toBe('p1\np2\np3\n');
        const isThere = (line: string): boolean => printed.includes(line);
        const built = ['+ port br0', '+ port p1', '+ port p2 (VLAN 10)', '+ port p3'];
        await until(() => built.every(isThere), 'the monitor to print what was built');
        expect(host.run('ovs-vsctl', 'set', 'Port', 'p1', 'tag=20', '--', 'del-port', 'p2').status).toBe(0);
        const changed = ['~ port p1 (VLAN 20)', '- port p2 (VLAN 10)', '- interface p2: OpenFlow port '];
        await until(() => changed.every(isThere), 'the monitor to print what changed');
      } finally {
        monitor.kill('SIGINT');
        expect(await ended).toEqual([0, null]);
      }
    });

    test("a server's schema printed as TypeScript declares that schema", async () => {
      await using host = await startSwitch(which);
      const remote = `unix:${host.folder}/db.sock`;
      const example = ['examples/schema-to-typescript.mjs', remote, 'Open_vSwitch'];
      const source = spawnSync('node', example, { encoding: 'utf8' }).stdout;
      const print = `import { schemaToJson } from 'ovs-ts/ovsdb';
        console.log(JSON.stringify(schemaToJson(Open_vSwitch)));`;
      const args = ['--input-type=module', '--eval', `${source}\n${print}`];
      const printed = spawnSync('node', args, { encoding: 'utf8' });
      const { cksum: _, ...served } = JSON.parse(host.run('ovsdb-client', 'get-schema', remote).stdout);
      expect(equalSchemas(compileSchema(JSON.parse(printed.stdout)), compileSchema(served))).toBe(true);
    });
  },
);

test.each([
  ['build-bridge', 'unix:/nowhere br0', 'unix:/nowhere: connect failed (No such file or directory)'],
  ['build-bridge', 'tcp:127.0.0.1:1 br0', 'tcp:127.0.0.1:1: connect failed (Connection refused)'],
  ['build-bridge', 'bogus br0', '"bogus": names no known connection method: socket failed'],
  ['build-bridge', 'ssl:127.0.0.1:1 br0', 'SSL needs a private key, a certificate and a CA certificate'],
  ['build-bridge', 'unix:/nowhere br0 p=x', 'p=x: expected PORT=VLAN with a number as VLAN'],
  ['monitor-ports', 'unix:/dev/null', 'unix:/dev/null: connect failed (Connection refused)'],
  ['monitor-ports', 'unix:/proc/1/root/x', 'unix:/proc/1/root/x: connect failed (Permission denied)'],
  ['schema-to-typescript', 'tcp:127.0.0.1:99999 X', '"tcp:127.0.0.1:99999": bad port number "99999"'],
])('the example %s %s says in one line what is wrong', (name, args, why) => {
  const user = ['--reuid=65534', '--regid=65534', '--clear-groups'];
  const words = [...user, 'node', `examples/${name}.mjs`, ...args.split(' ')];
  const { status, stderr } = spawnSync('setpriv', words, { encoding: 'utf8' });
  expect(stderr.startsWith(`${name}: ${why}`), stderr).toBe(true);
  expect(stderr.trimEnd()).not.toContain('\n');
  expect(status).toBe(1);
});
