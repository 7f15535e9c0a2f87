/** Queues and their counters: OpenFlow 1.0.2 section 5.3.4 and 5.3.5.6, 1.5.1 section 7.3.5.9 and 7.3.5.10. */
import { type Reader, recordSize, type Writer } from '../bytes.ts';
import { defineMessage, listForm, type MessageForm, type WirePlace } from '../declare.ts';
import { OpenFlowError } from '../errors.ts';
import {
  counter,
  type Duration,
  duration,
  longPort,
  type Part,
  pad,
  shortPort,
  struct,
  u32,
} from '../layout.ts';
import { firstReservedPort, reservedPorts } from '../ports.ts';
import { readProperties, readShort, writeShort } from '../properties.ts';
import type { WireVersion } from '../versions.ts';
import { allQueues, formatCounter, formatDuration, formatQueue } from './text.ts';

export interface QueueRequest {
  /** ANY for those of all ports. */
  readonly port: number;
  /** `allQueues` for all of the port's. */
  readonly queue: number;
}

const request10 = struct({ port: shortPort, pad: pad(2), queue: u32 });
const request11 = struct({ port: longPort, queue: u32 });

export const queueRequest = defineMessage<'QUEUE_REQUEST', QueueRequest>(
  'QUEUE_REQUEST',
  [
    {
      wire: 'OFPST 1.0 5 request',
      size: [request10.size, 0],
      // OpenFlow 1.0 says ALL where later versions say ANY.
      decode(body) {
        const { port, queue } = request10.read(body);
        return { port: port === reservedPorts.ALL ? reservedPorts.ANY : port, queue };
      },
      encode: ({ port, queue }, to) =>
        request10.write(to, { port: port === reservedPorts.ANY ? reservedPorts.ALL : port, queue }),
    },
    {
      wire: 'OFPST 1.1+ 5 request',
      size: [request11.size, 0],
      decode: (body) => request11.read(body),
      encode: (value, to) => request11.write(to, value),
    },
  ],
  ({ port, queue }, { ports }) => ` port=${ports.format(port)} queue=${formatQueue(queue)}`,
);

export interface QueueStats {
  readonly port: number;
  readonly queue: number;
  readonly txBytes: bigint | undefined;
  readonly txPackets: bigint | undefined;
  readonly txErrors: bigint | undefined;
  readonly duration: Duration | undefined;
}

const counters = { txBytes: counter, txPackets: counter, txErrors: counter };
const stats10 = struct({ port: shortPort, pad: pad(2), queue: u32, ...counters });
const stats11 = struct({ port: longPort, queue: u32, ...counters });
const stats13 = struct({ port: longPort, queue: u32, ...counters, duration });
const stats14Size = 8 + stats13.size;

function readStats14(from: Reader): QueueStats {
  const size = recordSize(from, 0, stats14Size);
  from.skip(8);
  const stats = stats13.read(from);
  from.skip(size - stats14Size);
  return stats;
}

function writeStats14(stats: QueueStats, to: Writer): void {
  to.u16(stats14Size);
  to.room(6);
  stats13.write(to, stats);
}

function badLength(size: number): OpenFlowError {
  return new OpenFlowError('OFPBRC_BAD_LEN', `a queue in ${size} bytes`);
}

export const queueReply = defineMessage(
  'QUEUE_REPLY',
  [
    listForm<QueueStats>(
      'OFPST 1.0 5 reply',
      [0, stats10.size],
      (from) => ({ ...stats10.read(from), duration: undefined }),
      (stats, to) => stats10.write(to, stats),
    ),
    listForm<QueueStats>(
      'OFPST 1.1-1.2 5 reply',
      [0, stats11.size],
      (from) => ({ ...stats11.read(from), duration: undefined }),
      (stats, to) => stats11.write(to, stats),
    ),
    listForm<QueueStats>(
      'OFPST 1.3 5 reply',
      [0, stats13.size],
      (from) => stats13.read(from),
      (stats, to) => stats13.write(to, stats),
    ),
    listForm<QueueStats>('OFPST 1.4+ 5 reply', [0, 8], readStats14, writeStats14),
  ],
  (all, { ports, verbosity }) => {
    const lines = verbosity < 1 ? [] : all.map((stats) => formatStats(stats, ports.format));
    return ` ${all.length} queues\n${lines.join('')}`;
  },
);

