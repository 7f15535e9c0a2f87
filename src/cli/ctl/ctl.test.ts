import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VswitchError } from '../../base/errors.ts';
import { readDirectories } from '../../daemon/directories.ts';
import { UsageError } from '../../daemon/options.ts';
import { externalId, quote } from './ctl.ts';
import { type CtlConfig, ctlHelp, options, readCtl } from './options.ts';

const directories = readDirectories({});

function configOf(...args: string[]): CtlConfig {
  const config = readCtl(args, directories);
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
    [['--nonsense', 'start'], "unrecognized option '--nonsense'"],
  ])('%j is refused', (args, why) => {
    expect(() => readCtl(args, directories)).toThrow(new UsageError(why));
  });

  test('help names every option', () => {
    const help = ctlHelp('ovs-ctl', directories);
    const hidden =
      /wrapper|priority|corefiles|hugepages|mlockall|confinement|^no-|^(ovsdb-server|ovs-vswitchd|monitor|.*hostname)$/;
    for (const { name = '' } of options) if (!hidden.test(name)) expect(help).toContain(`--${name}`);
    expect([readCtl(['-h'], directories), readCtl(['--version'], directories)]).toEqual(['help', 'version']);
  });
});

test('external ids are quoted for ovs-vsctl', () => {
  expect(externalId('key=a b=c"')).toBe('external-ids:"key"="a b=c\\""');
  expect(quote('x')).toBe('"x"');
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
