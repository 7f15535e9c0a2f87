/** Any value of any message, for tests: what a version cannot say of it is lost on the way, and nothing else. */
import fc from 'fast-check';
import { keyValues } from '../flow/key-values.ts';
import { matchOn, packMatch } from '../flow/match.ts';
import { MatchBuilder } from '../flow/match-text.ts';
import { readActionText } from './action-codec.ts';
import { Writer } from './bytes.ts';
import { encodeMessage } from './codec.ts';
import type { Message } from './messages/index.ts';
import { portText } from './ports.ts';
import { allVersions, type WireVersion } from './versions.ts';

type ValueOf<N extends Message['name']> = Extract<Message, { readonly name: N }>['value'];

const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.nat({ max: 0xffffffff });
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 2n });
const counter = fc.option(u64, { nil: undefined });
const port = fc.oneof(fc.integer({ min: 0, max: 0xff }), fc.integer({ min: 0xfff8, max: 0xffff }));
const realPort = fc.integer({ min: 1, max: 0xfeff });
const table = fc.integer({ min: 0, max: 254 });
const mac = fc.uint8Array({ minLength: 6, maxLength: 6 });
const data = fc.uint8Array({ maxLength: 30 });
const name = (size: number): fc.Arbitrary<string> =>
  fc.stringMatching(/^[a-z][a-z0-9-]*$/, { size: 'small' }).map((text) => text.slice(0, size - 1));
const duration = fc.option(
  fc.record({ seconds: fc.nat({ max: 0xfffffffe }), nanoseconds: fc.nat({ max: 999_999_999 }) }),
  { nil: undefined },
);
const nothing = fc.constant(undefined);
const few = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(one, { maxLength: 3 });

const portDescription = fc.record({
  port,
  mac,
  name: name(16),
  config: u8,
  state: fc.constantFrom(0, 1, 2, 4, 7, 0x100, 0x301),
  current: u16,
  advertised: u16,
  supported: u16,
  peer: u16,
  currentSpeed: u32,
  maxSpeed: u32,
});

const config = fc.record({
  fragments: fc.constantFrom('normal' as const, 'drop' as const, 'reassemble' as const, 'nx-match' as const),
  invalidTtlToController: fc.boolean(),
  missSendLength: u16,
});

const rfc2819Names = [
  'rx1To64Packets',
  'rx65To127Packets',
  'rx128To255Packets',
  'rx256To511Packets',
  'rx512To1023Packets',
  'rx1024To1522Packets',
  'rx1523ToMaxPackets',
  'tx1To64Packets',
  'tx65To127Packets',
  'tx128To255Packets',
  'tx256To511Packets',
  'tx512To1023Packets',
  'tx1024To1522Packets',
  'tx1523ToMaxPackets',
  'txMulticastPackets',
  'rxBroadcastPackets',
  'txBroadcastPackets',
  'rxUndersizedErrors',
  'rxOversizeErrors',
  'rxFragmentedErrors',
  'rxJabberErrors',
] as const;

const portStats = fc.record({
  port,
  duration,
  rxPackets: counter,
  txPackets: counter,
  rxBytes: counter,
  txBytes: counter,
  rxDropped: counter,
  txDropped: counter,
  rxErrors: counter,
  txErrors: counter,
  rxFrameErrors: counter,
  rxOverrunErrors: counter,
  rxCrcErrors: counter,
  collisions: counter,
  rfc2819: fc.array(counter, { minLength: rfc2819Names.length, maxLength: rfc2819Names.length }).map(
    (counts) =>
      Object.fromEntries(rfc2819Names.map((key, n) => [key, counts[n]])) as {
        [K in (typeof rfc2819Names)[number]]: bigint | undefined;
      },
  ),
  custom: few(fc.record({ name: name(12), value: u64 })),
});

