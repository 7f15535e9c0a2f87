/** Any values of the messages about groups and meters. */
import fc from 'fast-check';
import type { Message } from '../messages/index.ts';
import { type AnyValues, parts } from './parts.ts';

const { u8, u32, u64, counter, realPort, duration, nothing, few, actions, oneOf } = parts;

const group = fc.oneof(fc.nat({ max: 9 }), fc.integer({ min: 0xfffffffc, max: 0xffffffff }));
const bucket = fc.record({
  id: fc.nat({ max: 9 }),
  weight: fc.nat({ max: 3 }),
  watchPort: fc.option(realPort, { nil: undefined }),
  watchGroup: oneOf(0, 7, 0xffffffff),
  actions,
});
const hashedField = (field: 'ip_src' | 'tcp_dst' | 'eth_src' | 'nw_proto', size: number) =>
  fc.uint8Array({ minLength: size, maxLength: size }).map((bytes) => {
    const mask = field === 'nw_proto' ? bytes.fill(0xff) : bytes;
    return { field, mask };
  });
const selection = fc.oneof(
  fc.record({ method: oneOf('dp_hash' as const), parameter: u64, fields: fc.constant([]) }),
  fc.record({
    method: oneOf('hash' as const),
    parameter: u64,
    fields: fc.tuple(hashedField('eth_src', 6), hashedField('ip_src', 4), hashedField('nw_proto', 1)),
  }),
);
const groupDesc = fc
  .record({
    group: fc.nat({ max: 0xffffff00 }),
    type: oneOf('all' as const, 'select' as const, 'indirect' as const, 'fast_failover' as const),
    selection: fc.option(selection, { nil: undefined }),
    buckets: few(bucket),
    spare: bucket,
  })
  .map(({ spare, ...desc }) => {
    const { type } = desc;
    const isSelect = type === 'select';
    const mayWatch = isSelect || type === 'fast_failover';
    const list = type === 'indirect' ? [spare] : desc.buckets;
    const buckets = list.map((one, n) => ({
      ...one,
      id: n,
      weight: isSelect ? one.weight : 0,
      watchPort: mayWatch ? (type === 'fast_failover' ? 1 : one.watchPort) : undefined,
      watchGroup: mayWatch ? one.watchGroup : 0xffffffff,
    }));
    return { ...desc, buckets, selection: isSelect ? desc.selection : undefined };
  });
const groupMod = fc
  .record({
    desc: groupDesc,
    command: oneOf('add' as const, 'modify' as const, 'delete' as const, 'add_or_modify' as const),
  })
  .map(({ desc, command }) =>
    command === 'delete'
      ? {
          ...desc,
          command,
          type: 'all' as const,
          buckets: [],
          selection: undefined,
          commandBucket: 0xffffffff,
        }
      : { ...desc, command, commandBucket: 0xffffffff },
  );
const counts = { packets: counter, bytes: counter };

const meterBand = fc
  .record({ type: oneOf('drop' as const, 'dscp_remark' as const), rate: u32, burst: u32, precedence: u8 })
  .map((band) => ({ ...band, precedence: band.type === 'drop' ? 0 : band.precedence }));
const meter = fc.oneof(fc.nat({ max: 9 }), fc.integer({ min: 0xfffffffc, max: 0xffffffff }));
const meterConfig = { meter, flags: oneOf(1, 2, 5, 9, 14, 0x19), bands: few(meterBand) };

export const groupValues = {
  GROUP_MOD: groupMod,
  GROUP_REQUEST: fc.record({ group }),
  GROUP_REPLY: few(
    fc.record({ group, referenceCount: u32, ...counts, duration, buckets: few(fc.record(counts)) }),
  ),
  GROUP_DESC_REQUEST: fc.record({ group }),
  GROUP_DESC_REPLY: few(groupDesc),
  GROUP_FEATURES_REQUEST: nothing,
  GROUP_FEATURES_REPLY: fc.record({
    types: fc.nat({ max: 15 }),
    capabilities: fc.nat({ max: 15 }),
    maxGroups: fc.array(u32, { minLength: 4, maxLength: 4 }),
    actions: fc.array(fc.subarray(['output', 'group', 'dec_ttl', 'push_vlan'] as const), {
      minLength: 4,
      maxLength: 4,
    }),
  }),
  METER_MOD: fc
    .record({ command: oneOf('add' as const, 'modify' as const, 'delete' as const), ...meterConfig })
    .map((mod) => (mod.command === 'delete' ? { ...mod, flags: 0, bands: [] } : mod)),
  METER_REQUEST: fc.record({ meter }),
  METER_REPLY: few(fc.record({ meter, flows: u32, ...counts, duration, bands: few(fc.record(counts)) })),
  METER_CONFIG_REQUEST: fc.record({ meter }),
  METER_CONFIG_REPLY: few(fc.record(meterConfig)),
  METER_FEATURES_REQUEST: nothing,
  METER_FEATURES_REPLY: fc.record({
    maxMeters: u32,
    bandTypes: fc.nat({ max: 7 }),
    capabilities: fc.nat({ max: 15 }),
    maxBands: u8,
    maxColor: u8,
  }),
} satisfies Partial<AnyValues<Message['name']>>;
