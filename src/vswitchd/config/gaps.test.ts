import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SwitchFixture } from '../../../test/sim/switch-fixture.ts';
import { logRegistry } from '../../base/log.ts';
import type { Column, Columns } from '../../ovsdb/schema-types.ts';
import { emptyRow } from '../schema/empty-row.ts';
import { daemonTables, type OvsRow, openVswitch } from '../schema/index.ts';
import { gapsOfSpeed, roles, type SeenTable } from './column-roles.ts';
import { configColumns } from './config-columns.ts';
import { gapColumns, shortfallsOf } from './gaps.ts';
import type { Keys } from './keys.ts';

const seen: readonly SeenTable[] = [
  'AutoAttach',
  'CT_Timeout_Policy',
  'CT_Zone',
  'Datapath',
  'Open_vSwitch',
  'Bridge',
  'Port',
  'Interface',
  'Flow_Sample_Collector_Set',
  'Flow_Table',
  'Controller',
  'Manager',
  'Mirror',
  'NetFlow',
  'sFlow',
  'IPFIX',
  'QoS',
  'Queue',
  'SSL',
];
const columnsOf = (table: keyof typeof openVswitch.tables): Columns => openVswitch.tables[table].columns;
const rolesOf = (table: SeenTable): [string, unknown][] => Object.entries(roles[table]);

/** Only of these are `options` looked at here. */
const dummyType: object = { type: 'dummy' };

interface AnyKeyColumn {
  readonly keys: Keys;
  readonly gaps: Readonly<Record<string, string>>;
}

function isKeyColumn(role: unknown): role is AnyKeyColumn {
  return role instanceof Object && 'keys' in role;
}

function isJudged(role: unknown): boolean {
  return role instanceof Object && 'judge' in role;
}

function hasActedKeys(role: unknown): boolean {
  return isKeyColumn(role) && Object.keys(role.keys).length > 0;
}

/** A row with nothing set but these columns. */
function rowWith<T extends SeenTable>(table: T, values: object): OvsRow<T> {
  return { ...emptyRow(table), ...values } as unknown as OvsRow<T>; // of the schema's types
}

function sampleOf({ type }: Column<unknown>): unknown {
  const key = { string: 'x', boolean: true, integer: 1, real: 1, uuid: 'a-row' }[type.key.type];
  if (type.value !== undefined) return new Map([['enable', 'true']]);
  return type.max === undefined || type.max === 1 ? key : [key, key];
}

describe('every column of the schema', () => {
  test.each(seen)('of %s has a role', (table) => {
    expect(Object.keys(roles[table]).sort()).toEqual(Object.keys(columnsOf(table)).sort());
    expect(Object.keys(daemonTables).sort()).toEqual([...seen].sort());
  });

  test('of another table is reached through one that has a role', () => {
    const reached = new Set<string>(seen);
    for (const table of reached) {
      for (const { type } of Object.values(columnsOf(table as SeenTable))) // only names of tables are added
        for (const atom of [type.key, type.value])
          if (atom?.refTable !== undefined) reached.add(atom.refTable);
    }
    expect([...reached].sort()).toEqual(Object.keys(openVswitch.tables).sort());
  });

  test.each([
    ['Bridge', []],
    ['Port', []],
    ['Interface', []],
    ['Controller', []],
  ] as const)('of %s that is read is acted on, and no other', (table, partly) => {
    const acted = rolesOf(table).filter(
      ([, role]) => role === 'acted on' || isJudged(role) || hasActedKeys(role),
    );
    const columns = acted.map(([column]) => column);
    expect([...columns, ...partly].sort()).toEqual([...configColumns[table]].sort());
  });

  test.each(seen)('of %s gives one warning when it is set and not acted on, and else none', (table) => {
    const places = (values: object) => shortfallsOf(table, rowWith(table, values)).map(({ place }) => place);
    expect(places({})).toEqual([]);
    for (const [column, role] of rolesOf(table)) {
      const others = needed[column] ?? {};
      const value = sampleOf(columnsOf(table)[column] ?? expect.unreachable());
      const before = places(others);
      const hasGap = role instanceof Object && ('gap' in role || 'judge' in role) && !before.includes(column);
      expect(places({ ...others, [column]: value }).sort(), column).toEqual(
        [...before, ...(hasGap ? [column] : [])].sort(),
      );
    }
  });

  test.each(seen)('of keys of %s gives one warning for each that is not acted on or of no use', (table) => {
    for (const [column, role] of rolesOf(table)) {
      if (!isKeyColumn(role)) continue;
      const told = (key: string, text: string) =>
        shortfallsOf(table, rowWith(table, { [column]: new Map([[key, text]]), ...dummyType }));
      for (const [key, gap] of Object.entries(role.gaps)) {
        expect(told(key, 'true')).toEqual([
          {
            level: gapsOfSpeed.has(gap) ? 'info' : 'warn',
            place: `${column}:${key}`,
            text: `${column}:${key}=true is not acted on: ${gap}`,
          },
        ]);
        expect(Object.values(role.keys).map(({ name }) => name)).not.toContain(key);
      }
      for (const { name, wants, read } of Object.values(role.keys)) {
        if (read('?') === undefined) expect(told(name, '?')[0]?.text).toContain(`: it is not ${wants}`);
      }
      expect(told('my-own', 'note')).toEqual([]);
    }
  });
});