const queueConfig = fc.record({
  port: realPort,
  queue: fc.nat({ max: 10 }),
  minRate: fc.option(fc.integer({ min: 0, max: 2000 }), { nil: undefined }),
  maxRate: fc.option(fc.integer({ min: 0, max: 2000 }), { nil: undefined }),
});

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
const instructionFeatures = fc.record({
  nextTables: fc.subarray([1, 2, 3, 4, 5, 7, 9]),
  instructions: fc.subarray(['apply_actions', 'write_actions', 'write_metadata', 'goto_table'] as const),
  write: actionFeatures,
  apply: actionFeatures,
});
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
    missFlow: instructionFeatures,
    match: matchable,
    mask: matchable,
    wildcard: matchable,
  })
  .map((features) => {
    const wildcard = features.wildcard.filter((field) => features.match.includes(field));
    const mask = features.mask.filter((field) => wildcard.includes(field));
    return { ...features, wildcard, mask, hasProperties: true };
  });

/** The match of ovs-ofctl's words. */
export function matchOf(text: string) {
  const builder = new MatchBuilder();
  for (const { name: field, value } of keyValues(text)) builder.take(field, value, portText);
  return packMatch(builder.key, builder.mask);
}

const match = fc
  .constantFrom(
    '',
    'in_port=1',
    'in_port=LOCAL,dl_src=00:01:02:03:04:05',
    'tcp,nw_src=10.0.0.0/8,nw_dst=10.1.2.3,tp_src=1,tp_dst=80',
    'udp,in_port=2,nw_src=1.2.3.4,tp_dst=53',
    'dl_vlan=5,dl_vlan_pcp=3',
    'vlan_tci=0',
    'vlan_tci=0x1000/0x1000',
    'arp,arp_spa=1.2.3.4,arp_op=1',
    'icmp,icmp_type=8',
    'udp6,ipv6_src=::1,udp_dst=53',
    'ip,nw_tos=32',
    'mpls,mpls_label=5',
    'tun_id=0x10,reg0=7/0xff',
    'metadata=0x5/0xf',
  )
  .map(matchOf);
const actions = fc
  .constantFrom(
    'drop',
    'output:1',
    'NORMAL',
    'resubmit(,2),output:3',
    'CONTROLLER:100',
    'set_queue:5,FLOOD',
    'exit',
  )
  .map((text) => readActionText(text, { ports: portText }));
const cookie = fc.record({
  cookie: fc.constantFrom(0n, 0x10n, 0x30n),
  cookieMask: fc.constantFrom(0n, 0xf0n),
});
const timeouts = { idleTimeout: u16, hardTimeout: u16 };
const buffer = fc.option(fc.nat({ max: 0xfffffffe }), { nil: undefined });
const oneOf = fc.constantFrom;

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

const role = oneOf('nochange' as const, 'equal' as const, 'primary' as const, 'secondary' as const);
const masks = fc.record(
  {
    packetIn: fc.nat({ max: 7 }),
    portStatus: fc.nat({ max: 7 }),
    flowRemoved: fc.nat({ max: 0x3f }),
    roleStatus: fc.nat({ max: 7 }),
    tableStatus: oneOf(0, 8, 0x10, 0x18),
    requestForward: fc.nat({ max: 3 }),
  },
  { requiredKeys: [] },
);
const asyncConfig = fc.record({ primary: masks, secondary: masks });

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

const mapping = fc.record({
  optionClass: u16,
  optionType: u8,
  optionSize: fc.nat({ max: 31 }).map((words) => 4 * words),
  index: fc.nat({ max: 63 }),
});
const mappings = few(mapping);

const address = fc.tuple(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.boolean()).map(([bytes]) => {
  const mapped = new Uint8Array(16).fill(0xff, 10, 12);
  mapped.set(bytes, 12);
  return mapped;
});
const tuple = fc.record({ source: address, destination: address, sourcePort: u16, destinationPort: u16 });

