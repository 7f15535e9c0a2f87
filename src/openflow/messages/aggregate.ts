/** Counters of several flows together: OpenFlow 1.0.2 section 5.3.5.3, 1.5.1 section 7.3.5.4; NXST. */
import { defineMessage, type MessageForm, type WirePlace } from '../declare.ts';
import { readOxsStats, writeOxsStats } from '../flow-stats.ts';
import { counter, pad, struct, u32 } from '../layout.ts';
import { wholeCount } from './unknown-values.ts';

export interface AggregateStats {
  readonly packets: bigint | undefined;
  readonly bytes: bigint | undefined;
  readonly flows: number;
}

const aggregateLayout = struct({ packets: counter, bytes: counter, flows: u32, pad: pad(4) });

function aggregateForm(wire: WirePlace): MessageForm<AggregateStats> {
  return {
    wire,
    size: [aggregateLayout.size, 0],
    decode: (body) => aggregateLayout.read(body),
    encode: (value, to) => aggregateLayout.write(to, value),
  };
}

export const aggregateReply = defineMessage(
  'AGGREGATE_REPLY',
  [
    aggregateForm('OFPST 1.0-1.4 2 reply'),
    {
      wire: 'OFPST 1.5+ 2 reply',
      size: [0, 1],
      decode(body): AggregateStats {
        const { packets, bytes, flows = 0xffffffff } = readOxsStats(body);
        return { packets, bytes, flows };
      },
      encode: (value, to) => writeOxsStats(to, value),
    },
    aggregateForm('NXST 1.0 1 reply'),
  ],
  ({ packets, bytes, flows }) =>
    ` packet_count=${wholeCount(packets)} byte_count=${wholeCount(bytes)} flow_count=${flows}`,
);
