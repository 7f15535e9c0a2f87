/** What the daemon does when its database is not there, is empty, goes or changes: as the reference, step by step. */
import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { until, type Which, whyNoReference } from './support/daemon-pair.ts';
import { DummyHost, programs, type Said } from './support/dummy-host.ts';

const reason = whyNoReference();
if (reason !== undefined) process.stderr.write(`vswitchd-database.test.ts: not run: ${reason}\n`);

/** Longer than a start takes, so that what has not happened by then does not happen by itself. */
const aWhile = 2000;

/** What is seen on the way; the same for both daemons. */
type Scenario = (host: DummyHost) => Promise<unknown[]>;

const show = (host: DummyHost): string => host.appctl('dpif/show').stdout;

async function untilShown(host: DummyHost, bridges: string): Promise<string> {
  await until(() => host.appctl('ofproto/list').stdout === bridges, `${host.which} to have "${bridges}"`);
  return show(host);
}

/** The status once the first process has ended; "waits" when it has not after a while. */
const outcome = (started: Promise<Said>): Promise<unknown> =>
  Promise.race([started.then(({ status }) => status), sleep(aWhile).then(() => 'waits')]);

const scenarios: Readonly<Record<string, Scenario>> = {
  async 'waits for a server that is not there yet, and answers meanwhile'(host) {
    const started = host.start();
    await host.untilItAnswers();
    const seen = [await outcome(started), host.appctl('version')];
    host.createDatabase();
    host.startDatabase();
    return [...seen, (await started).status];
  },
  async 'serves without a row, and takes the row when it comes'(host) {
    host.createDatabase();
    host.startDatabase();
    const { status } = await host.start();
    const seen = [status, show(host), host.appctl('fdb/show', 'br0'), host.appctl('memory/show')];
    host.vsctl('--no-wait', 'init');
    return [...seen, host.vsctl('add-br', 'br0', '--', 'add-port', 'br0', 'p1'), show(host)];
  },
  async 'removes everything with the row'(host) {
    await host.prepare();
    const seen = [host.vsctl('add-br', 'br0', '--', 'add-port', 'br0', 'p1'), show(host)];
    const removal = '["Open_vSwitch",{"op":"delete","table":"Open_vSwitch","where":[]}]';
    host.run('ovsdb-client', 'transact', removal);
    seen.push(await untilShown(host, ''));
    host.vsctl('--no-wait', 'init');
    return [...seen, host.vsctl('add-br', 'br1'), show(host)];
  },
  async 'answers a row that was made anew and counts from the start'(host) {
    await host.prepare();
    const seen = [host.vsctl('add-br', 'br0')];
    seen.push(host.vsctl('--no-wait', 'destroy', 'open_vswitch', '.'));
    seen.push(host.vsctl('set', 'open_vswitch', '.', 'external_ids:a=b'));
    return [...seen, host.vsctl('get', 'open_vswitch', '.', 'next_cfg', 'cur_cfg'), show(host)];
  },
  async 'goes on while the server is away, and follows it again'(host) {
    await host.prepare();
    const seen = [host.vsctl('add-br', 'br0'), show(host)];
    await host.stopDatabase();
    seen.push(show(host));
    host.startDatabase();
    return [...seen, host.vsctl('add-br', 'br2'), show(host)];
  },
  async 'takes a database over that is put in place of the first'(host) {
    await host.prepare();
    const seen = [host.vsctl('add-br', 'br0'), show(host)];
    await host.stopDatabase();
    host.createDatabase();
    host.startDatabase();
    seen.push(await untilShown(host, ''));
    host.vsctl('--no-wait', 'init');
    return [...seen, host.vsctl('add-br', 'br5'), show(host)];
  },
  async 'does not start beside another that has the lock, until that one ends'(host) {
    await host.prepare();
    const first = host.pidOf('ovs-vswitchd');
    const seen: unknown[] = [host.vsctl('add-br', 'br0')];
    const started = host.start('--pidfile=second.pid', '--unixctl=second.ctl');
    seen.push(await outcome(started));
    process.kill(first, 'SIGTERM');
    seen.push((await started).status);
    const socket = `${host.folder}/second.ctl`;
    seen.push(host.vsctl('add-br', 'br1'), host.appctl('-t', socket, 'dpif/show'));
    host.appctl('-t', socket, 'exit');
    return seen;
  },
};

describe.runIf(reason === undefined)('with its database, ovs-vswitchd', () => {
  test.each(Object.entries(scenarios))('%s', async (_name, scenario) => {
    const [ours, reference] = await Promise.all((['ours', 'reference'] as const).map(observe(scenario)));
    expect(ours).toEqual(reference);
  });

  test('ends when the one who started it is gone before it serves', async () => {
    await using host = new DummyHost('ours');
    const command = ['-s', 'KILL', '1', programs.ours, '--detach', '--pidfile'];
    spawnSync('timeout', command, { env: host.env, stdio: 'ignore' });
    await host.untilItAnswers();
    host.createDatabase();
    host.startDatabase();
    await until(() => host.pidOf('ovs-vswitchd') === 0, 'the daemon to end');
  });
});

function observe(scenario: Scenario): (which: Which) => Promise<unknown[]> {
  return async (which) => {
    await using host = new DummyHost(which);
    return await scenario(host);
  };
}