const ipfix = fc.record({
  totalFlows: counter,
  currentFlows: counter,
  packets: counter,
  ipv4Packets: counter,
  ipv6Packets: counter,
  errorPackets: counter,
  ipv4ErrorPackets: counter,
  ipv6ErrorPackets: counter,
  sentPackets: counter,
  sendErrors: counter,
  collectorSet: u32,
});

/** Stands for a message that `inVersion` puts there. */
const inner = fc.constant(new Uint8Array(0));

/** For each message, any value of it. */
const values: { readonly [N in Message['name']]: fc.Arbitrary<ValueOf<N>> } = {
  HELLO: fc.oneof(
    fc.constant({ versions: undefined }),
    fc.subarray([...allVersions], { minLength: 1 }).map((versions) => ({ versions })),
  ),
  ERROR: fc.record({
    name: fc.constant('OFPBRC_BAD_LEN' as const),
    numbers: fc.constant({ experimenter: 0, type: 1, code: 6 }),
    data,
  }),
  ECHO_REQUEST: fc.record({ data }),
  ECHO_REPLY: fc.record({ data }),
  FEATURES_REQUEST: nothing,
  FEATURES_REPLY: fc.record({
    datapathId: u64,
    bufferCount: u32,
    tableCount: u8,
    auxiliaryId: u8,
    capabilities: fc.nat({ max: 0x7ff }),
    actions: fc.subarray(['output', 'enqueue', 'strip_vlan', 'mod_tp_src'] as const),
    ports: few(portDescription),
  }),
  GET_CONFIG_REQUEST: nothing,
  GET_CONFIG_REPLY: config,
  SET_CONFIG: config,
  BARRIER_REQUEST: nothing,
  BARRIER_REPLY: nothing,
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
  PORT_STATUS: fc.record({
    reason: fc.constantFrom('add' as const, 'delete' as const, 'modify' as const),
    port: portDescription,
  }),
  PORT_MOD: fc.record({ port, mac, mask: u8, config: u8, advertise: u16 }),
  PORT_DESC_REQUEST: fc.record({ port }),
  PORT_DESC_REPLY: few(portDescription),
  PORT_REQUEST: fc.record({ port }),
  PORT_REPLY: few(portStats),
  QUEUE_REQUEST: fc.record({ port, queue: u32 }),
  QUEUE_REPLY: few(
    fc.record({ port, queue: u32, txBytes: counter, txPackets: counter, txErrors: counter, duration }),
  ),
  QUEUE_GET_CONFIG_REQUEST: fc.record({ port: realPort, queue: u32 }),
  QUEUE_GET_CONFIG_REPLY: fc.tuple(realPort, few(queueConfig)).map(([of, queues]) => ({
    port: queues.length === 0 ? 0xffff : of,
    queues: queues.map((queue) => ({ ...queue, port: of })),
  })),
  DESC_REQUEST: nothing,
  DESC_REPLY: fc.record({
    manufacturer: name(256),
    hardware: name(256),
    software: name(256),
    serialNumber: name(32),
    datapath: name(256),
  }),
  TABLE_MOD: fc.record({ table, miss, ...eviction, vacancy: vacancy(fc.constant(0)) }),
  TABLE_DESC_REQUEST: nothing,
  TABLE_DESC_REPLY: fc.array(tableDesc, { minLength: 1, maxLength: 3 }),
  TABLE_REQUEST: nothing,
  TABLE_REPLY: few(fc.record({ active: u32, lookups: u64, matches: u64, features: tableFeatures })),
  TABLE_FEATURES_REQUEST: few(tableFeatures),
  TABLE_FEATURES_REPLY: fc.array(tableFeatures, { minLength: 1, maxLength: 3 }),
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
  ROLE_REQUEST: fc.record({ role, generation: counter }),
  ROLE_REPLY: fc.record({ role, generation: counter }),
  ROLE_STATUS: fc.record({ role, reason: fc.nat({ max: 3 }), generation: u64 }),
  GET_ASYNC_REQUEST: nothing,
  GET_ASYNC_REPLY: asyncConfig,
  SET_ASYNC: asyncConfig,
  BUNDLE_CONTROL: fc.record({
    bundle: u32,
    type: oneOf('open_request' as const, 'close_reply' as const, 'commit_request' as const),
    flags: fc.nat({ max: 3 }),
  }),
  BUNDLE_ADD_MESSAGE: fc.record({ bundle: u32, flags: fc.nat({ max: 3 }), message: inner }),
  REQUESTFORWARD: fc.record({ message: inner }),
  TABLE_STATUS: fc.record({
    reason: oneOf('vacancy_down' as const, 'vacancy_up' as const),
    table: tableDesc,
  }),
  FLOW_MONITOR_REQUEST: few(monitorRequest),
  FLOW_MONITOR_REPLY: few(flowUpdate),
  FLOW_MONITOR_CANCEL: fc.record({ id: u32 }),
  FLOW_MONITOR_PAUSED: nothing,
  FLOW_MONITOR_RESUMED: nothing,
  SET_FLOW_FORMAT: fc.record({ format: oneOf(0, 2) }),
  SET_PACKET_IN_FORMAT: fc.record({
    format: oneOf('standard' as const, 'nxt_packet_in' as const, 'nxt_packet_in2' as const),
  }),
  FLOW_MOD_TABLE_ID: fc.record({ isEnabled: fc.boolean() }),
  FLOW_AGE: nothing,
  SET_CONTROLLER_ID: fc.record({ id: u16 }),
  TLV_TABLE_MOD: fc.record({ command: oneOf('add' as const, 'delete' as const, 'clear' as const), mappings }),
  TLV_TABLE_REQUEST: nothing,
  TLV_TABLE_REPLY: fc.record({ mostSpace: u32, mostFields: oneOf(64, 0xffff), mappings }),
  CT_FLUSH_ZONE: fc.record({ id: u16 }),
  CT_FLUSH: fc.record({
    protocol: oneOf(0, 1, 6, 17, 58),
    zone: fc.option(u16, { nil: undefined }),
    original: tuple,
    reply: tuple,
    isIpv4: fc.constant(true),
  }),
  IPFIX_BRIDGE_REQUEST: nothing,
  IPFIX_BRIDGE_REPLY: ipfix,
  IPFIX_FLOW_REQUEST: nothing,
  IPFIX_FLOW_REPLY: few(ipfix),
};