function formatStats(stats: QueueStats, formatPort: (port: number) => string): string {
  const { port, queue, txBytes, txPackets, txErrors } = stats;
  const time = stats.duration === undefined ? '?' : formatDuration(stats.duration);
  const counts = `bytes=${formatCounter(txBytes)}, pkts=${formatCounter(txPackets)}, errors=${formatCounter(txErrors)}`;
  return `  port ${formatPort(port)} queue ${formatQueue(queue)}: ${counts}, duration=${time}\n`;
}

function configRequestForm(wire: WirePlace, port: Part<number>, padding: number): MessageForm<QueueRequest> {
  const layout = struct({ port, pad: pad(padding) });
  return {
    wire,
    size: [layout.size, 0],
    decode(body, version) {
      const { port: number } = layout.read(body);
      const isAny = version > 1 && number === reservedPorts.ANY;
      if (number >= firstReservedPort && !isAny)
        throw new OpenFlowError('OFPQOFC_BAD_PORT', `port ${number} has no queues`);
      return { port: number, queue: allQueues };
    },
    encode: (value, to) => layout.write(to, value),
  };
}

export const queueGetConfigRequest = defineMessage<'QUEUE_GET_CONFIG_REQUEST', QueueRequest>(
  'QUEUE_GET_CONFIG_REQUEST',
  [
    configRequestForm('OFPT 1.0 20', shortPort, 2),
    configRequestForm('OFPT 1.1-1.3 22', longPort, 4),
    {
      wire: 'OFPST 1.4+ 15 request',
      as: 'QUEUE_DESC',
      size: [request11.size, 0],
      decode: (body) => request11.read(body),
      encode: (value, to) => request11.write(to, value),
    },
  ],
  ({ port, queue }, { ports }) =>
    ` port=${ports.format(port)}${queue === allQueues ? '' : ` queue=${queue}`}`,
);

/** Rates are in tenths of a percent of the port's; more than 1000 is "switched off", undefined is "not told". */
export interface QueueConfig {
  readonly port: number;
  readonly queue: number;
  readonly minRate: number | undefined;
  readonly maxRate: number | undefined;
}

export interface QueueConfigs {
  /** The port that was asked for, which queues of OpenFlow 1.0 to 1.3 are of; else, and where there are none, ANY. */
  readonly port: number;
  readonly queues: readonly QueueConfig[];
}

const minRateProperty = 1;
const maxRateProperty = 2;
const untoldRate = 0xffff;

interface Rates {
  minRate: number | undefined;
  maxRate: number | undefined;
}

function setRate(rates: Rates, type: number, rate: number): void {
  const told = rate === untoldRate ? undefined : rate;
  if (type === minRateProperty) rates.minRate = told;
  else rates.maxRate = told;
}

/** Properties of OpenFlow 1.0 to 1.3: their heads have eight bytes. */
function readRates10(from: Reader): Rates {
  const rates: Rates = { minRate: undefined, maxRate: undefined };
  while (from.left > 0) {
    const type = from.u16();
    const size = from.u16();
    if (size < 8 || size - 4 > from.left || size % 8 !== 0) throw badLength(size);
    const body = from.part(size - 4);
    if (type !== minRateProperty && type !== maxRateProperty) continue;
    if (size !== 16) throw badLength(size);
    body.skip(4);
    setRate(rates, type, body.u16());
  }
  return rates;
}

function writeRates10({ minRate, maxRate }: QueueConfig, to: Writer): void {
  for (const [type, rate] of [
    [minRateProperty, minRate],
    [maxRateProperty, maxRate],
  ] as const) {
    if (rate === undefined) continue;
    to.u16(type);
    to.u16(16);
    to.u32(0);
    to.u16(rate);
    to.room(6);
  }
}

/** A port that no queue is of need not be one. */
function readReplyPort(from: Reader, port: Part<number>): number {
  const hasQueues = from.left > replyHeadSize;
  const number = hasQueues ? port.read(from) : reservedPorts.ANY;
  if (!hasQueues) from.skip(port.size);
  from.skip(replyHeadSize - port.size);
  return number;
}

const replyHeadSize = 8;

