/**
 * Counters of exported flow records: NXST_IPFIX_BRIDGE and NXST_IPFIX_FLOW (nicira-ext.h; ovs-ofctl(8), "dump-ipfix").
 */
import { bareMessage, defineMessage, listForm } from '../declare.ts';
import { type Counts, counters, pad, struct, u32 } from '../layout.ts';
import { formatCounter } from './text.ts';

const counts = [
  'totalFlows',
  'currentFlows',
  'packets',
  'ipv4Packets',
  'ipv6Packets',
  'errorPackets',
  'ipv4ErrorPackets',
  'ipv6ErrorPackets',
  'sentPackets',
  'sendErrors',
] as const;
const layout = struct({ ...counters(counts), collectorSet: u32, pad: pad(4) });
/** Counts are undefined where the switch does not know them. */
export interface IpfixStats extends Counts<(typeof counts)[number]> {
  /** Of a bridge: 0. */
  readonly collectorSet: number;
}

export const ipfixBridgeRequest = bareMessage('IPFIX_BRIDGE_REQUEST', 'NXST 1.0+ 3 request');
export const ipfixFlowRequest = bareMessage('IPFIX_FLOW_REQUEST', 'NXST 1.0+ 4 request');

export const ipfixBridgeReply = defineMessage<'IPFIX_BRIDGE_REPLY', IpfixStats>(
  'IPFIX_BRIDGE_REPLY',
  [
    {
      wire: 'NXST 1.0+ 3 reply',
      size: [layout.size, 0],
      decode: (body) => layout.read(body),
      encode: (value, to) => layout.write(to, value),
    },
  ],
  (stats) => `\n  bridge ipfix: ${formatStats(stats, 16)}`,
);

export const ipfixFlowReply = defineMessage(
  'IPFIX_FLOW_REPLY',
  [
    listForm<IpfixStats>(
      'NXST 1.0+ 4 reply',
      [0, layout.size],
      (from) => layout.read(from),
      (stats, to) => layout.write(to, stats),
    ),
  ],
  (all) => {
    const lines = all.map(
      (stats) => `  id ${String(stats.collectorSet).padStart(3)}: ${formatStats(stats, 10)}`,
    );
    return ` ${all.length} ids\n${lines.join('')}`;
  },
);

/** Two lines, the second of which begins so far right. */
function formatStats(stats: IpfixStats, indent: number): string {
  const text = (...pairs: readonly (readonly [string, bigint | undefined])[]): string =>
    pairs.map(([label, value]) => `${label}=${formatCounter(value)}`).join(', ');
  const good = text(
    ['flows', stats.totalFlows],
    ['current flows', stats.currentFlows],
    ['sampled pkts', stats.packets],
    ['ipv4 ok', stats.ipv4Packets],
    ['ipv6 ok', stats.ipv6Packets],
    ['tx pkts', stats.sentPackets],
  );
  const bad = text(
    ['pkts errs', stats.errorPackets],
    ['ipv4 errs', stats.ipv4ErrorPackets],
    ['ipv6 errs', stats.ipv6ErrorPackets],
    ['tx errs', stats.sendErrors],
  );
  return `${good}\n${' '.repeat(indent)}${bad}\n`;
}
