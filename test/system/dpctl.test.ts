/** ovs-dpctl on the datapaths of a running ovs-vswitchd: ours with our daemon and with the real one, and the real tool where that needs no kernel. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const bin = new URL('../../bin/', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'dpctl-'));
const daemons = { ours: `${bin}ovs-vswitchd`, real: '/usr/sbin/ovs-vswitchd' } as const;
type Daemon = keyof typeof daemons;

function run(where: Daemon | 'nowhere', program: string, ...args: string[]) {
  const place = join(folder, where);
  const env = { ...process.env, OVS_RUNDIR: place, OVS_LOGDIR: place, OVS_DBDIR: place };
  const { status, stdout, stderr } = spawnSync(program, args, { env, encoding: 'utf8', cwd: folder });
  return { status, stdout, stderr };
}

/** Flows come in no order; each daemon names them for itself, and the real one tells of its own memory. */
function comparable({ status, stdout, stderr }: ReturnType<typeof run>) {
  const lines = stdout.split('\n').map((line) => line.replace(/ufid:[0-9a-f-]+|, dp-extra-info:.*/g, ''));
  return { status, stdout: lines.sort(), stderr };
}

const dpctl = (where: Daemon | 'nowhere', ...args: string[]) => run(where, `${bin}ovs-dpctl`, ...args);

beforeAll(() => {
  mkdirSync(join(folder, 'nowhere'));
  writeFileSync(join(folder, 'flows.txt'), 'add in_port(1),eth(),eth_type(0x1234) 2\nnonsense\n');
  const schema = '/usr/share/openvswitch/vswitch.ovsschema';
  for (const where of Object.keys(daemons) as Daemon[]) {
    const place = join(folder, where);
    mkdirSync(place);
    const started = ['--detach', '--no-chdir', '--pidfile', '--log-file'];
    run(where, 'ovsdb-tool', 'create', join(place, 'conf.db'), schema);
    run(
      where,
      '/usr/sbin/ovsdb-server',
      ...started,
      `--remote=punix:${place}/db.sock`,
      join(place, 'conf.db'),
    );
    run(where, 'ovs-vsctl', '--no-wait', 'init');
    const daemon = run(where, daemons[where], ...started, '--enable-dummy=override', '--disable-system');
    expect(daemon.status, daemon.stderr).toBe(0);
    run(
      where,
      'ovs-vsctl',
      'add-br',
      'br0',
      '--',
      'set',
      'bridge',
      'br0',
      'datapath_type=dummy',
      'fail_mode=secure',
    );
  }
});

afterAll(() => {
  for (const where of Object.keys(daemons) as Daemon[])
    for (const name of ['ovs-vswitchd', 'ovsdb-server']) run(where, 'ovs-appctl', '-t', name, 'exit');
  rmSync(folder, { recursive: true });
});

describe('ovs-dpctl', () => {
  const lines = [
    ['dump-dps'],
    ['add-dp', 'dummy@dp0', 'a1,type=dummy,port_no=1', 'a2,type=dummy,port_no=2'],
    ['add-dp', 'dummy@dp0'],
    ['show', 'dummy@dp0', 'dummy@none', 'dummy@ovs-dummy'],
    ['add-flow', 'dummy@dp0', 'in_port(1),eth(),eth_type(0x4321)', '2'],
    ['add-flows', 'dummy@dp0', 'flows.txt'],
    ['dump-flows', 'dummy@dp0'],
    ['-m', '--no-names', 'dump-flows', 'dummy@dp0', 'filter=dl_type=0x1234'],
    ['--statistics', 'mod-flow', 'dummy@dp0', 'in_port(1),eth(),eth_type(0x4321)', 'drop'],
    ['del-flow', 'dummy@dp0', 'in_port(9),eth(),eth_type(0x4321)'],
    ['del-flows', 'dummy@dp0', 'flows.txt'],
    ['del-flows', 'dummy@dp0'],
    ['dump-flows', 'dummy@dp0'],
    ['del-if', 'dummy@dp0', 'a2', 'a3'],
    ['parse-actions', '1,2,push_vlan(vid=1,pcp=0)', 'nonsense('],
    ['del-dp', 'dummy@dp0'],
    ['del-dp', 'dummy@dp0'],
  ];
  test.each(lines)('%s %s %s %s: the same from both daemons', (...args) => {
    expect(comparable(dpctl('ours', ...args))).toEqual(comparable(dpctl('real', ...args)));
  });

  const alone = [
    ['list-commands'],
    ['foo'],
    [],
    ['add-dp'],
    ['dump-flows', '1', '2', '3', '4', '5', '6', '7'],
    ['--read-only', 'add-dp', 'x'],
    ['-t', '0', 'show'],
  ];
  test.each(alone)('%s %s %s: as the reference, which needs no kernel for that', (...args) => {
    const known = (text: string) => text.replace(/^ {2}offload-stats-show .*\n/m, '');
    const { status, stdout, stderr } = run('nowhere', 'ovs-dpctl', ...args);
    expect(dpctl('nowhere', ...args)).toEqual({ status, stdout: known(stdout), stderr });
  });

  test('answers with JSON', () => {
    const { stdout, status } = dpctl('ours', '-f', 'json', 'dump-dps');
    expect({ status, value: JSON.parse(stdout) }).toEqual({ status: 0, value: ['dummy@ovs-dummy'] });
  });

  test('says that there is no daemon to ask, and what it cannot read', () => {
    expect(dpctl('nowhere', 'show')).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringContaining('ovs-vswitchd: cannot read pidfile'),
    });
    expect(dpctl('ours', 'add-flows', 'dummy@ovs-dummy', '-')).toMatchObject({
      status: 1,
      stderr: 'ovs-dpctl: flows are read from a file only: the daemon reads it\n',
    });
  });
});
