import { expect, test } from 'vitest';
import { uuid } from '../../base/units.ts';
import { emptyRow } from '../schema/empty-row.ts';
import type { OvsRow } from '../schema/index.ts';
import { AttachedVlans } from './attached-vlans.ts';

const port = uuid('00000000-0000-4000-8000-000000000001');
const withTrunks = (trunks: readonly number[]) => () =>
  ({ ...emptyRow('Port'), trunks }) as unknown as OvsRow<'Port'>; // of the schema's types

test('VLANs are put among those of the port, and taken away', () => {
  const vlans = new AttachedVlans();
  vlans.ask(port, 10, true);
  vlans.ask(port, 20, true);
  vlans.ask(port, 30, false);
  expect(vlans.takeChanges(withTrunks([5, 30]))).toEqual([[port, { trunks: [5, 10, 20] }]]);
  expect(vlans.takeChanges(withTrunks([5, 30]))).toEqual([]);
});

test('what was asked for before is not lost while it is being written', () => {
  const vlans = new AttachedVlans();
  vlans.ask(port, 10, true);
  vlans.takeChanges(withTrunks([]));
  vlans.ask(port, 20, true);
  expect(vlans.takeChanges(withTrunks([]))).toEqual([[port, { trunks: [10, 20], vlan_mode: 'trunk' }]]);
});

test('a port that is left with no VLAN does not carry all', () => {
  const vlans = new AttachedVlans();
  vlans.ask(port, 10, false);
  expect(vlans.takeChanges(withTrunks([10]))).toEqual([[port, { trunks: [], vlan_mode: 'access' }]]);
});

test('nothing is written of a port that has it already, or is gone', () => {
  const vlans = new AttachedVlans();
  vlans.ask(port, 10, true);
  expect(vlans.takeChanges(withTrunks([10]))).toEqual([]);
  vlans.ask(port, 20, true);
  expect(vlans.takeChanges(() => undefined)).toEqual([]);
});
