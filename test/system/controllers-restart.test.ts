/** Controllers of a daemon that ends, is killed or crashes, and comes back: beside the reference. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  controllerRows,
  forgetControllerRows,
  RudeControllers,
  untilRowsAreAlike,
} from './support/controllers.ts';
import { until, whyNoReference } from './support/daemon-pair.ts';
import { DummyHost } from './support/dummy-host.ts';

const reason = whyNoReference();
if (reason !== undefined) process.stderr.write(`controllers-restart.test.ts: not run: ${reason}\n`);

describe.runIf(reason === undefined)('over a restart of the daemon', () => {
  const hosts = [new DummyHost('reference'), new DummyHost('ours')] as const;
  const controllers = new RudeControllers();
  const both = (run: (host: DummyHost) => Promise<unknown>): Promise<unknown[]> =>
    Promise.all(hosts.map(run));

  /** Asks for the role of a primary again and again, without a generation that could be old. */
  const asksForPrimary = '041800180000000900000002000000000000000000000000';

  function configure(...args: string[]): void {
    for (const host of hosts) expect(host.vsctl(...args)).toMatchObject({ stderr: '' });
  }

  const flows = (host: DummyHost): string =>
    host.run('ovs-ofctl', '-O', 'OpenFlow13', '--no-stats', 'dump-flows', 'br0').stdout;

  function addFlows(): void {
    for (const host of hosts)
      host.run('ovs-ofctl', '-O', 'OpenFlow13', 'add-flow', 'br0', 'priority=5,actions=drop');
  }

  beforeAll(async () => {
    const [first, second] = [await controllers.listen('4', asksForPrimary), await controllers.listen('4')];
    for (const host of hosts) await host.prepare('--monitor');
    configure(
      ...['add-br', 'br0', '--', 'set', 'bridge', 'br0', 'fail_mode=secure', 'protocols=OpenFlow13'],
      ...['other_config:disable-in-band=true', '--', 'set-controller', 'br0', first, second],
    );
  });

  afterAll(async () => {
    controllers.stop();
    for (const host of hosts) await host[Symbol.asyncDispose]();
  });

  async function isAsAtFirst(): Promise<void> {
    const rows = await untilRowsAreAlike(hosts, /,true,master,/, /,true,other,/);
    for (const row of rows) expect(row).not.toContain('last_error');
    expect(hosts.map(flows)).toEqual(['', '']);
  }

  const endings: Readonly<Record<string, (host: DummyHost) => Promise<unknown>>> = {
    exit: async (host) => {
      host.appctl('exit');
      await until(() => host.pidOf('ovs-vswitchd') === 0, 'the pid file to go');
      return host.start('--monitor');
    },
    SIGKILL: async (host) => {
      await host.kill('SIGKILL');
      // Nobody is left to say otherwise.
      expect(String(controllerRows(host))).toContain(',true,master,');
      return host.start('--monitor');
    },
    'a crash': async (host) => {
      const before = host.pidOf('ovs-vswitchd');
      await host.kill('SIGSEGV');
      await until(() => ![0, before].includes(host.pidOf('ovs-vswitchd')), 'the next daemon');
      await host.untilItAnswers();
    },
  };

  test.each(Object.entries(endings))(
    'all connect again after %s, and nothing is left of before',
    async (_, end) => {
      await isAsAtFirst();
      addFlows();
      await both(end);
      hosts.forEach(forgetControllerRows);
      await isAsAtFirst();
    },
  );

  test('who is to restore flows connects to nobody before they are there, and keeps them', async () => {
    configure('set', 'open', '.', 'other_config:flow-restore-wait=true');
    await both(async (host) => {
      await host.kill('SIGKILL');
      await host.start('--monitor');
    });
    configure('set', 'bridge', 'br0', 'external_ids:seen=yes'); // resolves when the daemon has done all before
    const rows = await untilRowsAreAlike(hosts, /,false,\[\],/);
    expect(String(rows)).not.toContain('true');
    addFlows();
    const [theirs, ourOwn] = hosts.map(flows);
    expect(ourOwn).toBe(theirs);
    expect(ourOwn).toContain('priority=5');
    configure('remove', 'open', '.', 'other_config', 'flow-restore-wait');
    await untilRowsAreAlike(hosts, /,true,master,/);
    expect(flows(hosts[1])).toBe(ourOwn);
  });
});
