/** What a flow counted, as `dpctl/dump-flows` and the log print it. */
import type { DpFlowStats } from '../provider.ts';

export interface ShownFlowStats {
  readonly packets: number;
  readonly bytes: number;
  /** Milliseconds since the last packet; undefined = never. */
  readonly idle: number | undefined;
  readonly tcpFlags: number;
}

export function showFlowStats(
  { packetCount, byteCount, usedAt, tcpFlags }: DpFlowStats,
  now: number,
): ShownFlowStats {
  const idle = usedAt === 0 ? undefined : Math.max(0, Math.round(now - usedAt));
  return { packets: packetCount, bytes: byteCount, idle, tcpFlags };
}

export function formatDpFlowStats({ packets, bytes, idle, tcpFlags }: ShownFlowStats): string {
  const used = idle === undefined ? 'never' : `${(idle / 1000).toFixed(3)}s`;
  const flags = tcpFlags === 0 ? '' : `, flags:${formatTcpFlags(tcpFlags)}`;
  return `packets:${packets}, bytes:${bytes}, used:${used}${flags}`;
}

const tcpFlagLetters: readonly (readonly [number, string])[] = [
  [0x002, 'S'],
  [0x001, 'F'],
  [0x008, 'P'],
  [0x004, 'R'],
  [0x020, 'U'],
  [0x010, '.'],
  [0x040, 'E'],
  [0x080, 'C'],
  [0x100, 'N'],
  [0x200, '[200]'],
  [0x400, '[400]'],
  [0x800, '[800]'],
];

function formatTcpFlags(flags: number): string {
  return tcpFlagLetters
    .filter(([bit]) => (flags & bit) !== 0)
    .map(([, letter]) => letter)
    .join('');
}