test('a bond without a mode is told which one it has, and that it was another one before', () => {
  const textsOf = (values: object): string[] =>
    shortfallsOf('Port', rowWith('Port', values)).map(({ level, text }) => `${level}: ${text}`);
  const interfaces = ['a-row', 'another'];
  expect(textsOf({ interfaces })).toEqual([
    'warn: Using the default bond_mode active-backup. Note that in previous versions, the default bond_mode was balance-slb',
  ]);
  expect(textsOf({ interfaces, bond_mode: 'active-backup' })).toEqual([]);
  const lacp = { lacp: 'active', other_config: new Map([['lacp-system-id', '0:0:0:0:0:0']]) };
  expect(textsOf(lacp)).toEqual(['warn: Invalid zero LACP system ID.']);
});

/** What else a row has to say before there is anything to tell of a column. */
const needed: Readonly<Record<string, object>> = {
  ingress_policing_rate: { type: 'patch' },
  ingress_policing_kpkts_rate: { type: 'patch' },
  protocols: { controller: ['a-row'] },
  lacp: { other_config: new Map([['lacp-system-id', 'nobody']]) },
};

describe('what is told', () => {
  const said: string[] = [];
  let fixture: SwitchFixture;

  beforeEach(async () => {
    fixture = new SwitchFixture();
    await fixture.start();
    await fixture.addBridge('br0', ['p1', 'p2']);
    said.length = 0;
    logRegistry.setSink('file', {
      write: ({ text }) => void (text.includes('not acted on') && said.push(text)),
    });
  });

  afterEach(async () => {
    logRegistry.setSink('file', undefined);
    await fixture.stop();
  });

  test('is the row, the column and what does not happen, once for each value', async () => {
    const { _uuid } = fixture.bridge('br0');
    const set = (isRebalanced: boolean) =>
      fixture.change((tx) => {
        const other_config = new Map([['offload-rebalance', String(isRebalanced)]]);
        tx.update('Open_vSwitch', fixture.root()._uuid, { other_config });
      });
    await set(true);
    const line = 'Open_vSwitch: other_config:offload-rebalance=true is not acted on: no hardware forwards';
    expect(said).toEqual([line]);
    await fixture.change((tx) => tx.update('Bridge', _uuid, { fail_mode: 'standalone' }));
    expect(said).toEqual([line]);
    await set(false);
    await set(true);
    expect(said).toEqual([line, line]);
  });

  test('is told of policing, keys and values of no use', async () => {
    const [p1, p2, i2] = [fixture.port('p1')._uuid, fixture.port('p2')._uuid, fixture.interface('p2')._uuid];
    await fixture.removePort('br0', 'p1');
    await fixture.change((tx) => {
      tx.mutate('Port', p2, { interfaces: { insert: [tx.insert('Interface', { name: 'p3' })] } });
      tx.update('Port', p2, {
        other_config: new Map([
          ['lacp-system-priority', '0'],
          ['lacp-time', 'fast'],
          ['priority-tags', 'maybe'],
          ['note', 'x'],
        ]),
      });
      tx.update('Interface', i2, { type: 'patch', ingress_policing_rate: 1000 });
    });
    expect(said).toEqual([
      'port p2: other_config:priority-tags=maybe is not acted on: it is not one of never, if-nonzero, always',
      'port p2: other_config:lacp-system-priority=0 is not acted on: it is not an integer, 1 to 65535',
      'interface p2: ingress_policing_rate=1000 is not acted on: what crosses a patch port is not policed',
    ]);
    expect(p1).not.toBe(p2);
  });

  test('is told of rows without a name by their uuids', async () => {
    const [root] = fixture.tool.view.rows('Open_vSwitch').keys();
    if (root === undefined) expect.unreachable();
    await fixture.change((tx) => {
      const timeouts = new Map([
        ['tcp_unack', 5],
        ['tcp_close', 6],
      ] as const);
      const timeout_policy = tx.insert('CT_Timeout_Policy', { timeouts });
      const zone = tx.insert('CT_Zone', { timeout_policy });
      const datapath = tx.insert('Datapath', { ct_zones: new Map([[1, zone]]) });
      tx.update('Open_vSwitch', root, { datapaths: new Map([['netdev', datapath]]) });
    });
    const [policy] = fixture.tool.view.rows('CT_Timeout_Policy').keys();
    expect(said).toEqual([
      `CT_Timeout_Policy ${policy}: timeouts:tcp_unack=5 is not acted on: no connection is told to be in that state`,
    ]);
  });

  test('is told of controllers by their targets', async () => {
    const { _uuid } = fixture.bridge('br0');
    await fixture.change((tx) => {
      const controller = tx.insert('Controller', {
        target: 'unix:x',
        other_config: new Map([['dscp', '99']]),
      });
      tx.update('Bridge', _uuid, { controller: [controller] });
    });
    expect(said).toEqual([
      'controller unix:x: other_config:dscp=99 is not acted on: it is not an integer, 0 to 63',
    ]);
  });
});

test('columns without a gap are not looked at', () => {
  expect(gapColumns('Interface')).not.toContain('statistics');
  expect(gapColumns('Interface')).toContain('mac');
});
