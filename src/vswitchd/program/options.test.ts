import { describe, expect, test } from 'vitest';
import { ms } from '../../base/units.ts';
import { readDirectories } from '../../daemon/directories.ts';
import { LogControl } from '../../daemon/log-control.ts';
import type { Program } from '../../daemon/program.ts';
import { readCommandLine, readProgramOptions } from './options.ts';

const name = 'ovs-vswitchd';
const program: Program = {
  name,
  args: [],
  directories: readDirectories({ OVS_RUNDIR: '/run' }),
  log: new LogControl({ program: name, hostname: 'vm', pid: 1, started: ms(0), facility: 0 }),
};
const read = (...args: string[]) => readProgramOptions(readCommandLine(args), program);

describe('the command line of ovs-vswitchd', () => {
  test('has the database of its folder unless told otherwise', () => {
    expect(read()).toMatchObject({ remotes: ['unix:/run/db.sock'], embedded: undefined, dummy: 'none' });
    expect(read('tcp:a:1,tcp:b:1').remotes).toEqual(['tcp:a:1', 'tcp:b:1']);
    expect(read('--unixctl=none').unixctl).toBeUndefined();
    expect(read('--unixctl=x').unixctl).toBe('/run/x');
  });

  test.each([
    ['--enable-dummy', 'beside'],
    ['--enable-dummy=', 'beside'],
    ['--enable-dummy=system', 'system'],
    ['--enable-dummy=override', 'override'],
  ])('%s', (option, dummy) => {
    expect(read(option).dummy).toBe(dummy);
  });

  test.each([
    [['--enable-dummy=foo'], 'foo: unknown dummy level'],
    [['--dpdk'], 'Using --dpdk to configure DPDK is not supported.'],
    [['a', 'b'], 'at most one non-option argument accepted; use --help for usage'],
    [['--unixctl'], "option '--unixctl' requires an argument"],
    [['--no'], "option '--no' is ambiguous; possibilities: '--no-self-confinement' '--no-chdir'"],
    [['--nonsense'], "unrecognized option '--nonsense'"],
    [['--detach=1'], "option '--detach' doesn't allow an argument"],
  ])('refuses %j', (args, message) => {
    expect(() => read(...args)).toThrow(message);
  });
});
