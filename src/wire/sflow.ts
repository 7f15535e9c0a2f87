/**
 * sFlow version 5: datagrams of samples, each of records; sflow.org, sFlow Datagram Format, with the structures of
 * sflow_lag, sflow_tunnels, sflow_openflow and sflow_host. Written by `ofproto/exporters/sflow`.
 */
import { readMac } from '../base/addresses.ts';
import { encodeText } from '../base/text.ts';

/** A record or a sample, whole: its format, its size and what it holds. */
export type SFlowPart = Uint8Array;

/** Bytes of one value. */
type Width = 4 | 8;

/** What is not known. */
const unknown = 0xffffffff;

/** Values are written in the order of `fields`; those that are not known have all bits set. */
function record<const F extends Readonly<Record<string, Width>>>(
  format: number,
  fields: F,
): (values: { readonly [K in keyof F]: number | undefined }) => SFlowPart {
  const widths = Object.entries<Width>(fields);
  const size = widths.reduce((sum, [, width]) => sum + width, 0);
  return (values) => {
    const { bytes, view } = newPart(format, size);
    let at = partHeadSize;
    for (const [name, width] of widths) {
      const value = values[name];
      if (width === 8) view.setUint32(at, value === undefined ? unknown : Math.floor(value / 2 ** 32));
      view.setUint32(at + width - 4, value ?? unknown);
      at += width;
    }
    return bytes;
  };
}

/** Format and size. */
const partHeadSize = 8;

function newPart(format: number, size: number): { bytes: Uint8Array; view: DataView } {
  const bytes = new Uint8Array(partHeadSize + padded(size));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, format);
  view.setUint32(4, padded(size));
  return { bytes, view };
}

function padded(size: number): number {
  return (size + 3) & ~3;
}

const tunnelFields = {
  ...{ length: 4, protocol: 4, source: 4, destination: 4 },
  ...{ sourcePort: 4, destinationPort: 4, tcpFlags: 4, tos: 4 },
} as const satisfies Record<string, Width>;

/** What is said of a packet. Addresses of IPv4 are numbers. */
export const flowRecords = {
  switch: record(1001, { sourceVlan: 4, sourcePriority: 4, destinationVlan: 4, destinationPriority: 4 }),
  tunnelOut: record(1023, tunnelFields),
  tunnelIn: record(1024, tunnelFields),
  vniOut: record(1029, { vni: 4 }),
  vniIn: record(1030, { vni: 4 }),

  /** The first bytes of a frame without its checksum, which counts for its length. */
  header(frame: Uint8Array, maxSize: number): SFlowPart {
    const size = Math.min(frame.length, maxSize);
    const { bytes, view } = newPart(1, 16 + size);
    view.setUint32(partHeadSize, ethernetProtocol);
    view.setUint32(partHeadSize + 4, frame.length + checksumSize);
    view.setUint32(partHeadSize + 8, checksumSize);
    view.setUint32(partHeadSize + 12, size);
    bytes.set(frame.subarray(0, size), partHeadSize + 16);
    return bytes;
  },

  /**
   * The labels with which it leaves, the outermost first; of a next hop, and of those that it came with, nothing is
   * said.
   */
  labels(stack: readonly number[]): SFlowPart {
    const values = [addressTypes.ipv4, 0, 0, stack.length, ...stack];
    const { bytes, view } = newPart(1006, 4 * values.length);
    values.forEach((value, n) => void view.setUint32(partHeadSize + 4 * n, value));
    return bytes;
  },
} as const;

const ethernetProtocol = 1;
const checksumSize = 4;

