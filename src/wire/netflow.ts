/**
 * NetFlow version 5: datagrams of flow records, as Cisco publishes the format. Written by `ofproto/exporters/netflow`.
 */
import { header, u8, u16, u32 } from '../base/header.ts';

const head = header('netflow', {
  version: u16,
  count: u16,
  uptime: u32,
  seconds: u32,
  nanoseconds: u32,
  sequence: u32,
  engineType: u8,
  engineId: u8,
  samplingInterval: u16,
});

const recordLayout = header('netflow record', {
  source: u32,
  destination: u32,
  nextHop: u32,
  input: u16,
  output: u16,
  packets: u32,
  bytes: u32,
  first: u32,
  last: u32,
  sourcePort: u16,
  destinationPort: u16,
  pad1: u8,
  tcpFlags: u8,
  protocol: u8,
  tos: u8,
  sourceSystem: u16,
  destinationSystem: u16,
  sourceMask: u8,
  destinationMask: u8,
  pad2: u16,
});

/** Of one datagram. */
export const maxNetFlowRecords = 30;

/** What the datagram says of whoever sends it. */
export interface NetFlowHead {
  /** Milliseconds since it began. */
  readonly uptime: number;
  /** Milliseconds since 1970. */
  readonly wall: number;
  readonly sequence: number;
  readonly engineType: number;
  readonly engineId: number;
}

/** Of routing and autonomous systems nothing is said. */
export interface NetFlowRecord {
  /** IPv4 addresses as numbers. */
  readonly source: number;
  readonly destination: number;
  readonly input: number;
  readonly output: number;
  readonly packets: number;
  readonly bytes: number;
  /** Of its first and last packet, in milliseconds of `uptime`. */
  readonly first: number;
  readonly last: number;
  readonly sourcePort: number;
  /** Type and code of ICMP. */
  readonly destinationPort: number;
  readonly tcpFlags: number;
  readonly protocol: number;
  readonly tos: number;
}

/** At most `maxNetFlowRecords`. */
export function emitNetFlow(from: NetFlowHead, records: readonly NetFlowRecord[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(head.size + records.length * recordLayout.size));
  head.set.version(view, 0, 5);
  head.set.count(view, 0, records.length);
  head.set.uptime(view, 0, from.uptime);
  head.set.seconds(view, 0, Math.floor(from.wall / 1000));
  head.set.nanoseconds(view, 0, Math.floor((from.wall % 1000) * 1e6));
  head.set.sequence(view, 0, from.sequence);
  head.set.engineType(view, 0, from.engineType);
  head.set.engineId(view, 0, from.engineId);
  records.forEach((record, n) => void emitRecord(view, head.size + n * recordLayout.size, record));
  return new Uint8Array(view.buffer);
}

function emitRecord(view: DataView, at: number, record: NetFlowRecord): void {
  const { set } = recordLayout;
  set.source(view, at, record.source);
  set.destination(view, at, record.destination);
  set.input(view, at, record.input);
  set.output(view, at, record.output);
  set.packets(view, at, record.packets);
  set.bytes(view, at, record.bytes);
  set.first(view, at, record.first);
  set.last(view, at, record.last);
  set.sourcePort(view, at, record.sourcePort);
  set.destinationPort(view, at, record.destinationPort);
  set.tcpFlags(view, at, record.tcpFlags);
  set.protocol(view, at, record.protocol);
  set.tos(view, at, record.tos);
}
