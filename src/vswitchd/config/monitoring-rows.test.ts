import { expect, test } from 'vitest';
import { emptyRow } from '../schema/empty-row.ts';
import type { OvsRow } from '../schema/index.ts';
import { readMonitoring } from './monitoring-rows.ts';

/** A row with nothing set but these columns. */
function rowWith(values: object): OvsRow<'Interface'> {
  return { ...emptyRow('Interface'), ...values } as unknown as OvsRow<'Interface'>; // of the schema's types
}

const cfmOf = (
  mpid: number | bigint,
  keys: Record<string, string> = {},
  options: Record<string, string> = {},
) =>
  readMonitoring(
    rowWith({
      cfm_mpid: mpid,
      other_config: new Map(Object.entries(keys)),
      options: new Map(Object.entries(options)),
    }),
  ).cfm;

const bfdOf = (keys: Record<string, string>) =>
  readMonitoring(rowWith({ bfd: new Map(Object.entries(keys)) })).bfd;

test('an interface that asks for nothing is not monitored', () => {
  expect(readMonitoring(rowWith({}))).toEqual({ cfm: undefined, bfd: undefined });
  expect(bfdOf({ min_rx: '100' })).toBeUndefined();
  expect(bfdOf({ enable: 'yes' })).toBeUndefined();
});

test('a maintenance point is as the manual says where nothing is said', () => {
  expect(cfmOf(7)).toEqual({
    mpid: 7n,
    interval: 1000,
    isExtended: false,
    isDemand: false,
    isUp: true,
    vlan: 0,
    priority: 0,
    checksTunnelKey: false,
  });
});

test('keys of a maintenance point are read as the reference reads them', () => {
  expect(cfmOf(-1)?.mpid).toBe(2n ** 64n - 1n);
  expect(cfmOf(1, { cfm_interval: '-5' })?.interval).toBe(1000);
  expect(cfmOf(1, { cfm_interval: '0' })?.interval).toBe(1000);
  expect(cfmOf(1, { cfm_interval: '37' })?.interval).toBe(37);
  expect(cfmOf(1, { cfm_opstate: 'UP' })?.isUp).toBe(true);
  expect(cfmOf(1, { cfm_opstate: 'away' })?.isUp).toBe(false);
  expect(cfmOf(1, { cfm_ccm_vlan: 'Random' })?.vlan).toBe('random');
  expect(cfmOf(1, { cfm_ccm_vlan: '4099' })?.vlan).toBe(3);
  expect(cfmOf(1, { cfm_ccm_vlan: 'none' })?.vlan).toBe(0);
  expect(cfmOf(1, { cfm_ccm_pcp: '11' })?.priority).toBe(3);
  expect(cfmOf(1, {}, { in_key: 'flow' })?.checksTunnelKey).toBe(true);
});

test('a session is as the manual says where nothing is said', () => {
  expect(bfdOf({ enable: 'true' })).toEqual({
    multiplier: 3,
    minTx: 100,
    minRx: 1000,
    decayMinRx: 0,
    forwardsIfReceiving: false,
    isPathDown: false,
    checksTunnelKey: false,
    isOam: false,
    localSource: undefined,
    localDestination: undefined,
    remoteDestination: undefined,
    source: 0xa9fe0101,
    destination: 0xa9fe0100,
    unusableAddresses: [],
  });
});

test('keys of a session are read as the reference reads them', () => {
  const addresses = { bfd_src_ip: '10.0.0.1', bfd_dst_ip: '10.0.0', bfd_local_src_mac: '00:00:00:00:00:00' };
  expect(bfdOf({ enable: 'true', mult: '256', min_tx: '0', ...addresses })).toMatchObject({
    multiplier: 3,
    minTx: 1,
    source: 0x0a000001,
    destination: 0xa9fe0100,
    unusableAddresses: ['10.0.0'],
    localSource: undefined,
  });
});