export const messageNames = Object.keys(values) as Message['name'][]; // the type has no others

/** Any message. */
export const anyMessage: fc.Arbitrary<Message> = fc.constantFrom(...messageNames).chain(messageOf);

export function messageOf(of: Message['name']): fc.Arbitrary<Message> {
  // The value is that of the name.
  return (values[of] as fc.Arbitrary<Message['value']>).map((value) => ({ name: of, value }) as Message);
}

/** The message as the version has it: what carries another message carries one of the same version and transaction. */
export function inVersion(message: Message, version: WireVersion, xid: number): Message {
  if (message.name !== 'BUNDLE_ADD_MESSAGE' && message.name !== 'REQUESTFORWARD') return message;
  const to = new Writer();
  if (message.name === 'REQUESTFORWARD') {
    encodeMessage(to, version, { name: 'GROUP_MOD', value: carried }, xid);
    return { ...message, value: { message: to.written.slice() } };
  }
  const portMod = { port: 5, mac: Uint8Array.of(2, 0, 0, 0, 0, 1), mask: 1, config: 1, advertise: 0 };
  encodeMessage(to, version, { name: 'PORT_MOD', value: portMod }, xid);
  return { ...message, value: { ...message.value, message: to.written.slice() } };
}

const carried = {
  command: 'delete',
  group: 5,
  type: 'all',
  selection: undefined,
  buckets: [],
  commandBucket: 0xffffffff,
} as const;
