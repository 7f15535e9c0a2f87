/** Any values of the messages about flows, packets and monitors of flows. */
import fc from 'fast-check';
import { matchOn } from '../../flow/match.ts';
import type { Message } from '../messages/index.ts';
import { type AnyValues, matchOf, parts } from './parts.ts';

const {
  u8,
  u16,
  u32,
  u64,
  counter,
  port,
  realPort,
  table,
  data,
  duration,
  nothing,
  few,
  match,
  actions,
  oneOf,
} = parts;

const cookie = fc.record({
  cookie: fc.constantFrom(0n, 0x10n, 0x30n),
  cookieMask: fc.constantFrom(0n, 0xf0n),
});
const timeouts = { idleTimeout: u16, hardTimeout: u16 };
const buffer = fc.option(fc.nat({ max: 0xfffffffe }), { nil: undefined });

const flowMod = fc
  .record({
    command: oneOf(
      'add' as const,
      'modify' as const,
      'modify_strict' as const,
      'delete' as const,
      'delete_strict' as const,
    ),
    table,
    match,
    priority: u16,
    newCookie: fc.option(u64, { nil: undefined }),
    cookies: cookie,
    ...timeouts,
    importance: u16,
    bufferId: buffer,
    outPort: port,
    outGroup: u32,
    flags: fc.nat({ max: 31 }),
    actions,
  })
  .map(({ cookies, ...rest }) => {
    const isAdd = rest.command === 'add';
    const { cookie: value, cookieMask } = isAdd ? { cookie: 0n, cookieMask: 0n } : cookies;
    return { ...rest, cookie: value & cookieMask, cookieMask };
  });

const flowRequest = fc
  .record({ table: u8, outPort: port, outGroup: u32, cookies: cookie, match })
  .map(({ cookies, ...rest }) => ({
    ...rest,
    cookie: cookies.cookie & cookies.cookieMask,
    cookieMask: cookies.cookieMask,
  }));

const flowStats = fc.record({
  table,
  match,
  priority: u16,
  cookie: u64,
  duration: duration.filter((time) => time !== undefined),
  ...timeouts,
  importance: u16,
  flags: fc.nat({ max: 31 }),
  idleAge: fc.option(fc.nat({ max: 1000 }), { nil: undefined }),
  hardAge: fc.option(fc.nat({ max: 1000 }), { nil: undefined }),
  packets: counter,
  bytes: counter,
  actions,
});

/** An Ethernet packet, or something like it. */
const packet = fc.uint8Array({ minLength: 1, maxLength: 80 });
/** Bridge, stack, connection tracking and table of a packet that waits. */
const continuation = Uint8Array.from(
  Buffer.from(
    '80000014000102030405060708090a0b0c0d0e0f00000000 8001000800000007 8003000400000000 8004000505000000'.replaceAll(
      ' ',
      '',
    ),
    'hex',
  ),
);
const packetIn = fc
  .record({
    packet,
    missing: fc.nat({ max: 3 }),
    bufferId: buffer,
    table: u8,
    cookie: fc.option(u64, { nil: undefined }),
    reason: oneOf(
      'no_match' as const,
      'action' as const,
      'invalid_ttl' as const,
      'action_set' as const,
      'group' as const,
      'packet_out' as const,
    ),
    metadata: fc.oneof(
      port.map((from) => matchOn({ in_port: from })),
      port.map((from) => matchOf(`in_port=${from},reg0=5,tun_id=7,metadata=9`)),
    ),
    userdata: data,
    continuation: oneOf(new Uint8Array(0), continuation),
  })
  .map(({ missing, ...rest }) => ({ ...rest, totalSize: rest.packet.length + missing }));

const monitorRequest = fc.record({
  id: u32,
  command: oneOf('add' as const, 'modify' as const, 'delete' as const),
  flags: oneOf(2, 4, 15, 31, 0x4f, 0x5a),
  outPort: port,
  outGroup: oneOf(0, 5, 0xffffffff),
  table: u8,
  match,
});
const removedReason = oneOf('idle' as const, 'hard' as const, 'delete' as const, 'group_delete' as const);
const flowUpdate = fc.oneof(
  fc.record({
    event: oneOf('added' as const, 'deleted' as const, 'modified' as const),
    reason: removedReason,
    table,
    priority: u16,
    ...timeouts,
    cookie: u64,
    match,
    actions,
  }),
  fc.record({ event: oneOf('abbreviated' as const), xid: u32 }),
);

export const flowValues = {
  PACKET_IN: packetIn,
  RESUME: packetIn,
  PACKET_OUT: fc.record({
    bufferId: buffer,
    metadata: fc
      .oneof(realPort, oneOf(0xfffe, 0xffff, 0xfffd))
      .map((from) => matchOn({ packet_type: 0, in_port: from })),
    actions,
    packet,
  }),
  FLOW_MOD: flowMod,
  FLOW_REMOVED: fc.record({
    match,
    priority: u16,
    reason: oneOf(
      'idle' as const,
      'hard' as const,
      'delete' as const,
      'meter_delete' as const,
      'eviction' as const,
    ),
    table: fc.option(fc.integer({ min: 0, max: 253 }), { nil: undefined }),
    cookie: u64,
    duration,
    ...timeouts,
    packets: counter,
    bytes: counter,
  }),
  FLOW_REQUEST: flowRequest,
  FLOW_REPLY: few(flowStats),
  AGGREGATE_REQUEST: flowRequest,
  AGGREGATE_REPLY: fc.record({ packets: counter, bytes: counter, flows: fc.nat({ max: 0xfffffffe }) }),
  FLOW_MONITOR_REQUEST: few(monitorRequest),
  FLOW_MONITOR_REPLY: few(flowUpdate),
  FLOW_MONITOR_CANCEL: fc.record({ id: u32 }),
  FLOW_MONITOR_PAUSED: nothing,
  FLOW_MONITOR_RESUMED: nothing,
} satisfies Partial<AnyValues<Message['name']>>;
