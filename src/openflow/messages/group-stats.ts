/** Counters of groups: since OpenFlow 1.1; Nicira's in OpenFlow 1.0. */
import type { Reader, Writer } from '../bytes.ts';
import { defineMessage, listForm, type MessageForm, type WirePlace } from '../declare.ts';
import { type OpenFlowError, refusalsOf } from '../errors.ts';
import { counter, type Duration, duration, type Part, pad, struct, u16, u32 } from '../layout.ts';
import { formatDuration } from './text.ts';
import { wholeCount } from './unknown-values.ts';

const refused = refusalsOf('ofp_group');

export interface BucketStats {
  readonly packets: bigint | undefined;
  readonly bytes: bigint | undefined;
}

export interface GroupStats extends BucketStats {
  readonly group: number;
  /** Flows and groups that send packets to it. */
  readonly referenceCount: number;
  readonly duration: Duration | undefined;
  readonly buckets: readonly BucketStats[];
}

const bucketStats = struct({ packets: counter, bytes: counter });

const statsHead = {
  size: u16,
  pad1: pad(2),
  group: u32,
  referenceCount: u32,
  pad2: pad(4),
  packets: counter,
  bytes: counter,
};

const stats11 = struct(statsHead);
const stats13 = struct({ ...statsHead, duration });

type StatsHead = Omit<GroupStats, 'buckets' | 'duration'> & {
  readonly size: number;
  readonly duration?: Duration | undefined;
};

/** The reference says "reply" twice. */
function badStats(wire: WirePlace, why: string): OpenFlowError {
  const [whose = ''] = wire.split(' ');
  return refused('OFPBRC_BAD_LEN', `${whose}_GROUP reply reply ${why}`);
}

function leftOver(wire: WirePlace, { left }: Reader): OpenFlowError {
  return badStats(wire, `has ${left} leftover bytes at end`);
}

function statsForm<H extends StatsHead>(
  wire: WirePlace,
  layout: Part<H>,
  write: (to: Writer, value: GroupStats & { readonly size: number }) => void,
): MessageForm<readonly GroupStats[]> {
  return listForm<GroupStats>(
    wire,
    [0, 8],
    (from: Reader) => {
      if (from.left < layout.size) throw leftOver(wire, from);
      const { size, duration: time, ...rest } = layout.read(from);
      if (size < layout.size) throw badStats(wire, `claims invalid length ${size}`);
      const count = Math.floor((size - layout.size) / bucketStats.size);
      if (count * bucketStats.size > from.left) throw leftOver(wire, from);
      const buckets = Array.from({ length: count }, () => bucketStats.read(from));
      return { ...rest, duration: time, buckets };
    },
    (stats, to) => {
      write(to, { ...stats, size: layout.size + stats.buckets.length * bucketStats.size });
      for (const bucket of stats.buckets) bucketStats.write(to, bucket);
    },
  );
}

export const groupReply = defineMessage(
  'GROUP_REPLY',
  [
    statsForm('NXST 1.0 7 reply', stats13, (to, value) => stats13.write(to, value)),
    statsForm('OFPST 1.1-1.2 6 reply', stats11, (to, value) => stats11.write(to, value)),
    statsForm('OFPST 1.3+ 6 reply', stats13, (to, value) => stats13.write(to, value)),
  ],
  (all, { isCut }) => all.map(formatGroupStats).join('') + (isCut ? ' ***parse error***' : ''),
);

function formatGroupStats(stats: GroupStats): string {
  const { group, referenceCount, packets, bytes, buckets } = stats;
  const time = stats.duration === undefined ? '' : `duration=${formatDuration(stats.duration)},`;
  const counts = (of: BucketStats): string =>
    `packet_count=${wholeCount(of.packets)},byte_count=${wholeCount(of.bytes)}`;
  const ofBuckets = buckets.map((bucket, n) =>
    bucket.packets === undefined ? '' : `,bucket${n}:${counts(bucket)}`,
  );
  return `\n group_id=${group},${time}ref_count=${referenceCount},${counts({ packets, bytes })}${ofBuckets.join('')}`;
}
