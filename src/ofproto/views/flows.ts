/** Datapath flows as `dpctl/dump-flows` and `dpif/dump-flows` show them. */
import { dpPort } from '../../base/units.ts';
import type { DpAction } from '../../datapath/actions.ts';
import type { Datapath, DpFlow, DpFlowStats } from '../../datapath/provider.ts';
import { formatDpActions } from '../../datapath/text/actions.ts';
import { formatKey } from '../../datapath/text/key.ts';
import { formatDpFlowStats, type ShownFlowStats, showFlowStats } from '../../datapath/text/stats.ts';
import type { Ufid } from '../../datapath/ufid.ts';
import { unpackKey } from '../../flow/match.ts';
import type { Backer } from '../backer.ts';
import type { Ofproto } from '../ofproto.ts';

/** One datapath flow. */
export interface FlowRow extends ShownFlowStats {
  readonly ufid: Ufid;
  /** The headers of the packet that it was made for, and which of their bits count. */
  readonly key: Uint32Array;
  readonly mask: Uint32Array;
  readonly actions: readonly DpAction[];
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

export function flowRow({ ufid, key, mask, actions }: DpFlow, stats: DpFlowStats, now: number): FlowRow {
  return { ufid, key: unpackKey(key), mask: mask.unpack(), actions, ...showFlowStats(stats, now) };
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
