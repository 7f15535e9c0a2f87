/** Datapath flows as `dpctl/dump-flows` and `dpif/dump-flows` show them. */
import { dpPort } from '../../base/units.ts';
import type { DpAction } from '../../datapath/actions.ts';
import type { Datapath, DpFlow, DpFlowStats } from '../../datapath/provider.ts';
import { formatDpActions } from '../../datapath/text/actions.ts';
import { formatKey } from '../../datapath/text/key.ts';
import type { Ufid } from '../../datapath/ufid.ts';
import { unpackKey } from '../../flow/match.ts';
import type { Backer } from '../backer.ts';
import type { Ofproto } from '../ofproto.ts';

/** One datapath flow. */
export interface FlowRow {
  readonly ufid: Ufid;
  /** The headers of the packet that it was made for, and which of their bits count. */
  readonly key: Uint32Array;
  readonly mask: Uint32Array;
  readonly actions: readonly DpAction[];
  readonly packets: number;
  readonly bytes: number;
  /** Milliseconds since the last packet; undefined = never. */
  readonly idle: number | undefined;
  readonly tcpFlags: number;
}

export interface FlowTextOptions {
  /** -m: also what the mask leaves out, and the ufid. */
  readonly isVerbose: boolean;
  /** --names: ports by name. */
  readonly isNamed: boolean;
  /** See `KeyTextOptions`. */
  readonly masksPacketType?: boolean;
  /** dpctl says which datapath layer has the flow. */
  readonly style: 'dpctl' | 'dpif';
}

/** All flows, or those of packets that came in by a port of `of`. */
export function listFlows(backer: Backer, now: number, of?: Ofproto): FlowRow[] {
  const rows: FlowRow[] = [];
  const stats: DpFlowStats = { packetCount: 0, byteCount: 0, usedAt: 0, tcpFlags: 0 };
  for (const flow of backer.flows) {
    if (of !== undefined && flow.input.ofproto !== of) continue;
    if (backer.datapath.readFlowStats(flow.id, stats)) rows.push(flowRow(flow, stats, now));
  }
  return rows;
}

export function flowRow(
  { ufid, key, mask, actions }: DpFlow,
  { packetCount, byteCount, usedAt, tcpFlags }: DpFlowStats,
  now: number,
): FlowRow {
  const idle = usedAt === 0 ? undefined : Math.max(0, Math.round(now - usedAt));
  const whole = { key: unpackKey(key), mask: mask.unpack() };
  return { ufid, ...whole, actions, packets: packetCount, bytes: byteCount, idle, tcpFlags };
}

export function formatFlows(datapath: Datapath, rows: readonly FlowRow[], options: FlowTextOptions): string {
  return rows.map((row) => `${formatFlow(datapath, row, options)}\n`).join('');
}

export function formatFlow(datapath: Datapath, row: FlowRow, options: FlowTextOptions): string {
  const { isVerbose, isNamed, style, masksPacketType = false } = options;
  const portName = (number: number): string | undefined => datapath.ports().get(dpPort(number))?.name;
  const text = { isVerbose, masksPacketType, ...(isNamed ? { portName } : {}) };
  const ufid = isVerbose ? `ufid:${row.ufid}${style === 'dpctl' ? ', ' : ' '}` : '';
  const layer = isVerbose && style === 'dpctl' ? ', dp:ovs' : '';
  const key = formatKey(row.key, row.mask, text);
  return `${ufid}${key}, ${formatDpFlowStats(row)}${layer}, actions:${formatDpActions(row.actions, text)}`;
}

export function formatDpFlowStats({
  packets,
  bytes,
  idle,
  tcpFlags,
}: Pick<FlowRow, 'packets' | 'bytes' | 'idle' | 'tcpFlags'>): string {
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
