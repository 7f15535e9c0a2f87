import { expect, test } from 'vitest';
import { defaultTreePort } from '../../ofproto/spanning-tree/tree-config.ts';
import { readKeys } from './keys.ts';
import { treePortKeys } from './tree-keys.ts';
import { readTree, readTreePort } from './tree-rows.ts';

function bridge(
  columns: { readonly stp_enable?: boolean; readonly rstp_enable?: boolean },
  keys: Record<string, string> = {},
): Parameters<typeof readTree>[0] {
  return {
    ...{ stp_enable: false, rstp_enable: false, ...columns },
    other_config: new Map(Object.entries(keys)),
  };
}

const port = (keys: Record<string, string>): ReturnType<typeof readTreePort> =>
  readTreePort(readKeys(treePortKeys, new Map(Object.entries(keys))));

test('a bridge has no tree unless it is asked for, and RSTP rather than STP', () => {
  expect(readTree(bridge({}))).toBeUndefined();
  expect(readTree(bridge({ stp_enable: true }))?.protocol).toBe('STP');
  expect(readTree(bridge({ stp_enable: true, rstp_enable: true }))).toMatchObject({
    protocol: 'RSTP',
    replacesStp: true,
  });
});

test('STP reads max age and forward delay in seconds, and hello time in milliseconds as the reference does', () => {
  expect(readTree(bridge({ stp_enable: true }))).toEqual({
    ...{ protocol: 'STP', mac: undefined, priority: 0x8000 },
    ...{ helloTime: 2000, maxAge: 20_000, forwardDelay: 15_000 },
  });
  const keys = {
    'stp-hello-time': '3',
    'stp-max-age': '10',
    'stp-system-id': '2:0:0:0:0:1',
    'stp-priority': '1',
  };
  expect(readTree(bridge({ stp_enable: true }, keys))).toMatchObject({
    ...{ mac: '02:00:00:00:00:01', priority: 1, helloTime: 3, maxAge: 10_000 },
  });
});

test('an address that is none is told apart from none', () => {
  expect(readTree(bridge({ rstp_enable: true }, { 'rstp-address': 'here' }))).toMatchObject({
    mac: 'invalid',
  });
});

test('version 0 of RSTP is STP', () => {
  const versions = ['0', '2', 'x'].map((version) =>
    readTree(bridge({ rstp_enable: true }, { 'rstp-force-protocol-version': version })),
  );
  expect(versions.map((tree) => tree?.protocol === 'RSTP' && tree.isStpOnly)).toEqual([true, false, false]);
});

test('a port takes part unless it is not to, and numbers may be hexadecimal', () => {
  expect(port({})).toEqual(defaultTreePort);
  const keys = {
    'stp-port-num': '0x10',
    'stp-port-priority': '300',
    'stp-path-cost': 'x',
    'rstp-enable': 'false',
  };
  const { stp, rstp } = port({ ...keys, 'rstp-admin-p2p-mac': '0' });
  expect(stp).toEqual({ isWanted: true, number: 16, priority: 44, pathCost: 0 });
  expect(rstp).toMatchObject({ isWanted: false, isPointToPoint: false });
});
