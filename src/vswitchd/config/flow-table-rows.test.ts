import { expect, test } from 'vitest';
import type { Uuid } from '../../base/units.ts';
import { defaultPrefixes } from '../../ofproto/config.ts';
import type { OvsRow } from '../schema/index.ts';
import { readFlowTable } from './flow-table-rows.ts';

const empty: OvsRow<'Flow_Table'> = {
  _uuid: '00000000-0000-0000-0000-000000000000' as Uuid,
  name: undefined,
  flow_limit: undefined,
  overflow_policy: undefined,
  groups: [],
  prefixes: [],
  external_ids: new Map(),
};

test('a row that says nothing is a table without limit', () => {
  expect(readFlowTable(3, empty)).toEqual({
    number: 3,
    name: '',
    flowLimit: undefined,
    evicts: false,
    groupFields: [],
    prefixes: defaultPrefixes,
  });
});

test('fields and prefixes that nobody knows are left out', () => {
  const row = {
    ...empty,
    groups: ['NXM_OF_IN_PORT[]', 'NXM_OF_IN_PORT[],x', 'nonsense', 'NXM_NX_REG0[0..7]'],
    prefixes: ['ip_dst', 'tcp_dst', 'none'],
  };
  expect(readFlowTable(0, row)).toMatchObject({
    groupFields: [
      { field: 'in_port', low: 0, width: 16 },
      { field: 'reg0', low: 0, width: 8 },
    ],
    prefixes: ['nw_dst'],
  });
});
