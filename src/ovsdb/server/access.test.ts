import { beforeEach, describe, expect, test } from 'vitest';
import type { Json, JsonObject } from '../../rpc/channel.ts';
import { accessRules } from './access.ts';
import { Fixture } from './server-fixture.ts';

const schema: Json = {
  name: 'test',
  version: '1.0.0',
  tables: {
    thing: {
      columns: {
        owner: { type: 'string' },
        value: { type: 'integer' },
        ids: { type: { key: 'string', value: 'string', min: 0, max: 'unlimited' } },
      },
      isRoot: true,
    },
    RBAC_Role: {
      columns: {
        name: { type: 'string' },
        permissions: {
          type: {
            key: 'string',
            value: { type: 'uuid', refTable: 'RBAC_Permission', refType: 'weak' },
            min: 0,
            max: 'unlimited',
          },
        },
      },
      isRoot: true,
    },
    RBAC_Permission: {
      columns: {
        table: { type: 'string' },
        authorization: { type: { key: 'string', min: 0, max: 'unlimited' } },
        insert_delete: { type: 'boolean' },
        update: { type: { key: 'string', min: 0, max: 'unlimited' } },
      },
      isRoot: true,
    },
  },
};

let fixture: Fixture;

/** Runs one operation as a client of role "user" with that certificate name. */
function as(id: string | undefined, operation: JsonObject): Json {
  const access = accessRules(fixture.db, 'user', id);
  return fixture.db.transact(['test', operation], { isReadOnly: false, access, holdsLock: () => false });
}

async function setUp(authorization: Json, isInsertDelete: boolean): Promise<void> {
  fixture = new Fixture({}, schema);
  const permission = { table: 'thing', authorization, insert_delete: isInsertDelete, update: 'value' };
  const client = fixture.client();
  const role = { name: 'user', permissions: ['map', [['thing', ['named-uuid', 'p']]]] };
  await client.transact(
    { op: 'insert', table: 'RBAC_Permission', 'uuid-name': 'p', row: permission },
    { op: 'insert', table: 'RBAC_Role', row: role },
    { op: 'insert', table: 'thing', row: { owner: 'ann', ids: ['map', [['id', 'bob']]] } },
  );
}

const update = (row: JsonObject): JsonObject => ({ op: 'update', table: 'thing', where: [], row });
const refused = [{ error: 'permission error' }];

describe('rows that belong to whom their column names', () => {
  beforeEach(() => setUp('owner', true));

  test('the owner may change the columns of the permission, and only those', () => {
    expect(as('ann', update({ value: 1 }))).toEqual([{ count: 1 }]);
    expect(as('ann', update({ owner: 'bob' }))).toMatchObject(refused);
    expect(as('ann', { op: 'mutate', table: 'thing', where: [], mutations: [['value', '+=', 1]] })).toEqual([
      { count: 1 },
    ]);
  });

  test('others, and clients without a certificate, may change nothing', () => {
    expect(as('bob', update({ value: 1 }))).toMatchObject(refused);
    expect(as(undefined, update({ value: 1 }))).toMatchObject(refused);
    expect(as('bob', { op: 'delete', table: 'thing', where: [] })).toMatchObject(refused);
  });

  test('rows are inserted and deleted by their owner', () => {
    expect(as('bob', { op: 'insert', table: 'thing', row: { owner: 'ann' } })).toMatchObject(refused);
    expect(as('bob', { op: 'insert', table: 'thing', row: { owner: 'bob' } })).toEqual([
      { uuid: ['uuid', expect.any(String)] },
    ]);
    expect(as('ann', { op: 'delete', table: 'thing', where: [['owner', '==', 'ann']] })).toEqual([
      { count: 1 },
    ]);
  });

  test('everybody may read, and a table without permission is closed', () => {
    expect(as('bob', { op: 'select', table: 'thing', where: [], columns: ['value'] })).toEqual([
      { rows: [{ value: 0 }] },
    ]);
    expect(as('ann', { op: 'insert', table: 'RBAC_Role', row: { name: 'x' } })).toMatchObject(refused);
  });
});

test('the owner may stand in a map', async () => {
  await setUp('ids:id', false);
  expect(as('bob', update({ value: 1 }))).toEqual([{ count: 1 }]);
  expect(as('ann', update({ value: 1 }))).toMatchObject(refused);
  expect(as('bob', { op: 'delete', table: 'thing', where: [] })).toMatchObject(refused);
});

test('an empty authorization stands for every row', async () => {
  await setUp('', false);
  expect(as('anybody', update({ value: 1 }))).toEqual([{ count: 1 }]);
});

test('without a role, or in a database without roles, there are no rules', async () => {
  await setUp('owner', true);
  expect(accessRules(fixture.db, undefined, 'ann')).toBeUndefined();
  expect(accessRules(fixture.db, '', 'ann')).toBeUndefined();
  expect(accessRules(new Fixture().db, 'user', 'ann')).toBeUndefined();
});
