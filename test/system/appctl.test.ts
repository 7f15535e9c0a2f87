/** Both ovs-appctl, the installed one and ours, against the control sockets of ovsdb-server and of ours. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildSampleDaemon } from './sample-daemon.ts';

const ours = new URL('../../bin/ovs-appctl', import.meta.url).pathname;
const theirs = 'ovs-appctl'; // as a command: the C library's messages start with the name it was called by
const folder = mkdtempSync(join(tmpdir(), 'appctl-'));
const env = { ...process.env, OVS_RUNDIR: folder, OVS_LOGDIR: folder, OVS_DBDIR: folder };

function run(program: string, ...args: string[]) {
  const { status, signal, stdout, stderr } = spawnSync(program, args, { env, encoding: 'utf8' });
  const said = stderr.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'TIME');
  return { status, signal, stdout, stderr: said };
}

beforeAll(async () => {
  const daemon = await buildSampleDaemon(folder);
  const args = ['--detach', '--no-chdir', '--pidfile', '--log-file'];
  expect(run('/usr/sbin/ovsdb-server', ...args, '--no-db').status).toBe(0);
  expect(run(daemon, ...args).status).toBe(0);
  writeFileSync(join(folder, 'stale.pid'), '99999\n');
  writeFileSync(join(folder, 'bad.pid'), 'nonsense');
  mkdirSync(join(folder, 'dir.pid'));
});

afterAll(() => {
  for (const name of ['ovsdb-server', 'test-daemon']) run(theirs, '-t', name, 'exit');
  rmSync(folder, { recursive: true });
});

const targets = ['ovsdb-server', 'test-daemon'];
const commands = [
  ['version'],
  ['list-commands'],
  ['memory/show'],
  ['vlog/list'],
  ['vlog/list-pattern'],
  ['nonsense'],
  ['version', 'x'],
  ['coverage/read-counter'],
  ['coverage/read-counter', 'none'],
  ['coverage/read-counter', 'a', 'b'],
  ['vlog/set', 'nonsense'],
  ['vlog/set', 'dbg,info'],
  ['vlog/set', 'pattern'],
  ['vlog/set', 'pattern:x'],
  ['vlog/set', 'FACILITY:x'],
  ['vlog/set', 'unixctl:file:err', 'vlog:syslog:off'],
  ['vlog/disable-rate-limit', 'unixctl'],
  ['vlog/enable-rate-limit', 'none'],
  ['vlog/list'],
  ['vlog/close'],
  ['vlog/reopen'],
  ['list-commands', '-x'],
];

describe.each(targets)('both ovs-appctl say the same of %s', (target) => {
  test.each(commands)('%s %s %s', (...command) => {
    const args = command.filter((word) => typeof word === 'string');
    expect(run(ours, '-t', target, ...args)).toEqual(run(theirs, '-t', target, ...args));
  });
});

/** What both daemons must answer alike: refusals and settings, not their own tables. */
const shared = commands.filter(
  ([name]) => name !== 'version' && !/^(list|memory|vlog.list$)/.test(name ?? ''),
);

test.each(shared)('both daemons answer alike to %s %s %s', (...command) => {
  const args = command.filter((word) => typeof word === 'string');
  const [real, own] = targets.map((target) => {
    const answer = run(theirs, '-t', target, ...args);
    return { ...answer, stderr: answer.stderr.replaceAll(target, 'TARGET') };
  });
  expect(own).toEqual(real);
});

describe('both ovs-appctl fail alike', () => {
  test.each([
    [[]],
    [['--nonsense']],
    [['--t', 'x']],
    [['-Z']],
    [['--version=3']],
    [['-t']],
    [['-t', 'ovsdb-server']],
    [['-T', 'x', 'version']],
    [['-T0', 'version']],
    [['-vnonsense', 'version']],
    [['-vPATTERN:x', 'version']],
    [['version']],
    [['-t', 'none', 'version']],
    [['-t', 'stale', 'version']],
    [['-t', 'bad', 'version']],
    [['-t', 'dir', 'version']],
    [['-t', '', 'version']],
    [['-t', `${folder}/none`, 'version']],
    [['-t', `${folder}/stale.pid`, 'version']],
    [['-t', 'ovsdb-server', '-vANY:console:off', 'version']],
    [['-t', 'ovsdb-server', '--', 'version']],
    [['-T', '60', '-t', 'test-daemon', 'version', '-Z']],
  ])('%j', (args) => {
    expect(run(ours, ...args)).toEqual(run(theirs, ...args));
  });
});

test('both daemons say why a log file cannot be opened anew, and open it when it can be', () => {
  for (const target of targets) {
    const log = join(folder, `${target}.log`);
    renameSync(log, `${log}.1`);
    mkdirSync(log);
    expect(run(theirs, '-t', target, 'vlog/reopen')).toMatchObject({
      status: 2,
      stderr: `Is a directory\novs-appctl: ${target}: server returned an error\n`,
    });
    rmSync(log, { recursive: true });
    expect(run(theirs, '-t', target, 'vlog/reopen')).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(log, 'utf8')).toMatch(/^[^\n]*\|opened log file [^\n]*\n/);
  }
});

describe('ours also', () => {
  test('finds a daemon by its process id', () => {
    const pid = readFileSync(join(folder, 'ovsdb-server.pid'), 'utf8').trim();
    expect(run(ours, '-t', pid, 'version').stdout).toBe('ovsdb-server (Open vSwitch) 3.1.0\n');
  });

  test('prints JSON, from daemons that know it and from those that do not', () => {
    expect(JSON.parse(run(ours, '-t', 'ovsdb-server', '-f', 'json', 'version').stdout)).toEqual({
      reply: 'ovsdb-server (Open vSwitch) 3.1.0\n',
      'reply-format': 'plain',
    });
    const { stdout } = run(ours, '-t', 'test-daemon', '--format=json', '--pretty', 'memory/show');
    expect(JSON.parse(stdout)).toEqual({ reply: { things: 1 }, 'reply-format': 'json' });
    expect(run(ours, '-f', 'xml', 'version').stderr).toBe('ovs-appctl: option format xml is invalid\n');
  });
});
