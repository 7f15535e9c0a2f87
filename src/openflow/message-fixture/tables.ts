/** Any values of the messages about tables. */
import fc from 'fast-check';
import type { Message } from '../messages/index.ts';
import { type AnyValues, parts } from './parts.ts';

const { u8, u32, u64, table, name, nothing, few, oneOf } = parts;

const eviction = {
  eviction: fc.option(fc.boolean(), { nil: undefined }),
  evictionFlags: fc.option(u8, { nil: undefined }),
  vacancyEvents: fc.option(fc.boolean(), { nil: undefined }),
};
const vacancy = (now: fc.Arbitrary<number>) =>
  fc.option(fc.record({ down: fc.nat({ max: 50 }), up: fc.integer({ min: 50, max: 100 }), now }), {
    nil: undefined,
  });
const tableDesc = fc.record({ table, ...eviction, vacancy: vacancy(u8) });
const miss = fc.constantFrom(undefined, 'controller' as const, 'continue' as const, 'drop' as const);

const actionFeatures = fc.record({
  actions: fc.subarray(['output', 'group', 'set_field', 'strip_vlan', 'push_vlan', 'dec_ttl'] as const),
  setFields: fc.subarray(['tun_id', 'reg0', 'reg1', 'reg2', 'eth_src', 'eth_dst', 'vlan_vid'] as const),
});
/** What is the same in two places is printed once. */
const instructionFeatures = fc
  .record({
    nextTables: fc.subarray([1, 2, 3, 4, 5, 7, 9]),
    instructions: fc.subarray(['apply_actions', 'write_actions', 'write_metadata', 'goto_table'] as const),
    write: actionFeatures,
    apply: fc.option(actionFeatures, { nil: undefined }),
  })
  .map((features) => ({ ...features, apply: features.apply ?? features.write }));
const matchable = fc.subarray([
  'in_port',
  'reg0',
  'eth_src',
  'eth_dst',
  'ip_src',
  'tcp_src',
  'tcp_dst',
] as const);
const tableFeatures = fc
  .record({
    command: fc.constantFrom('replace' as const, 'modify' as const, 'enable' as const, 'disable' as const),
    table,
    name: name(32),
    metadataMatch: u64,
    metadataWrite: u64,
    miss,
    supportsEviction: fc.boolean(),
    supportsVacancyEvents: fc.boolean(),
    maxEntries: u32,
    flows: instructionFeatures,
    missFlow: fc.option(instructionFeatures, { nil: undefined }),
    match: matchable,
    mask: matchable,
    wildcard: matchable,
  })
  .map((features) => {
    const wildcard = features.wildcard.filter((field) => features.match.includes(field));
    const mask = features.mask.filter((field) => wildcard.includes(field));
    const missFlow = features.missFlow ?? features.flows;
    return { ...features, missFlow, wildcard, mask, hasProperties: true };
  });
/** Some as the one before. */
const neighbours = fc
  .array(fc.tuple(tableFeatures, fc.boolean()), { minLength: 1, maxLength: 4 })
  .map((all) => {
    const tables: (typeof all)[number][0][] = [];
    for (const [features, isDitto] of all) {
      const before = tables.at(-1);
      const isLast = before === undefined || before.table >= 254;
      tables.push(isDitto && !isLast ? { ...before, table: before.table + 1, name: '' } : features);
    }
    return tables;
  });

export const tableValues = {
  TABLE_MOD: fc.record({ table, miss, ...eviction, vacancy: vacancy(fc.constant(0)) }),
  TABLE_DESC_REQUEST: nothing,
  TABLE_DESC_REPLY: fc.array(tableDesc, { minLength: 1, maxLength: 3 }),
  TABLE_REQUEST: nothing,
  TABLE_REPLY: few(fc.record({ active: u32, lookups: u64, matches: u64, features: tableFeatures })),
  TABLE_FEATURES_REQUEST: neighbours,
  TABLE_FEATURES_REPLY: neighbours,
  TABLE_STATUS: fc.record({
    reason: oneOf('vacancy_down' as const, 'vacancy_up' as const),
    table: tableDesc,
  }),
} satisfies Partial<AnyValues<Message['name']>>;
