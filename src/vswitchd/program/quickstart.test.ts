import { describe, expect, test } from 'vitest';
import { readDirectories } from '../../daemon/directories.ts';
import { formatQuickstart, quickstartDirectories, readNetRights } from './quickstart.ts';

const defaults = readDirectories({});

describe('the first start', () => {
  test('uses the reference places where they can be written to', () => {
    expect(quickstartDirectories(defaults, { HOME: '/own' }, () => true)).toEqual(defaults);
  });

  test.each(['/var/run/openvswitch', '/etc/openvswitch'])('does not where %s cannot', (folder) => {
    const chosen = quickstartDirectories(defaults, { HOME: '/own' }, (one) => one !== folder);
    expect(chosen).toMatchObject({
      run: '/own/.local/state/openvswitch/run',
      database: '/own/.local/state/openvswitch',
    });
  });

  test("uses the user's own folders otherwise, unless the variables say where", () => {
    const env = { HOME: '/own', XDG_RUNTIME_DIR: '/run/user/7' };
    expect(quickstartDirectories(defaults, env, () => false)).toMatchObject({
      run: '/run/user/7/openvswitch',
      database: '/own/.local/state/openvswitch',
    });
    expect(
      quickstartDirectories(defaults, { ...env, OVS_RUNDIR: '/r', OVS_DBDIR: '/d' }, () => false),
    ).toMatchObject({
      run: '/r',
      database: '/d',
    });
  });

  test('tells where everything is and what to type, with the variable only where it is needed', () => {
    const facts = {
      directories: defaults,
      defaults,
      databaseFile: '/etc/openvswitch/conf.db',
      databaseSocket: '/var/run/openvswitch/db.sock',
      unixctl: '/var/run/openvswitch/ovs-vswitchd.7.ctl',
      pid: 7,
      isRoot: true,
      hasNetAdmin: true,
      bin: undefined,
      bridges: [],
      tunProblem: undefined,
    };
    const text = formatQuickstart(facts);
    for (const part of [facts.databaseFile, facts.databaseSocket, facts.unixctl, 'ovs-vsctl add-br br0'])
      expect(text).toContain(part);
    expect(text).not.toContain('OVS_RUNDIR');
    const elsewhere = formatQuickstart({
      ...facts,
      directories: { ...defaults, run: '/r' },
      hasNetAdmin: false,
    });
    expect(elsewhere).toContain('export OVS_RUNDIR=/r');
    expect(elsewhere).toContain('CAP_NET_ADMIN');
    const closed = '/dev/net/tun is not open to this user. As root: chmod 666 /dev/net/tun';
    for (const hasNetAdmin of [true, false])
      expect(formatQuickstart({ ...facts, hasNetAdmin, tunProblem: closed })).toContain(`\n  ${closed}\n`);
  });

  test('reads its rights from the status of the process', () => {
    expect(readNetRights('CapEff:\t000001ffffffffff\n')).toBe(true);
    expect(readNetRights('CapEff:\t0000000000000400\n')).toBe(false);
    expect(readNetRights('nonsense')).toBe(false);
  });
});
