import { describe, expect, test } from 'vitest';
import { ms } from '../base/units.ts';
import { daemonHelp, daemonOptions, readDaemonOptions } from './daemon.ts';
import { inFolder, readDirectories } from './directories.ts';
import { endText, nextStart } from './monitor.ts';
import { readOptions } from './options.ts';
import {
  bootstrapOption,
  logHelp,
  logOptions,
  OWN_VERSION,
  readTimeout,
  readTlsOptions,
  tlsOptions,
  versionHelp,
} from './program.ts';
import { findUser } from './user.ts';

const program = { name: 'ovs-vswitchd', directories: readDirectories({}) };
const configOf = (...args: string[]) =>
  readDaemonOptions(readOptions(args, [...daemonOptions, ...logOptions]), program);

describe('directories', () => {
  test('are those of the Debian packages unless variables say otherwise', () => {
    expect(readDirectories({ OVS_RUNDIR: '' })).toEqual({
      run: '/var/run/openvswitch',
      log: '/var/log/openvswitch',
      database: '/etc/openvswitch',
      sysconf: '/etc',
      packageData: '/usr/share/openvswitch',
    });
    expect(readDirectories({ OVS_SYSCONFDIR: '/x', OVS_LOGDIR: '/l' })).toMatchObject({
      database: '/x/openvswitch',
      log: '/l',
    });
    expect([inFolder('/run', 'a'), inFolder('/run', '/b')]).toEqual(['/run/a', '/b']);
  });
});

describe('daemon options', () => {
  test('give full paths', () => {
    expect(configOf('--detach', '--pidfile', '--log-file', '--user=a:b')).toEqual({
      isDetached: true,
      isMonitored: false,
      staysInFolder: false,
      pidfile: '/var/run/openvswitch/ovs-vswitchd.pid',
      overwritesPidfile: false,
      user: 'a:b',
      logFile: { name: '/var/log/openvswitch/ovs-vswitchd.log', isRequired: false },
    });
    expect(configOf('--pidfile=/x/y', '--monitor', '--no-chdir', '--overwrite-pidfile')).toMatchObject({
      pidfile: '/x/y',
      isMonitored: true,
      staysInFolder: true,
      overwritesPidfile: true,
      logFile: undefined,
    });
    expect(configOf().pidfile).toBeUndefined();
    expect(configOf('--log-file=x.log').logFile).toEqual({ name: 'x.log', isRequired: true });
  });

  test('have the help of the reference', () => {
    expect(daemonHelp(program)).toContain(
      '  --pidfile[=FILE]        create pidfile (default: /var/run/openvswitch/ovs-vswitchd.pid)\n',
    );
    expect(logHelp(program)).toContain(
      '                           (default: /var/log/openvswitch/ovs-vswitchd.log)\n',
    );
  });

  test('for TLS become its configuration', () => {
    const line = readOptions(
      ['-p', 'k', '-cc', '--bootstrap-ca-cert=ca', '--ssl-protocols=TLSv1.3'],
      [...tlsOptions, bootstrapOption],
    );
    expect(readTlsOptions(line)).toMatchObject({
      privateKey: 'k',
      certificate: 'c',
      caCert: 'ca',
      isBootstrap: true,
      protocols: 'TLSv1.3',
      ciphers: undefined,
    });
  });
});

test('the version is first a line that scripts know, and last the name of this implementation', () => {
  expect(versionHelp('ovs-vsctl', 'DB Schema 8.3.1')).toBe(
    `ovs-vsctl (Open vSwitch) 3.1.0\nDB Schema 8.3.1\novs-ts ${OWN_VERSION}\n`,
  );
  // as ovs-ctl reads it: the last word of the lines that name Open vSwitch
  const lines = versionHelp('ovs-vswitchd')
    .split('\n')
    .filter((line) => line.includes('Open vSwitch'));
  expect(lines.map((line) => line.split(' ').at(-1))).toEqual(['3.1.0']);
});

test.each([['x'], ['0'], ['-1'], ['']])('a time limit of %j is refused', (text) => {
  expect(() => readTimeout(text)).toThrow(`value ${text} on -T or --timeout is invalid`);
});

describe('the monitor', () => {
  test('restarts at once, but not again within ten seconds', () => {
    expect(nextStart(ms(Number.NEGATIVE_INFINITY), ms(5))).toBe(5);
    expect(nextStart(ms(1000), ms(3000))).toBe(11_000);
    expect(nextStart(ms(1000), ms(30_000))).toBe(30_000);
  });

  test('names the end of a process as the shell does', () => {
    expect([endText(3, null), endText(null, 'SIGSEGV')]).toEqual([
      'exit status 3',
      'killed (Segmentation fault)',
    ]);
  });
});

describe('the user to become', () => {
  const passwd = 'root:x:0:0:root:/root:/bin/sh\nsw:x:100:200::/:/bin/false\n';
  const group = 'root:x:0:\nswitch:x:200:\nextra:x:300:other,sw\nfar:x:400:other\n';

  test('is found with all groups', () => {
    expect(findUser('sw', passwd, group, undefined)).toEqual({
      name: 'sw',
      uid: 100,
      gid: 200,
      groups: [300, 200],
    });
    expect(findUser('sw:extra', passwd, group, undefined)).toMatchObject({ uid: 100, gid: 300 });
  });

  test.each([
    ['nobodyx', '(null): user nobodyx not found, aborting.'],
    ['', '(null): user  not found, aborting.'],
    ['sw:none', '(null): group none not found, aborting.'],
    ['sw:far', '(null): user sw is not in group far, aborting.'],
  ])('%j is refused', (spec, why) => {
    expect(() => findUser(spec, passwd, group, undefined)).toThrow(why);
  });
});
