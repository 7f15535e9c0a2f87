import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Json } from '../rpc/channel.ts';
import { OvsdbError } from './engine/errors.ts';
import { compileSchema, equalSchemas } from './engine/schema.ts';
import { schemaFromJson } from './schema-read.ts';
import { atom, column, schema, schemaToJson, type Table, table } from './schema-types.ts';

test('a schema read from JSON is the one that was declared', () => {
  const declared = schema('Inventory', '1.2.3', {
    Host: table(
      {
        name: column.one(atom.string, { immutable: true }),
        kind: column.optional(atom.oneOf('real', 'virtual')),
        peers: column.set(atom.ref('Host', 'weak')),
        labels: column.map(atom.string, atom.integer(0, 9), { ephemeral: true, min: 1, max: 5 }),
        level: column.one(atom.oneOf(1, 2, 3)),
        factor: column.set(atom.oneOf(0.5, 1)),
        load: column.one(atom.realBetween(0, 1)),
        code: column.one(atom.stringOfLength(2, 8)),
        foreign: column.one(atom.uuid),
      },
      { root: true, maxRows: 10, indexes: [['name']] },
    ),
  });
  const json = JSON.parse(JSON.stringify(schemaToJson(declared)));
  const read = schemaFromJson(json);
  expect(
    equalSchemas(compileSchema(JSON.parse(JSON.stringify(schemaToJson(read)))), compileSchema(json)),
  ).toBe(true);
  expect(columnsOf(read.tables.Host)).toEqual(columnsOf(declared.tables.Host));
  expect(read.tables.Host).toMatchObject({ isRoot: true, maxRows: 10, indexes: [['name']] });
});

/** Without the sizes that go without saying. */
function columnsOf(declared: Table | undefined): unknown {
  return Object.entries(declared?.columns ?? {}).map(([name, { type, ...flags }]) => {
    const { min = 1, max = 1 } = type;
    return { name, ...flags, type: { ...type, min, max } };
  });
}

test('short forms of types stand for the long ones', () => {
  const read = schemaFromJson({
    name: 'D',
    version: '1.0.0',
    tables: {
      T: {
        columns: {
          a: { type: 'string' },
          b: { type: { key: 'integer', min: 0, max: 'unlimited' } },
          c: { type: { key: { type: 'string', enum: 'only' }, value: 'uuid', min: 0 } },
        },
      },
    },
  });
  expect(Object.values(read.tables.T?.columns ?? {}).map(({ type }) => type)).toEqual([
    { key: { type: 'string' } },
    { key: { type: 'integer' }, min: 0, max: 'unlimited' },
    { key: { type: 'string', enum: ['set', ['only']] }, value: { type: 'uuid' }, min: 0 },
  ]);
});

const base = fc.oneof(
  fc.constantFrom('integer', 'real', 'boolean', 'string', 'uuid'),
  fc.record(
    {
      type: fc.constantFrom('integer', 'string', 'uuid'),
      enum: fc.constantFrom<Json>('x', 3, ['set', ['x', 'y']], ['set', [1, 2]]),
      minInteger: fc.integer(),
      maxLength: fc.nat(),
      refTable: fc.constantFrom('T', 'U'),
    },
    { requiredKeys: ['type'] },
  ),
);
const type = fc.oneof(
  base,
  fc.record(
    { key: base, value: base, min: fc.nat(2), max: fc.constantFrom<Json>(1, 2, 'unlimited') },
    { requiredKeys: ['key'] },
  ),
);

test('any JSON is a schema that means the same when it is written again, or an OvsdbError', () => {
  const column = fc.record({ type, ephemeral: fc.boolean() }, { requiredKeys: ['type'] });
  const likely = fc.record({
    name: fc.constant('D'),
    version: fc.constant('1.0.0'),
    tables: fc.dictionary(
      fc.constantFrom('T', 'U'),
      fc.record({ columns: fc.dictionary(fc.constantFrom('a', 'b'), column) }),
    ),
  });
  let read = 0;
  fc.assert(
    fc.property(fc.oneof({ weight: 9, arbitrary: likely }, fc.jsonValue()), (json) => {
      try {
        const written = JSON.parse(JSON.stringify(schemaToJson(schemaFromJson(json))));
        read++;
        expect(equalSchemas(compileSchema(written), compileSchema(json as Json))).toBe(true);
      } catch (why) {
        expect(why).toBeInstanceOf(OvsdbError);
      }
    }),
    { numRuns: 2000 },
  );
  expect(read).toBeGreaterThan(10);
});
