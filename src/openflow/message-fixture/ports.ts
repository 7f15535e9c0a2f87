/** Any values of the messages about a switch, its ports and queues. */

import fc from 'fast-check';
import { recordFrom } from '../../base/literals.ts';
import type { Message } from '../messages/index.ts';
import { rfc2819Names } from '../messages/port-stats.ts';
import { type AnyValues, parts } from './parts.ts';

const { u8, u16, u32, u64, counter, port, realPort, mac, name, duration, nothing, few } = parts;

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
  rfc2819: fc
    .array(counter, { minLength: rfc2819Names.length, maxLength: rfc2819Names.length })
    .map((counts) => recordFrom(rfc2819Names, (_, n) => counts[n])),
  custom: few(fc.record({ name: name(12), value: u64 })),
});

const queueConfig = fc.record({
  port: realPort,
  queue: fc.nat({ max: 10 }),
  minRate: fc.option(fc.integer({ min: 0, max: 2000 }), { nil: undefined }),
  maxRate: fc.option(fc.integer({ min: 0, max: 2000 }), { nil: undefined }),
});

export const portValues = {
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
} satisfies Partial<AnyValues<Message['name']>>;
