/** What the daemon does when its database is not there, is empty, goes or changes: as the reference, step by step. */
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Said } from './support/batch.ts';
import { until, type Which, whyNoReference } from './support/daemon-pair.ts';
import { DummyHost, programs } from './support/dummy-host.ts';

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

/** What somebody writes into each column that is the daemon's, by row; but for what differs between two runs anyway. */
const written: readonly (readonly [row: string, assignments: string])[] = [
  ['open_vswitch .', 'cur_cfg=-5 statistics:x=1 ovs_version=x db_version=x system_type=x system_version=x'],
  ['open_vswitch .', 'datapath_types=x dpdk_initialized=true dpdk_version=x'],
  ['bridge br0', 'datapath_version=x status:x=1 rstp_status:x=1'],
  ['port p1', 'bond_active_slave=x status:x=1 rstp_status:x=1 rstp_statistics:x=1 statistics:x=1'],
  [
    'interface p1',
    'ifindex=77 ofport=77 bfd_status:x=1 cfm_remote_mpids=77 cfm_flap_count=77 cfm_fault=true',
  ],
  ['interface p1', 'cfm_fault_status=rdi cfm_remote_opstate=up cfm_health=77 lacp_current=true status:x=1'],
  ['interface p1', 'link_state=down link_resets=77 link_speed=77 duplex=half mtu=77 error=x'],
];

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
  async 'writes its status over what others wrote there, at the latest with the next change'(host) {
    await host.prepare();
    const seen: unknown[] = [host.vsctl('add-br', 'br0', '--', 'add-port', 'br0', 'p1')];
    const set = written.flatMap(([row, assignments]) => ['--', 'set', ...`${row} ${assignments}`.split(' ')]);
    seen.push(host.vsctl('--no-wait', ...set), host.vsctl('set', 'open_vswitch', '.', 'external_ids:a=b'));
    // What counts is written every few seconds.
    for (const column of ['statistics', 'rstp_statistics'])
      await until(() => host.vsctl('get', 'port', 'p1', column).stdout === '{}\n', `${host.which} to count`);
    // The real one writes status after it has said that a change is applied.
    const state = () => host.vsctl('get', 'interface', 'p1', 'link_state').stdout;
    await until(() => state() === 'up\n', `${host.which} to write its status`);
    for (const [row, assignments] of written) {
      const columns = assignments.split(' ').map((assignment) => /^[a-z_]+/.exec(assignment)?.[0] ?? '');
      seen.push([row, columns, host.vsctl('get', ...row.split(' '), ...columns)]);
    }
    return seen;
  },
  async 'follows next_cfg exactly to the end of 64 bits'(host) {
    await host.prepare();
    const seen: unknown[] = [host.vsctl('add-br', 'br0')];
    for (const number of ['9007199254740993', '9223372036854775807']) {
      host.vsctl('--no-wait', 'set', 'open_vswitch', '.', `next_cfg=${number}`);
      const current = () => host.vsctl('get', 'open_vswitch', '.', 'cur_cfg').stdout;
      await until(() => current() === `${number}\n`, `${host.which} to apply ${number}`);
      seen.push(host.vsctl('set', 'open_vswitch', '.', `external_ids:a=${number}`), current());
    }
    return seen;
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
    const starter = spawn(programs.ours, ['--detach', '--pidfile'], { env: host.env, stdio: 'ignore' });
    await host.untilItAnswers();
    starter.kill('SIGKILL');
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
