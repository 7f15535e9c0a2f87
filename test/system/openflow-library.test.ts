/** The package's examples of OpenFlow, in front of the reference's switch with real hosts. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, flowMod, flowRequest, readActions, readMatch } from '../../src/openflow/index.ts';
import { ControlledSwitch } from './support/controlled-switch.ts';
import { until, whyNoReference } from './support/daemon-pair.ts';
import { whyNoNamespaces } from './support/namespace.ts';

const reason = whyNoNamespaces() ?? whyNoReference();
if (reason !== undefined) process.stderr.write(`openflow-library.test.ts: not run: ${reason}\n`);

describe.runIf(reason === undefined)('a switch of the reference', () => {
  let sw: ControlledSwitch;
  beforeAll(async () => {
    sw = new ControlledSwitch();
    await sw.start();
  });
  afterAll(() => sw[Symbol.asyncDispose]());

  test('learns by the example of a controller, and hosts reach each other', async () => {
    const args = ['examples/learning-switch.mjs', `punix:${sw.controllerSocket}`];
    const controller = spawn('node', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(controller, 'exit');
    let printed = '';
    controller.stdout.on('data', (text) => (printed += text));
    try {
      await until(() => printed.includes('listening'), 'the example to listen');
      await sw.setController(`unix:${sw.controllerSocket}`, 'OpenFlow13');
      sw.ping();
      await expect.poll(() => sw.flows()).toMatch(/idle_timeout=60.*in_port=1,dl_src=.*actions=output:2\n/);
      expect(sw.flows()).toMatch(/priority=0 actions=CONTROLLER:65535\n/);
      await until(() => (printed.match(/ is at port /g) ?? []).length >= 2, 'both hosts to be learned');

      const remote = `unix:${sw.daemon.folder}/br0.mgmt`;
      const table = spawnSync('node', ['examples/print-flows.mjs', remote], { encoding: 'utf8' });
      expect(table.stderr).toBe('');
      expect(table.stdout).toMatch(/^table 0\n/);
      expect(table.stdout).toMatch(
        /\n {2}\d+ packets: priority 32768, in_port=pa,dl_src=.*,dl_dst=.* -> output:pb\n/,
      );
      expect(table.stdout).toMatch(/priority 0, every packet -> CONTROLLER:65535\n/);
    } finally {
      controller.kill('SIGTERM');
      expect(await ended).toEqual([0, null]);
      sw.removeController();
    }
  });

  test.each([1, 2, 3, 4, 5, 6] as const)(
    'takes and tells flows in version %i of the wire',
    async (version) => {
      sw.daemon.configure('clear', 'bridge', 'br0', 'protocols');
      await using connection = await connect('br0', { rundir: sw.daemon.folder, versions: [version] });
      const flow = { match: readMatch('tcp,nw_src=10.0.0.0/8,tp_dst=80'), actions: readActions('output:2') };
      await connection.perform(flowMod(flow));
      const found = [];
      for await (const { value } of connection.multipart(flowRequest())) found.push(...value);
      expect(found).toMatchObject([flow]);
      await connection.perform(flowMod({ command: 'delete', table: version === 1 ? 0 : 255 }));
      const bad = flowMod({ actions: readActions('group:77') });
      if (version > 1)
        await expect(connection.perform(bad)).rejects.toMatchObject({ tag: 'OFPBAC_BAD_OUT_GROUP' });
    },
  );
});

test.each([
  ['learning-switch', 'ptcp:99999', '"ptcp:99999": bad port number "99999"'],
  ['print-flows', '/nowhere', '/nowhere: connect failed (No such file or directory)'],
  ['print-flows', 'tcp:127.0.0.1:1', 'tcp:127.0.0.1:1: connect failed (Connection refused)'],
])('the example %s %s says in one line what is wrong', (name, arg, why) => {
  const { status, stderr } = spawnSync('node', [`examples/${name}.mjs`, arg], { encoding: 'utf8' });
  expect(stderr).toContain(why);
  expect(stderr.trimEnd()).not.toContain('\n');
  expect(status).toBe(1);
});