function configReplyForm(wire: WirePlace, port: Part<number>): MessageForm<QueueConfigs> {
  const hasPort = (version: WireVersion): boolean => version > 2;
  return {
    wire,
    size: [replyHeadSize, 8],
    decode(body, version) {
      const number = readReplyPort(body, port);
      const queues: QueueConfig[] = [];
      const ofQueue = hasPort(version) ? 16 : 8;
      try {
        while (body.left > 0) {
          const size = recordSize(body, ofQueue - (hasPort(version) ? 8 : 4), ofQueue);
          if (size % 8 !== 0) throw badLength(size);
          const queue = body.u32();
          body.skip(ofQueue - 4);
          queues.push({ port: number, queue, ...readRates10(body.part(size - ofQueue)) });
        }
      } catch (error) {
        throw error instanceof OpenFlowError ? error.after({ port: number, queues }) : error;
      }
      return { port: number, queues };
    },
    encode({ port: number, queues }, to, version) {
      port.write(to, number);
      to.room(replyHeadSize - port.size);
      for (const queue of queues) {
        const start = to.size;
        to.u32(queue.queue);
        if (hasPort(version)) longPort.write(to, queue.port);
        const sizeAt = to.size;
        to.room(hasPort(version) ? 8 : 4);
        writeRates10(queue, to);
        to.setU16(sizeAt, to.size - start);
      }
    },
  };
}

const desc14 = struct({ port: longPort, queue: u32 });
const desc14Size = 16;

const queueDescForm = listForm<QueueConfig>(
  'OFPST 1.4+ 15 reply',
  [0, 8],
  (from) => {
    const head = desc14.read(from);
    from.at -= desc14.size;
    const size = recordSize(from, desc14.size, desc14Size);
    if (size % 8 !== 0) throw badLength(size);
    from.skip(desc14Size);
    const rates: Rates = { minRate: undefined, maxRate: undefined };
    readProperties(
      from.part(size - desc14Size),
      (property) => {
        const { experimenter, type } = property;
        if (experimenter !== 0 || (type !== minRateProperty && type !== maxRateProperty)) return false;
        setRate(rates, type, readShort(property));
        return true;
      },
      'passed over',
    );
    return { ...head, ...rates };
  },
  (queue, to) => {
    const start = to.size;
    desc14.write(to, queue);
    to.room(8);
    if (queue.minRate !== undefined) writeShort(to, minRateProperty, queue.minRate);
    if (queue.maxRate !== undefined) writeShort(to, maxRateProperty, queue.maxRate);
    to.setU16(start + 8, to.size - start);
  },
);

export const queueGetConfigReply = defineMessage<'QUEUE_GET_CONFIG_REPLY', QueueConfigs>(
  'QUEUE_GET_CONFIG_REPLY',
  [
    configReplyForm('OFPT 1.0 21', shortPort),
    configReplyForm('OFPT 1.1-1.3 23', longPort),
    {
      wire: queueDescForm.wire,
      as: 'QUEUE_DESC',
      size: queueDescForm.size,
      decode(body, version, inner) {
        const port = reservedPorts.ANY;
        try {
          return { port, queues: queueDescForm.decode(body, version, inner) };
        } catch (error) {
          throw error instanceof OpenFlowError ? error.after({ port, queues: error.partial }) : error;
        }
      },
      encode: ({ queues }, to, version) => queueDescForm.encode(queues, to, version),
    },
  ],
  ({ queues }, { ports }) => formatConfigs(queues, ports.format),
);

function formatConfigs(queues: readonly QueueConfig[], formatPort: (port: number) => string): string {
  let text = ' ';
  let last = 0;
  for (const queue of [...queues].sort((a, b) => a.port - b.port || a.queue - b.queue)) {
    if (queue.port !== last) text += `port=${formatPort(queue.port)}\n`;
    last = queue.port;
    text += `queue ${queue.queue}:${formatRate('min_rate', queue.minRate)}${formatRate('max_rate', queue.maxRate)}\n`;
  }
  return queues.length === 0 ? '' : text;
}

function formatRate(name: string, rate: number | undefined): string {
  if (rate === undefined) return '';
  return ` ${name}:${rate <= 1000 ? `${Math.floor(rate / 10)}.${rate % 10}%` : '(disabled)'}`;
}
