/**
 * ovs-dpctl on the datapaths of a running ovs-vswitchd: ours with our daemon and with the real one, and the real tool
 * where that needs no kernel.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Said } from './support/batch.ts';
import { whyNoReference } from './support/daemon-pair.ts';
import { DummyHost } from './support/dummy-host.ts';
import { runProgram } from './support/run-program.ts';

const reason = whyNoReference();
if (reason !== undefined) process.stderr.write(`dpctl.test.ts: not run: ${reason}\n`);

const tool = new URL('../../bin/ovs-dpctl', import.meta.url).pathname;

/** Flows come in no order; each daemon names them for itself, and the real one tells of its own memory. */
function comparable({ status, stdout, stderr }: Said): Said {
  const lines = stdout.split('\n').map((line) => line.replace(/ufid:[0-9a-f-]+|, dp-extra-info:.*/g, ''));
  return { status, stdout: lines.sort().join('\n'), stderr };
}

describe.runIf(reason === undefined)('ovs-dpctl', () => {
  const ours = new DummyHost('ours');
  const reference = new DummyHost('reference');
  /** No daemon is started there. */
  const nowhere = new DummyHost('ours');
  /** From where files are named. */
  let place: string;

  beforeAll(async () => {
    place = mkdtempSync(join(tmpdir(), 'ovs-dpctl-'));
    writeFileSync(join(place, 'flows.txt'), 'add in_port(1),eth(),eth_type(0x1234) 2\nnonsense\n');
    for (const host of [ours, reference]) {
      await host.prepare();
      const bridge = ['set', 'bridge', 'br0', 'datapath_type=dummy', 'fail_mode=secure'];
      expect(host.vsctl('add-br', 'br0', '--', ...bridge)).toMatchObject({ status: 0, stderr: '' });
    }
  });

  afterAll(async () => {
    for (const host of [ours, reference, nowhere]) await host[Symbol.asyncDispose]();
    rmSync(place, { recursive: true });
  });

  const run = ({ env }: DummyHost, program: string, ...args: string[]): Said =>
    runProgram(program, args, { env, cwd: place });
  const dpctl = (host: DummyHost, ...args: string[]): Said => run(host, tool, ...args);

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
    ['offload-stats-show', 'dummy@dp0'],
    ['del-if', 'dummy@dp0', 'a2', 'a3'],
    ['parse-actions', '1,2,push_vlan(vid=1,pcp=0)', 'nonsense('],
    ['del-dp', 'dummy@dp0'],
    ['del-dp', 'dummy@dp0'],
  ];
  test.each(lines)('%s %s %s %s: the same from both daemons', (...args) => {
    expect(comparable(dpctl(ours, ...args))).toEqual(comparable(dpctl(reference, ...args)));
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
    expect(dpctl(nowhere, ...args)).toEqual(run(nowhere, 'ovs-dpctl', ...args));
  });

  test('answers with JSON', () => {
    const { stdout, status } = dpctl(ours, '-f', 'json', 'dump-dps');
    expect({ status, value: JSON.parse(stdout) }).toEqual({ status: 0, value: ['dummy@ovs-dummy'] });
  });

  test('says that there is no daemon to ask, and what it cannot read', () => {
    expect(dpctl(nowhere, 'show')).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringContaining('ovs-vswitchd: cannot read pidfile'),
    });
  });

  test('reads flows from its standard input', () => {
    const say = (host: DummyHost, input: string, ...args: string[]): Said => {
      const { status, stdout, stderr } = spawnSync(tool, args, { env: host.env, encoding: 'utf8', input });
      return comparable({ status, stdout, stderr });
    };
    const flow = 'in_port(1),eth(),eth_type(0x1234)';
    const dp = 'dummy@dp1';
    for (const [input, ...args] of [
      ['', 'add-dp', dp, 'b1,type=dummy,port_no=1', 'b2,type=dummy,port_no=2'],
      [`# two\n${flow} 2\nnonsense\nadd in_port(2),eth(),eth_type(0x1234) 1\n`, 'add-flows', dp, '-'],
      ['', 'dump-flows', dp],
      [`${flow} drop`, 'mod-flows', dp, '-'],
      ['', 'dump-flows', dp],
      [`${flow}\n`, 'del-flows', dp, '-'],
      ['', 'dump-flows', dp],
      ['', 'add-flows', dp, '-'],
      ['', 'del-dp', dp],
    ] as const)
      expect([args, say(ours, input, ...args)]).toEqual([args, say(reference, input, ...args)]);
    expect(readdirSync(ours.folder).filter((name) => name.startsWith('ovs-dpctl'))).toEqual([]);
  });
});
