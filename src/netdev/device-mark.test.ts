import { describe, expect, test } from 'vitest';
import type { Link } from '../sys/netlink/link.ts';
import { DeviceMark } from './device-mark.ts';

const mark = new DeviceMark('/run/a', 'unix:/run/a/db.sock');

function device(...alternativeNames: string[]): Link {
  return {
    ifindex: 7,
    name: 'br0',
    mac: '02:00:00:00:00:01',
    mtu: 1500,
    isUp: false,
    isRunning: false,
    isPromiscuous: false,
    isLoopback: false,
    kind: 'tun',
    group: 0,
    alternativeNames,
    runningChanges: 0,
  };
}

describe('the mark of a device', () => {
  test.each([
    ['the same folder and database', '/run/a', 'unix:/run/a/db.sock', true, true],
    ['another database', '/run/a', 'tcp:127.0.0.1:6640', true, false],
    ['another folder', '/run/b', 'unix:/run/a/db.sock', true, false],
    ['neither', '/run/b', 'unix:/run/b/db.sock', false, false],
  ])('of %s', (_, folder, database, goesOn, mayRemove) => {
    const name = new DeviceMark(folder, database).nameFor(7);
    const marked = device('uplink', name);
    expect(mark.namesOn(marked)).toEqual(goesOn ? [name] : []);
    expect(mark.isOn(marked)).toBe(mayRemove);
  });

  test('is one for each device, and fits into an alternative name', () => {
    expect(mark.nameFor(7)).not.toBe(mark.nameFor(8));
    expect(mark.nameFor(2 ** 31 - 1).length).toBeLessThan(128);
  });

  test('is nothing that a person would write', () => {
    const others = device('ovs-br0', `${mark.nameFor(7)}x`, 'ovs-vswitchd-7');
    expect([mark.namesOn(others), mark.isOn(others)]).toEqual([[], false]);
  });
});
