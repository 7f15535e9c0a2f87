import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VswitchError } from '../../base/errors.ts';
import { readDirectories } from '../../daemon/directories.ts';
import { UsageError } from '../../daemon/options.ts';
import { externalId, quote } from './ctl.ts';
import { ctlHelp } from './help.ts';
import { type CtlConfig, readCtl, switches, values } from './options.ts';

const directories = readDirectories({});

/** For lines that are to be read without a complaint. */
function unexpected(text: string): void {
  throw new Error(text);
}

function configOf(...args: string[]): CtlConfig {
  const config = readCtl(args, directories, unexpected);
  if (typeof config === 'string') throw new Error(`${config} instead of a configuration`);
  return config;
}

describe('the command line of ovs-ctl', () => {
  test('has the defaults of the packages', () => {
    expect(configOf('start')).toMatchObject({
      command: 'start',
      databaseFile: '/etc/openvswitch/conf.db',
      databaseSocket: '/var/run/openvswitch/db.sock',
      runsServer: true,
      runsSwitch: true,
      isMonitored: true,
      deletesBridges: false,
      recordsHostname: true,
      systemId: undefined,
    });
  });

  test('takes switches in both directions, the last one counts', () => {
    const config = configOf(
      '--no-monitor',
      '--no-ovsdb-server',
      '--ovsdb-server',
      '--delete-bridges',
      'restart',
    );
    expect(config).toMatchObject({ isMonitored: false, runsServer: true, deletesBridges: true });
  });

  test('collects external ids and splits options for the daemons', () => {
    const config = configOf(
      '--external-id=a=b',
      '--external-id=c=d',
      '--ovs-vswitchd-options= -va  -vb',
      'start',
    );
    expect(config.externalIds).toEqual(['a=b', 'c=d']);
    expect(config.switchOptions).toEqual(['-va', '-vb']);
  });

  test.each([
    [[], 'missing command name (use --help for help)'],
    [['nonsense'], 'unknown command "nonsense" (use --help for help)'],
    [['start', 'stop'], 'exactly one non-option argument required (use --help for help)'],
    [['-x', 'start'], 'unknown option "-x" (use --help for help)'],
    [['--external-id=k', 'start'], '--external-id argument not in the form "key=value"'],
  ])('%j is refused', (args, why) => {
    expect(() => readCtl(args, directories, unexpected)).toThrow(new UsageError(why));
  });

  test.each([
    '--foo',
    '--no-foo',
    '--foo=bar',
    '--system-id',
    '--no-system-id',
    '--monit',
    '--no-monitor=no',
  ])('%s is warned of and left out', (option) => {
    const warnings: string[] = [];
    const config = readCtl([option, 'start'], directories, (text) => warnings.push(text));
    expect(warnings).toEqual([`unknown option "${option}" (use --help for help)`]);
    expect(config).toEqual(configOf('start'));
  });

  test.each([
    ['--dump-hugepages', 'core files are left to the service manager'],
    ['--no-force-corefiles', 'core files are left to the service manager'],
    ['--ovs-vswitchd-wrapper=strace', 'the daemons are not run under valgrind or strace'],
    ['--no-restart-ike-daemon', 'IPsec is not built yet'],
  ])('%s is warned of, since nothing acts on it', (option, why) => {
    const warnings: string[] = [];
    readCtl([option, 'start'], directories, (text) => warnings.push(text));
    expect(warnings).toEqual([`${option} has no effect: ${why}`]);
  });

  test('finds further databases beside the first, and takes priorities', () => {
    const config = configOf('--extra-dbs=a.db /x/b.db', '--ovsdb-server-priority=-10', 'start');
    expect(config.extraDatabases).toEqual(['/etc/openvswitch/a.db', '/x/b.db']);
    expect([config.serverPriority, config.switchPriority]).toEqual(['-10', undefined]);
  });

  test('help names every option', () => {
    const help = ctlHelp('ovs-ctl', directories);
    const names = [...values, ...switches].filter(
      (name) => !/^(ovsdb-server|ovs-vswitchd|monitor)$/.test(name),
    );
    for (const name of names) expect(help).toMatch(new RegExp(`--(no-)?${name}\\b`));
    const asked = [['-h'], ['--version', 'start', 'stop']].map((args) =>
      readCtl(args, directories, unexpected),
    );
    expect(asked).toEqual(['help', 'version']);
  });
});

test('external ids are quoted for ovs-vsctl', () => {
  expect(externalId('key=a b=c"')).toBe('external-ids:"key"="a b=c\\""');
  expect(quote('x')).toBe('"x"');
  expect(quote('é\udce9')).toBe('"é\udce9"');
  fc.assert(
    fc.property(fc.string(), (pair) => {
      try {
        expect(externalId(pair)).toMatch(/^external-ids:".*"=".*"$/s);
      } catch (error) {
        expect(error).toBeInstanceOf(VswitchError);
      }
    }),
  );
});
