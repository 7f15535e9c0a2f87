import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runProgram } from './support/run-program.ts';

const ours = new URL('../../bin', import.meta.url).pathname;
const theirs = '/usr/bin:/usr/sbin';
const folder = mkdtempSync(join(tmpdir(), 'log-file-'));

beforeAll(() => writeFileSync(join(folder, 'file'), ''));
afterAll(() => rmSync(folder, { recursive: true }));

function run(path: string, program: string, args: readonly string[]) {
  const { status, stdout, stderr } = runProgram(program, args, {
    env: { PATH: `${path}:${process.env.PATH}`, OVS_LOGDIR: join(folder, 'none'), OVS_RUNDIR: folder },
  });
  const said = stderr
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'TIME')
    .replace(/x\.pid\.tmp\d*/, 'x.pid.tmp') // only ours has a number
    .replace(/^TIME\|\d+\|reconnect.*\n/gm, '');
  return { status, stdout, stderr: said };
}

const programs: readonly (readonly [program: string, ...args: string[]])[] = [
  ['ovs-vsctl', `--db=unix:${folder}/none.sock`, '--no-wait', 'list-br'],
  ['ovs-appctl', '-t', `${folder}/none.ctl`, 'version'],
  ['ovsdb-client', 'list-dbs', `unix:${folder}/none.sock`],
  ['ovsdb-client', 'transact', `unix:${folder}/none.sock`, '["_Server"]'],
  ['ovsdb-server', '--no-db', '--detach', `--pidfile=${folder}/none/x.pid`],
  ['ovsdb-server', '--no-db', '--detach', '--monitor', `--pidfile=${folder}/none/x.pid`],
  ['ovs-vswitchd', '--detach', `--pidfile=${folder}/none/x.pid`, `unix:${folder}/none.sock`],
];

describe.each(programs)('%s %s %s', (program, ...args) => {
  test.each([`--log-file=${folder}/none/x.log`, `--log-file=${folder}`, `--log-file=${folder}/file/x.log`])(
    'says why and ends with status 1: %s',
    (option) => {
      const said = run(ours, program, [option, ...args]);
      expect(said).toEqual(run(theirs, program, [option, ...args]));
      expect(said.status).toBe(1);
      expect(said.stderr).toMatch(/^TIME\|00001\|vlog\|WARN\|failed to open .*\n$/);
    },
  );

  test('goes on without the usual one', () => {
    const said = run(ours, program, ['--log-file', ...args]);
    expect(said).toEqual(run(theirs, program, ['--log-file', ...args]));
    expect(said.stderr).toMatch(/^TIME\|00001\|vlog\|WARN\|failed to open .*\n./);
  });
});