/** What is counted. */
export const counterRecords = {
  interface: record(1, {
    ...{ index: 4, type: 4, speed: 8, direction: 4, status: 4 },
    ...{ inOctets: 8, inUnicast: 4, inMulticast: 4, inBroadcast: 4, inDiscards: 4, inErrors: 4 },
    ...{ inUnknownProtocols: 4, outOctets: 8, outUnicast: 4, outMulticast: 4, outBroadcast: 4 },
    ...{ outDiscards: 4, outErrors: 4, promiscuous: 4 },
  }),
  ethernet: record(2, {
    ...{ alignmentErrors: 4, checksumErrors: 4, singleCollisions: 4, multipleCollisions: 4 },
    ...{ squelchErrors: 4, deferred: 4, lateCollisions: 4, excessiveCollisions: 4, sendErrors: 4 },
    ...{ carrierErrors: 4, tooLong: 4, receiveErrors: 4, symbolErrors: 4 },
  }),
  openflowPort: record(1004, { datapathHigh: 4, datapathLow: 4, port: 4 }),
  resources: record(2203, {
    ...{ userTime: 4, systemTime: 4, memory: 8, memoryLimit: 8 },
    ...{ files: 4, fileLimit: 4, connections: 4, connectionLimit: 4 },
  }),
  datapath: record(2207, { hits: 4, misses: 4, losses: 4, maskHits: 4, flows: 4, masks: 4 }),

  portName(name: string): SFlowPart {
    const text = encodeText(name);
    const { bytes, view } = newPart(1005, 4 + text.length);
    view.setUint32(partHeadSize, text.length);
    bytes.set(text, partHeadSize + 4);
    return bytes;
  },

  lacp({ actor, partner, aggregate, states, received, illegal, sent }: SFlowLacp): SFlowPart {
    const { bytes, view } = newPart(7, 56);
    bytes.set(readMac(actor), partHeadSize);
    bytes.set(readMac(partner), partHeadSize + 8);
    bytes.set(states, partHeadSize + 20);
    const counts = [received, unknown, unknown, unknown, illegal, sent, unknown, unknown];
    view.setUint32(partHeadSize + 16, aggregate);
    counts.forEach((count, n) => void view.setUint32(partHeadSize + 24 + 4 * n, count));
    return bytes;
  },
} as const;

/** LACP on one link (sflow_lag). What is not here is not known. */
interface SFlowLacp {
  /** "xx:xx:xx:xx:xx:xx", of the systems. */
  readonly actor: string;
  readonly partner: string;
  readonly aggregate: number;
  /** As they are configured and as they are: of the actor, then of the partner. */
  readonly states: readonly [number, number, number, number];
  readonly received: number;
  readonly illegal: number;
  readonly sent: number;
}

/** Where a sample comes from. */
export function sFlowSource(kind: 'interface' | 'entity', index: number): number {
  return (kind === 'entity' ? 2 << 24 : 0) + index;
}

interface FlowSampleHead {
  readonly sequence: number;
  readonly source: number;
  /** Of so many packets one is sampled. */
  readonly rate: number;
  /** Packets that could have been. */
  readonly pool: number;
  readonly input: number;
  readonly output: number;
}

export function emitFlowSample(
  { sequence, source, rate, pool, input, output }: FlowSampleHead,
  records: readonly SFlowPart[],
): SFlowPart {
  return emitSample(1, [sequence, source, rate, pool, 0, input, output, records.length], records);
}

export function emitCounterSample(
  { sequence, source }: Pick<FlowSampleHead, 'sequence' | 'source'>,
  records: readonly SFlowPart[],
): SFlowPart {
  return emitSample(2, [sequence, source, records.length], records);
}

function emitSample(format: number, head: readonly number[], records: readonly SFlowPart[]): SFlowPart {
  const start = 4 * head.length;
  const { bytes, view } = newPart(format, start + sizeOf(records));
  head.forEach((value, n) => void view.setUint32(partHeadSize + 4 * n, value));
  placeAll(bytes, partHeadSize + start, records);
  return bytes;
}

interface SFlowHead {
  /** 4 or 16 bytes. */
  readonly agent: Uint8Array;
  readonly subAgent: number;
  readonly sequence: number;
  /** Milliseconds. */
  readonly uptime: number;
}

const addressTypes = { ipv4: 1, ipv6: 2 } as const;
const version = 5;

/** Bytes of a datagram without samples. */
export function sFlowHeadSize(agent: Uint8Array): number {
  return 24 + agent.length;
}

export function emitSFlow(
  { agent, subAgent, sequence, uptime }: SFlowHead,
  samples: readonly SFlowPart[],
): Uint8Array {
  const headSize = sFlowHeadSize(agent);
  const bytes = new Uint8Array(headSize + sizeOf(samples));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, version);
  view.setUint32(4, agent.length === 4 ? addressTypes.ipv4 : addressTypes.ipv6);
  bytes.set(agent, 8);
  [subAgent, sequence, uptime, samples.length].forEach(
    (value, n) => void view.setUint32(headSize - 16 + 4 * n, value),
  );
  placeAll(bytes, headSize, samples);
  return bytes;
}

function sizeOf(parts: readonly SFlowPart[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

function placeAll(bytes: Uint8Array, start: number, parts: readonly SFlowPart[]): void {
  let at = start;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
}
