/** Datapath flows as `dpctl/dump-flows` and `dpif/dump-flows` show them. */
import { dpPort } from '../../base/units.ts';
import type { DpAction } from '../../datapath/actions.ts';
import type { Datapath, DpFlow, DpFlowStats, DpThread } from '../../datapath/provider.ts';
import { formatDpActions } from '../../datapath/text/actions.ts';
import { formatKey } from '../../datapath/text/key.ts';
import { formatDpFlowStats, type ShownFlowStats, showFlowStats } from '../../datapath/text/stats.ts';
import type { Ufid } from '../../datapath/ufid.ts';
import { getSlot } from '../../flow/key.ts';
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
  /** Made by dpctl, which says nothing of the packet's type but that there is an Ethernet header. */
  readonly isByHand: boolean;
}

export interface FlowTextOptions {
  /** -m: also what the mask leaves out, and the ufid. */
  readonly isVerbose: boolean;
  /** --names: ports by name. */
  readonly isNamed: boolean;
  /** dpctl says which datapath layer has the flow. */
  readonly style: 'dpctl' | 'dpif';
}

/**
 * All flows, or those of packets that came in by a port of `of`, or those of one thread as it counted them. In the order
 * in which ovs-vswitchd gets them, which adds a flow when its first packet has gone on: behind the one that this packet
 * met when it came back.
 */
export function listFlows(
  backer: Backer,
  now: number,
  { of, thread = backer.datapath }: { of?: Ofproto; thread?: Pick<DpThread, 'readFlowStats'> } = {},
): FlowRow[] {
  const rows: FlowRow[] = [];
  let before: FlowRow | undefined;
  let place = 0;
  const stats: DpFlowStats = { packetCount: 0, byteCount: 0, usedAt: 0, tcpFlags: 0 };
  for (const flow of backer.flows) {
    if (of !== undefined && flow.input.ofproto !== of) continue;
    if (!thread.readFlowStats(flow.id, stats)) continue;
    const row = flowRow(flow, stats, now, flow.isUntranslated);
    if (before === undefined || !sendsBack(before, row)) place = rows.length;
    rows.splice(place, 0, row);
    before = row;
  }
  return rows;
}

/** Do packets of the one meet the other when they come back? */
function sendsBack({ actions }: FlowRow, { key }: FlowRow): boolean {
  return actions.some((action) => action.do === 'recirc' && action.id === getSlot(key, 'recirc_id'));
}

export function flowRow(
  { ufid, key, mask, actions }: DpFlow,
  stats: DpFlowStats,
  now: number,
  isByHand: boolean,
): FlowRow {
  return { ufid, key: unpackKey(key), mask: mask.unpack(), actions, isByHand, ...showFlowStats(stats, now) };
}

/** A flow as it is shown: the match and the actions are text already. */
export interface ShownFlow extends ShownFlowStats {
  readonly ufid: Ufid;
  readonly match: string;
  readonly actions: string;
}

export function showFlows(
  datapath: Datapath,
  rows: readonly FlowRow[],
  { isVerbose, isNamed }: FlowTextOptions,
): ShownFlow[] {
  const portName = (number: number): string | undefined => datapath.ports().get(dpPort(number))?.name;
  const text = { isVerbose, ...(isNamed ? { portName } : {}) };
  return rows.map((row) => ({
    ufid: row.ufid,
    match: formatKey(row.key, row.mask, {
      ...text,
      masksPacketType: row.isByHand,
      hasEthernet: row.isByHand && getSlot(row.key, 'packet_type') === 0,
    }),
    ...statsOf(row),
    actions: formatDpActions(row.actions, text),
  }));
}

/** Without what else a row has. */
export function statsOf({ packets, bytes, idle, tcpFlags }: ShownFlowStats): ShownFlowStats {
  return { packets, bytes, idle, tcpFlags };
}

/** One a line. */
export function formatFlows(flows: readonly ShownFlow[], options: FlowTextOptions): string {
  return flows.map((flow) => `${formatFlow(flow, options)}\n`).join('');
}

function formatFlow(flow: ShownFlow, { isVerbose, style }: FlowTextOptions): string {
  const ufid = isVerbose ? `ufid:${flow.ufid}${style === 'dpctl' ? ', ' : ' '}` : '';
  const layer = isVerbose && style === 'dpctl' ? ', dp:ovs' : '';
  return `${ufid}${flow.match}, ${formatDpFlowStats(flow)}${layer}, actions:${flow.actions}`;
}
