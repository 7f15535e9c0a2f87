/** Any values of the messages about the connection itself, bundles, and the extensions that are about nothing else. */
import fc from 'fast-check';
import type { Message } from '../messages/index.ts';
import { allVersions } from '../versions.ts';
import { type AnyValues, parts } from './parts.ts';

const { u8, u16, u32, u64, counter, data, nothing, few, oneOf } = parts;

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

export const controlValues = {
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
  BARRIER_REQUEST: nothing,
  BARRIER_REPLY: nothing,
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
} satisfies Partial<AnyValues<Message['name']>>;
